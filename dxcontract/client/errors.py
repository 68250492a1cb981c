"""Exceptions that end a run because the target cannot be asked any more."""

import unittest

from dxcontract.wire.exchange import Exchange


class TargetDied(unittest.SkipTest):
    """The target does not live any more; nothing can be tested. `last` is the request that is to blame.

    A SkipTest for the same reason as Indeterminate.
    """

    def __init__(self, message: str, last: Exchange) -> None:
        super().__init__(message)
        self.last = last
