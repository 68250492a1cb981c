"""For `schemathesis run` on the document of `dxcontract openapi`: SCHEMATHESIS_HOOKS=dxcontract.schemathesis_hooks

Schemathesis then knows AWS JSON, signs, asks for a few things where it would ask for thousands of millions, and sends
nothing to AWS itself, nor to what may lead there (see `refusal`). Credentials and Region are those of
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION or AWS_DEFAULT_REGION; without them, those of
an account of the reference emulator.
"""

import functools
import os
from collections.abc import Mapping
from typing import Any, Final

import botocore.awsrequest
import jsonschema_rs
import requests
import requests.auth
import schemathesis

from dxcontract.client.request_limits import affordable
from dxcontract.integrations import aws_json_media_type
from dxcontract.spec import model as specs
from dxcontract.targets.accounts import twelve_digits
from dxcontract.targets.aws_hosts import is_key_of_aws
from dxcontract.targets.target import DEFAULT_REGION, is_aws
from dxcontract.wire import sigv4
from dxcontract.wire.credentials import Account
from dxcontract.wire.proxies import is_loopback


class Signature(requests.auth.AuthBase):
    """Signs the bytes that are sent, as boto3 does."""

    def __init__(self, account: Account, region: str) -> None:
        self._signer = sigv4.Signer(account, str(specs.load().index["signingName"]), region)

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        address = str(prepared.url).partition("#")[0]
        kept = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
        request = botocore.awsrequest.AWSRequest(prepared.method, address, kept, prepared.body)
        self._signer.add_auth(request)
        prepared.headers.update(dict(request.headers.items()))
        return prepared


def caller(environment: Mapping[str, str]) -> Account:
    """Whose credentials the environment holds."""
    key, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return Account("owner", key, secret, environment.get("AWS_SESSION_TOKEN"))
    return twelve_digits("owner")


def before_load_schema(context: Any, document: Any) -> None:
    """Leave signatures to us: a case of Schemathesis that has none is signed all the same, and would be taken for a
    target's mistake when it is answered.
    """
    document.pop("security", None)
    document.get("components", {}).pop("securitySchemes", None)


def filter_case(context: Any, case: Any) -> bool:
    """Leave out bodies whose only mistake is a null: AWS JSON takes it for an absent member, Schemathesis for a value
    of the wrong type that has to be refused (rule `requests.null-is-absent`).
    """
    plain = _without_nulls(case.body)
    operation = specs.load().operations.get(case.operation.definition.raw.get("operationId"))
    return plain == case.body or operation is None or not _validator(operation.name).is_valid(plain)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


@functools.cache
def _validator(operation: str) -> Any:
    return jsonschema_rs.Draft202012Validator(specs.load().operation(operation).request)


def refusal(url: str, environment: Mapping[str, str]) -> str | None:
    """Why nothing is sent to `url`: it is AWS's own host, or not shown to be an emulator."""
    if is_aws(url):
        return f"{url} is AWS itself; fuzz an emulator"
    if environment.get("DX_EMULATOR"):
        return None
    if is_key_of_aws(caller(environment).access_key):
        why = "AWS_ACCESS_KEY_ID looks like a key of AWS, and a proxy to AWS may listen there"
    elif not is_loopback(url):
        why = "its address is not a loopback address"
    else:
        return None
    return f"{url} may lead to AWS: {why}; set DX_EMULATOR=1 if it is an emulator"


def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Ask for a few where Schemathesis asks for many.

    Raises:
        PermissionError: the request would go to AWS, or may: what it orders there costs money, and stays.
    """
    if reason := refusal(str(case.operation.base_url), os.environ):
        raise PermissionError(reason)
    case.body = affordable(case.body)


REGION: Final = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
aws_json_media_type.register()
schemathesis.hook(before_load_schema)
schemathesis.hook(filter_case)
schemathesis.hook(before_call)
authentication: Any = schemathesis.auth  # has more than its annotations say
authentication.set_from_requests(Signature(caller(os.environ), REGION))
