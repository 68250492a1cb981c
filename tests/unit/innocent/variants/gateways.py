"""Direct Connect gateways, associations and proposals."""

import contextlib
import time

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError
from dxcontract.spec.model import Json
from tests.unit.innocent.variant import Variant, having, innocent


class _ForAMoment(Variant):
    """Shows a state for a moment after an operation."""

    operation = ""
    asked = ""
    identifier = ""
    state = ""
    shown = ""
    seconds = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.since: dict[str, float] = {}

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        if call.operation == self.operation:
            for one in having(answer, self.identifier):
                self.since[one[self.identifier]] = time.monotonic()
        for one in having(answer, self.state):
            if time.monotonic() - self.since.get(str(one.get(self.identifier)), 0.0) < self.seconds:
                one[self.state] = self.shown


@innocent("botocore, associationState: updating since 2019-03-25", "test_associations_changes.py")
class AssociationsUpdating(_ForAMoment):
    """For half a second after its update an association is `updating`."""

    operation, identifier, state, shown = (
        "UpdateDirectConnectGatewayAssociation",
        "associationId",
        "associationState",
        "updating",
    )


@innocent(
    "boto3 reference of 2018: pending is the initial state of a gateway",
    "test_attachments.py",
)
class GatewaysPending(_ForAMoment):
    """For half a second after its creation a gateway is pending."""

    operation, identifier, state, shown = (
        "CreateDirectConnectGateway",
        "directConnectGatewayId",
        "directConnectGatewayState",
        "pending",
    )


@innocent(
    "API reference, DeleteDirectConnectGateway: interfaces and associations must be deleted first",
    "test_machines.py",
    only="gateways",
)
class GatewayDeletionRefused(Variant):
    """The deletion of a gateway with associations or attachments is refused, not accepted and undone later."""

    def ask(self, call: Call, request: Json) -> Json:
        if call.operation == "DeleteDirectConnectGateway":
            asked = {"directConnectGatewayId": request.get("directConnectGatewayId")}
            used: list[str] = []
            with contextlib.suppress(ServiceError):
                for what in ("Association", "Attachment"):
                    listed = self.beside(call, f"DescribeDirectConnectGateway{what}s", asked)
                    used += [one[f"{what.lower()}State"] for one in listed[f"directConnectGateway{what}s"]]
            if not {"disassociated", "detached"}.issuperset(used):
                self.changed += 1
                raise ServiceError(CLIENT, "The Direct Connect gateway has associations or attachments.")
        return request


@innocent("TF find.go: `Empty AssociatedGateway` on some rows", "test_associations.py")
class RowsWithoutAssociatedGateway(Variant):
    """Associations that are no more are listed without `associatedGateway`."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "associationState"):
            if one["associationState"] in ("disassociating", "disassociated"):
                one.pop("associatedGateway", None)


@innocent(
    "TF#19741, #9209, #18608: the VPC's CIDR as the one requested prefix (evidence P2)",
    "test_pagination.py",
    "test_lifecycles.py",
    only="Proposals] or proposal",
)
class ProposalsShowTheVpc(Variant):
    """A proposal without prefixes requests exactly one, the CIDR of the VPC."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "proposalState"):
            if not one.get("requestedAllowedPrefixesToDirectConnectGateway"):
                one["requestedAllowedPrefixesToDirectConnectGateway"] = [{"cidr": "10.255.255.0/28"}]


@innocent(
    "API reference: `virtualGatewayId` and its kin are deprecated beside `associatedGateway`", "test_associations.py"
)
class NoDeprecatedGatewayMembers(Variant):
    """An association does not show the deprecated members of its virtual private gateway."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "associatedGateway"):
            for name in ("virtualGatewayId", "virtualGatewayRegion", "virtualGatewayOwnerAccount"):
                one.pop(name, None)
