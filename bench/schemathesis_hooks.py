"""What `schemathesis run` needs to speak AWS JSON, and not to order thousands of millions of connections."""

from typing import Any

import schemathesis

from strategies import fuzz

fuzz.register()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Ask for a few where Schemathesis asks for many."""
    case.body = fuzz.affordable(case.body)
