"""What `schemathesis run` needs to speak AWS JSON, and not to order thousands of millions of connections; no more.

`dxcontract.schemathesis_hooks` also signs, and keeps Schemathesis from trying signatures. Here it is to find what it
finds by itself.
"""

from typing import Any

import schemathesis

from dxcontract.client.request_limits import affordable
from dxcontract.integrations import aws_json_media_type

aws_json_media_type.register()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Ask for a few where Schemathesis asks for many."""
    case.body = affordable(case.body)
