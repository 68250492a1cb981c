"""`dxcontract iam`: prints the minimal IAM policy of a permission level."""

from typing import Any

from dxcontract.spec.model import Spec
from dxcontract.targets.permissions import LEVELS, Level, level_of


def policy(spec: Spec, level: Level) -> dict[str, Any]:
    """The policy document for runs at `level`; sts:GetCallerIdentity, which `--account` uses, needs no permission.

    Direct Connect's resources cannot be told apart before they exist, so the policy names operations; that only what
    the run made is changed is up to the run itself.
    """
    statements = []
    for one in LEVELS[: LEVELS.index(level) + 1]:
        actions = [f"directconnect:{name}" for name, each in spec.operations.items() if level_of(each) == one]
        sid = "Dxcontract" + "".join(part.capitalize() for part in one.split("-"))
        statements.append({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"})
    return {"Version": "2012-10-17", "Statement": statements}
