"""boto3: the documented behavior of the client itself with this endpoint."""

from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import botocore
import botocore.exceptions
import pytest

from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.wire.errors import Indeterminate
from strategies.boto3_client import client
from strategies.polling import confirm
from strategies.resources.listed_items import listing
from strategies.world import World

pytestmark = pytest.mark.over("json")

SPEC: Final = specs.load()
PAGEABLE: Final = SPEC.rule("client.paginator-complete").operations
MOST_PAGES: Final = 500


@pytest.mark.rule("client.can-paginate", "client.not-pageable")
def test_paginators_are_there_where_the_client_says_so(contract: Contract, world: World) -> None:
    """Libraries rely on can_paginate. Operations that the target lacks are not checked."""
    boto3 = client(world).boto3
    for operation in sorted(SPEC.operations.keys() - world.api.unsupported.keys()):
        name = botocore.xform_name(operation)
        says = boto3.can_paginate(name)
        expected = says in (True, False) and (says or operation not in PAGEABLE)
        message = f"can_paginate({name!r}) is {says}"
        contract.check("client.can-paginate", expected, message, operation=operation)
        try:
            boto3.get_paginator(name)
            has = True
        except botocore.exceptions.OperationNotPageableError:
            has = False
        message = f"get_paginator({name!r}) {'gives one' if has else 'raises'}, and can_paginate says {says}"
        contract.check("client.not-pageable", has == says, message, operation=operation)


@pytest.mark.rule("client.paginator-complete")
@pytest.mark.parametrize("operation", PAGEABLE)
def test_a_paginator_yields_the_whole_list(contract: Contract, world: World, operation: str) -> None:
    """Most users page with a paginator, which stops or fails on unexpected tokens."""
    what = listing(world, operation, 3)
    caller = client(world, what.role)
    paginator = caller.boto3.get_paginator(botocore.xform_name(operation))
    for size in (1, 2, 100):

        def yielded(size: int = size) -> tuple[list[int], str]:
            pages = paginator.paginate(**world.resolved(what.params), PaginationConfig={"PageSize": size})
            found: list[str] = []
            problem = ""
            try:
                for page in islice(pages, MOST_PAGES):
                    found += [str(item.get(what.identity)) for item in page.get(what.member, [])]
            except (botocore.exceptions.PaginationError, botocore.exceptions.ClientError) as error:
                problem = f" and fails: {world.api.vault.cut(str(error), 100)}"
            return [found.count(one) for one in what.own], problem

        times, problem = confirm(yielded, lambda seen: seen == ([1, 1, 1], ""))
        message = f"with pages of {size} the paginator yields the items of this test {times} times{problem}"
        whole = not problem and times == [1, 1, 1]
        contract.check("client.paginator-complete", whole, message, caller.exchanges[-1])


@pytest.mark.rule("client.no-waiters")
def test_there_are_no_waiters(contract: Contract, world: World) -> None:
    """A client that waits for a state has to poll."""
    boto3 = client(world).boto3
    for name in ("connection_available", "virtual_interface_available", "no_such_thing"):
        try:
            found = repr(boto3.get_waiter(name))
        except ValueError:
            found = ""
        message = f"get_waiter({name!r}) gives {found}"
        contract.check("client.no-waiters", not found, message, operation="DescribeConnections")
    names = boto3.waiter_names
    contract.check("client.no-waiters", not names, f"there are waiters: {names}", operation="DescribeConnections")


@pytest.mark.rule("client.presigned-url")
@pytest.mark.parametrize(("asked", "seconds"), [({}, 3600), ({"ExpiresIn": 60}, 60)], ids=["default", "a-minute"])
def test_a_presigned_url_is_for_this_endpoint(
    contract: Contract, world: World, asked: dict[str, Any], seconds: int
) -> None:
    """The URL is given to users without credentials, so its host and lifetime must be as requested."""
    target, caller = world.api.target, client(world)
    url = caller.boto3.generate_presigned_url(
        "describe_connections", Params={"connectionId": "dxcon-ffffff00"}, **asked
    )
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    expected = {
        "X-Amz-Algorithm": ["AWS4-HMAC-SHA256"],
        "X-Amz-Expires": [str(seconds)],
        "connectionId": ["dxcon-ffffff00"],
    }
    right = parts.netloc == urlsplit(target.endpoint).netloc and expected.items() <= query.items()
    scope = query.get("X-Amz-Credential", [""])[0].split("/")[2:]
    right = right and scope == [target.region, SPEC.index["signingName"], "aws4_request"]
    contract.check("client.presigned-url", right, f"the URL is {parts.netloc} {scope}", operation="DescribeConnections")
    contract.check("client.presigned-url", not caller.exchanges, "it was sent", operation="DescribeConnections")


@pytest.mark.rule("client.presigned-url")
@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("describe_nothing", {}, botocore.exceptions.UnknownClientMethodError),
        ("describe_connections", {"nothing": "x"}, botocore.exceptions.ParamValidationError),
    ],
    ids=["method", "parameter"],
)
def test_nothing_unknown_is_presigned(
    contract: Contract, world: World, method: str, params: dict[str, str], error: type[Exception]
) -> None:
    """The error must appear where the URL is created, not where it is used."""
    boto3 = client(world).boto3
    try:
        boto3.generate_presigned_url(method, Params=params)
        refused = False
    except error:
        refused = True
    message = f"generate_presigned_url({method!r}, Params={params}) raises no {error.__name__}"
    contract.check("client.presigned-url", refused, message, operation="DescribeConnections")


@pytest.mark.rule("client.presigned-method")
def test_a_presigned_url_is_for_post(contract: Contract, world: World) -> None:
    """The protocol uses only POST, so a URL that is signed for GET cannot be used."""
    boto3 = client(world).boto3
    for _ in range(5):
        default, post, get = (
            parse_qs(urlsplit(boto3.generate_presigned_url("describe_connections", HttpMethod=method)).query)
            for method in (None, "POST", "GET")
        )
        if default["X-Amz-Date"] == post["X-Amz-Date"] == get["X-Amz-Date"]:
            break
    signed = [one["X-Amz-Signature"] for one in (default, post, get)]
    right = signed[0] == signed[1] != signed[2]
    contract.check("client.presigned-method", right, "it is not for POST", operation="DescribeConnections")


@pytest.mark.rule("client.error-classes")
@pytest.mark.parametrize(
    ("operation", "params"),
    [("DeleteConnection", {"connectionId": "dxcon-ffffff00"}), ("DeleteLag", {"lagId": "dxlag-ffffff00"})],
    ids=["DeleteConnection", "DeleteLag"],
)
def test_a_refusal_is_an_exception_of_its_class(
    contract: Contract, world: World, operation: str, params: dict[str, str]
) -> None:
    """Callers catch the class, log the message and use the status to decide whether to retry."""
    caller = client(world)
    try:
        getattr(caller.boto3, botocore.xform_name(operation))(**params)
    except botocore.exceptions.ClientError as error:
        caught = error
    else:
        raise Indeterminate(f"{operation} of what does not exist, which this test needs refused, was accepted")
    told = caught.response.get("Error", {}).get("Message")
    status = caught.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    right = isinstance(caught, caller.boto3.exceptions.DirectConnectClientException)
    message = f"it is a {type(caught).__name__} with status {status} and the message {told!r}"
    usable = right and bool(told) and 400 <= status < 500
    contract.check("client.error-classes", usable, message, caller.exchanges[-1])
