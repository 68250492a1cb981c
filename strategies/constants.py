"""Keeps the draws of Hypothesis the same wherever the suite lies.

Hypothesis takes constants out of the source of modules that are not installed, and draws them now and then. Of a
checkout these are all modules of the suite, of an installed wheel none, so that equal seeds would lead to other
requests. It has no setting for that.
"""

from typing import Any, Final

from hypothesis.internal.conjecture.providers import CONSTANTS_CACHE, HypothesisProvider
from hypothesis.internal.constants_ast import Constants

_MEMBER: Final = "_local_constants"
_NONE: Final = Constants()


def leave_out_local_constants() -> bool:
    """Let Hypothesis find no local constants in this process; whether this version of it can be told so.

    The member is not documented; where it is gone, Hypothesis is left as it is, and a test of ours fails.
    """
    if not hasattr(HypothesisProvider, _MEMBER):
        return False
    provider: Any = HypothesisProvider
    provider._local_constants = property(lambda _: _NONE)
    CONSTANTS_CACHE.cache.clear()
    return True
