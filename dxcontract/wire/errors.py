"""Exceptions that say why a question could not be put to a target, or not be decided."""

import unittest
from typing import Any


class Unsupported(unittest.SkipTest):
    """The target lacks something that a test needs: an operation, a second account, a permission."""


class Indeterminate(unittest.SkipTest):
    """The question could not be put: a timeout, throttling, a precondition that was not reached.

    A SkipTest, as Unsupported is, because Hypothesis lets those through at once: as a failure of an example it would be
    replayed, and a target that answers otherwise the second time would make it flaky.
    """


class UnusableAnswer(Indeterminate):
    """An answer describes nothing: it is missing, no success, or cannot be read. The next one may be usable.

    `exchange` is the success that cannot be read, if it was one.
    """

    def __init__(self, message: str, exchange: Any = None) -> None:
        super().__init__(message)
        self.exchange = exchange


class CredentialsExpired(Indeterminate):
    """The credentials of an account were accepted before, and are not any more: no further question can be put."""


class CannotWriteError(unittest.SkipTest):
    """What must not be lost cannot be written down, the disk is full, say: the run ends, with this one line.

    A SkipTest for the same reason as Indeterminate.
    """


class HarnessError(Exception):
    """The suite itself is wrong: it would have blamed the target for its own mistake."""
