"""Keeps the draws of Hypothesis independent of the place of the suite.

Hypothesis collects constants from the source of modules that are not installed, and sometimes draws them. In a checkout
these are all modules of the suite, and in an installed wheel none, so that equal seeds would produce different
requests. Hypothesis has no setting for this.
"""

from typing import Any, Final

from hypothesis.internal.conjecture.providers import CONSTANTS_CACHE, HypothesisProvider
from hypothesis.internal.constants_ast import Constants

_MEMBER: Final = "_local_constants"
_NONE: Final = Constants()


def leave_out_local_constants() -> bool:
    """Makes Hypothesis find no local constants in this process; returns whether this version supports it.

    The member is not documented. If it is missing, Hypothesis stays unchanged and a unit test fails.
    """
    if not hasattr(HypothesisProvider, _MEMBER):
        return False
    provider: Any = HypothesisProvider
    provider._local_constants = property(lambda _: _NONE)
    CONSTANTS_CACHE.cache.clear()
    return True
