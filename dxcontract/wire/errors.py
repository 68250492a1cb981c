"""Exceptions for checks that could not be made or not be decided."""

import unittest
from typing import Any


class Unsupported(unittest.SkipTest):
    """The target lacks something that a test needs: an operation, a second account, a permission."""


class Indeterminate(unittest.SkipTest):
    """The check could not be made: a timeout, throttling, or a precondition that was not reached.

    A SkipTest, as Unsupported is, because Hypothesis lets those through at once: as a failure of an example it would be
    replayed, and a target that answers otherwise the second time would make it flaky.
    """


class UnusableAnswer(Indeterminate):
    """An answer describes nothing: it is missing, is no success, or cannot be read. A later one may be usable.

    `exchange` is the success that cannot be read, if it was one.
    """

    def __init__(self, message: str, exchange: Any = None) -> None:
        super().__init__(message)
        self.exchange = exchange


class CredentialsExpired(Indeterminate):
    """The credentials of an account were accepted earlier and have expired; no further request is possible."""


class CannotWriteError(unittest.SkipTest):
    """A required file cannot be written, for example because the disk is full. The run ends with this message.

    A SkipTest for the same reason as Indeterminate.
    """


class HarnessError(Exception):
    """The suite itself is wrong; the target is not to blame."""
