"""The reference emulator: the whole Direct Connect API as documented, in memory, over HTTP.

`http/server.py` receives a request and sends the answer. `http/aws_json.py`, `http/cbor.py` and `http/signatures.py`
parse and authenticate it. `core/registry.py` finds the function of the operation, in one module of `operations/` for
each kind of resource. These functions read and write frozen records in `core/store.py`, change states with
`core/clock.py`, and check every documented rule through `core/rule_switches.py` under the id of the rule, so that
`--fault RULE-ID` breaks exactly one.
"""
