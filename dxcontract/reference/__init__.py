"""The reference emulator: the whole Direct Connect API as documented, in memory, over HTTP.

`server.py` receives a request and answers it; `protocol.py`, `signature.py` and `accounts.py` say what it is and who
sent it; `registry.py` finds the function that performs it, in one module per kind of resource. Those functions read
and write frozen records in `store.py`, move with `clock.py`, and check every documented rule through `rules.py`, under
the rule's id, so that `--fault RULE-ID` can break exactly one.
"""
