"""Opens an HTTP or HTTPS endpoint."""

from urllib.parse import urlsplit

from dxcontract.targets import accounts as who
from dxcontract.targets import startup_wait
from dxcontract.targets.aws_detection import why_real
from dxcontract.targets.permissions import Guard
from dxcontract.targets.target import Target, TargetError, is_aws


def open_target(endpoint: str, region: str, other_region: str, accounts: str | None, wait: float = 0.0) -> Target:
    """Open `endpoint`, with a guard unless its address and the keys show that it is an emulator.

    `wait`: so many seconds it may take until it listens.

    Raises:
        TargetError: `accounts` is malformed, the URL holds a password, or nothing listens there in time.
    """
    if "@" in urlsplit(endpoint).netloc:
        raise TargetError(
            "--target: the URL must not contain a user name or a password; use --accounts for credentials"
        )
    own = is_aws(endpoint)
    if not own:  # AWS always listens, and is sent nothing that is not signed
        startup_wait.until_it_listens(endpoint, wait)
    if accounts is not None:
        callers = who.parse(accounts, endpoint, region)
    elif own:
        callers = {"owner": who.from_profile("owner", None)}
    else:
        callers = {"owner": who.twelve_digits("owner")}
    target = Target(
        name=endpoint,
        endpoint=endpoint.rstrip("/") + "/",
        region=region,
        other_region=other_region,
        accounts=callers,
        guard=Guard(endpoint),
        ask_for_accounts=accounts is None and not own,
    )
    if why_real(target, None, emulator=False) is None:
        target.guard = None
    return target
