"""Faults of the server itself: it does not answer one particular request, or it crashes."""

import asyncio
import os
from typing import Final

from dxcontract.reference.core.rule_switches import Rules

DEADLY: Final = b"{"
"""The body of the one request that these faults concern: with all that cannot be read, a run would take hours."""

_FOREVER: Final = 3600.0


async def before(rules: Rules, body: bytes) -> None:
    """What happens instead of an answer."""
    if body != DEADLY:
        return
    if rules.broken("wire.serves-on"):
        os._exit(1)
    if rules.broken("wire.always-answered"):
        await asyncio.sleep(_FOREVER)
