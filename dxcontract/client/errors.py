"""Exceptions that end a run because the target no longer answers."""

import unittest

from dxcontract.wire.exchange import Exchange


class TargetDied(unittest.SkipTest):
    """The target no longer answers; no further test is possible. `last` is the request that probably caused it.

    A SkipTest for the same reason as Indeterminate.
    """

    def __init__(self, message: str, last: Exchange) -> None:
        super().__init__(message)
        self.last = last
