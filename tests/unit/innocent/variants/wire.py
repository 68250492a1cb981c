"""Bytes on the wire: HTTP, JSON and the protocol's own freedoms."""

import json
from typing import Final

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.messages import Answer
from dxcontract.reference.http.server import Scope, Send
from dxcontract.spec.model import Json
from tests.unit import proxy
from tests.unit.innocent.variant import Variant, having, innocent, objects

_PLAIN: Final = ("test_connections.py", "test_gateways.py")
_RETRIED: Final = ("test_connections.py", "test_tags.py")
_TIMES: Final = frozenset({"loaIssueTime", "startTime", "endTime", "startOn"})


@innocent("RFC 9110, section 5.1: field names are case-insensitive", *_PLAIN)
class HeaderNamesInCapitals(Variant):
    """Answers name their headers X-Amzn-RequestId, Content-Type and so on, as many servers write them."""

    def headers(self, answer: Answer, named: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        return [(name.title().replace(b"Requestid", b"RequestId"), value) for name, value in named]


@innocent("community.aws recordings of 2017: every answer has a date", *_PLAIN)
class DateAndOtherHeaders(Variant):
    """Answers carry a date, and headers that no client knows."""

    def headers(self, answer: Answer, named: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        return [*named, (b"date", b"Mon, 30 Nov 2026 06:00:00 GMT"), (b"x-amz-unknown", b"1"), (b"vary", b"accept")]


@innocent("RFC 9112, section 7.1: a recipient must be able to decode the chunked coding", *_PLAIN)
class ChunkedBodies(Variant):
    """Bodies come in chunks, without a content-length."""

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        self.changed += 1
        named = [(name, value) for name, value in proxy.headers(answer) if name != b"content-length"]
        middle = len(answer.body) // 2
        await proxy.respond(send, answer.status, named, answer.body[:middle], answer.body[middle:])


@innocent("community.aws recordings of 2017: answers with status 400 carry `connection: close`", *_RETRIED)
class RefusalsCloseTheConnection(Variant):
    """The connection ends with each refusal."""

    def headers(self, answer: Answer, named: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        return [*named, (b"connection", b"close")] if answer.status == 400 else named


@innocent("RFC 9112, section 9.5: a server may close an idle connection at any time", *_RETRIED)
class ConnectionsCloseUnannounced(Variant):
    """The connection ends after each fifth answer, and no header says so."""

    answered = 0

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        await super().respond(scope, body, answer, send)
        self.answered += 1
        if self.answered % 5 == 0:
            self.changed += 1
            proxy.end(send)


@innocent("RFC 8259, section 2: whitespace is allowed around the structural characters", *_PLAIN)
class SpacedJson(Variant):
    """Bodies are indented, non-ASCII characters escaped, and members in alphabetical order."""

    def body(self, answer: Answer) -> bytes:
        return json.dumps(json.loads(answer.body), indent=1, sort_keys=True).encode() if answer.body else answer.body


@innocent(
    "Smithy, timestampFormat: epoch-seconds has optional fractional precision", "test_failover_tests.py", "test_loa.py"
)
class FractionalTimes(Variant):
    """Times have milliseconds."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in objects(answer):
            one.update({name: int(one[name]) + 0.125 for name in _TIMES & one.keys()})


@innocent("Smithy, timestampFormat: epoch-seconds may be whole", "test_failover_tests.py")
class WholeTimes(Variant):
    """Times are whole numbers of seconds."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in objects(answer):
            one.update({name: int(one[name]) for name in _TIMES & one.keys()})


class _ErrorBodies(Variant):
    def error(self, document: Json) -> None:
        """Change the body of a refusal."""

    def body(self, answer: Answer) -> bytes:
        if answer.status < 400:
            return answer.body
        document = json.loads(answer.body)
        self.error(document)
        return json.dumps(document, separators=(",", ":")).encode()


@innocent("Smithy, AWS JSON 1.1: clients strip what stands before # in __type", *_PLAIN)
class NamespacedErrorTypes(_ErrorBodies):
    """An error's __type has a namespace before a number sign."""

    def error(self, document: Json) -> None:
        document["__type"] = f"com.amazonaws.directconnect.v20121025#{document['__type']}"


@innocent("Smithy, AWS JSON 1.1: clients strip what stands after : in __type", *_PLAIN)
class ErrorTypesWithAddress(_ErrorBodies):
    """An error's __type has a URI after a colon."""

    def error(self, document: Json) -> None:
        document["__type"] += ":http://internal.amazon.com/coral/com.amazonaws.directconnect/"


@innocent("botocore, parsers.py: `message` or `Message`; common errors of AWS come with either", *_PLAIN)
class MessageWithCapital(_ErrorBodies):
    """Errors that the service's model does not have carry `Message` instead of `message`."""

    def error(self, document: Json) -> None:
        if "message" in document and not document["__type"].startswith("DirectConnect"):
            document["Message"] = document.pop("message")


class _NowAndThen(Variant):
    """Refuses each so-many-th request of Direct Connect."""

    every = 0
    status, error = 0, ""
    asked = 0

    async def respond(self, scope: Scope, body: bytes, answer: Answer, send: Send) -> None:
        await super().respond(scope, body, answer, send)

    def answer(self, request: "object") -> Answer:
        self.asked += 1
        if self.asked % self.every:
            return super().answer(request)  # type: ignore[arg-type]
        self.changed += 1
        body = json.dumps({"__type": self.error, "message": "Rate exceeded"}, separators=(",", ":")).encode()
        return Answer(self.status, body, "application/x-amz-json-1.1", "00000000-0000-4000-8000-000000000000")


@innocent("AWS General Reference: API requests are throttled; botocore retries ThrottlingException at 400", *_RETRIED)
class ThrottledNowAndThen(_NowAndThen):
    """Each 17th request is answered 400 ThrottlingException, and not performed."""

    every, status, error = 17, 400, "ThrottlingException"


@innocent("API reference, common errors: ServiceUnavailable, 503, a temporary failure", *_RETRIED)
class UnavailableNowAndThen(_NowAndThen):
    """Each 23rd request is answered 503 ServiceUnavailable, and not performed."""

    every, status, error = 23, 503, "ServiceUnavailable"


@innocent(
    "botocore's history: members were added to answers 30 times since 2015, before any client knew them",
    *_PLAIN,
    should={"wire.unmodelled-member": "the current model does not have the member yet"},
)
class ExtraMembers(Variant):
    """Every object of an answer has a member that the model does not have."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in list(objects(answer)):
            one["brandNewMember"] = "x"


@innocent(
    "community.aws recordings: a member without a value is absent, or an empty list; both occur",
    "test_connections.py",
    "test_virtual_interfaces.py",
)
class EmptyMembersAbsent(Variant):
    """Optional members that are an empty list or text are absent."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for name in ("tags", "macSecKeys", "routeFilterPrefixes", "virtualGatewayId", "directConnectGatewayId"):
            for one in having(answer, name):
                if one[name] in ("", []):
                    del one[name]


@innocent(
    'awscli-examples create-private-virtual-interface: routeFilterPrefixes [], virtualGatewayId "" and tags [] shown',
    "test_connections.py",
    "test_virtual_interfaces.py",
)
class EmptyMembersShown(Variant):
    """Optional members that have no value are an empty list or text."""

    def edit(self, call: Call, request: Json, answer: Json) -> None:
        for one in having(answer, "connectionState"):
            if "connectionId" in one:
                one.setdefault("tags", [])
                one.setdefault("partnerName", "")
        for one in having(answer, "virtualInterfaceType"):
            for name in ("virtualGatewayId", "directConnectGatewayId"):
                one.setdefault(name, "")
            one.setdefault("routeFilterPrefixes", [])
