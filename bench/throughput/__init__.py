"""How fast a run is, and where its time goes. `python -m bench.throughput` measures, `bench.throughput.plot` draws."""
