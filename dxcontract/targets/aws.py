"""AWS itself: the endpoint that botocore resolves, the credentials of the user, read operations only."""

import botocore.exceptions
import botocore.session

from dxcontract.targets import accounts as who
from dxcontract.targets import usage_errors
from dxcontract.targets.permissions import Guard
from dxcontract.targets.target import DEFAULT_REGION, OTHER_REGION, Target, TargetError
from dxcontract.wire.credentials import Account, Role


def open_target(region: str | None, accounts: str | None) -> Target:
    """Open Direct Connect in `region` (default: the Region of the profile).

    Raises:
        TargetError: no credentials, no such profile, or no endpoint in that region.
    """
    session = botocore.session.Session()
    try:
        chosen = region or session.get_config_variable("region") or DEFAULT_REGION
        if wrong := usage_errors.unlikely_region(chosen):
            raise TargetError(f"--target=aws: {wrong}")
        callers: dict[Role, Account] = (
            who.parse(accounts, None, chosen) if accounts else {"owner": who.from_profile("owner", None)}
        )
        client = session.create_client(
            "directconnect",
            region_name=chosen,
            aws_access_key_id=callers["owner"].access_key,
            aws_secret_access_key=callers["owner"].secret_key,
        )
        endpoint = client.meta.endpoint_url
    except botocore.exceptions.BotoCoreError as error:
        raise TargetError(f"--target=aws: {error}") from error
    return Target(
        name="aws",
        endpoint=endpoint.rstrip("/") + "/",
        region=chosen,
        other_region=OTHER_REGION if chosen != OTHER_REGION else DEFAULT_REGION,
        accounts=callers,
        guard=Guard("aws"),
    )
