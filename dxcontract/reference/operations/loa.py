"""Letters of authorization."""

import base64
from dataclasses import replace

from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import SERVER, ServiceError, client_error
from dxcontract.reference.core.records import Connection
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import ports
from dxcontract.reference.operations.ports import Port
from dxcontract.spec.model import Json


def _document(call: Call, port: Port, provider: str | None) -> bytes:
    lines = [
        "Letter of Authorization and Connecting Facility Assignment",
        f"Port {port.id} of account {port.owner} at {port.location}, {port.region}",
        f"Bandwidth {port.bandwidth}, provider {provider or port.provider_name or 'of your choice'}",
    ]
    shown = " ".join(
        f"({line}) Tj T*".replace("\\", "") for line in (line.replace("(", "").replace(")", "") for line in lines)
    )
    stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % place for place in places)
    return document + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def _issue(call: Call, port: Port, request: Json) -> Json:
    if ports.state(call.world, port) == "requested":
        # It is there when AWS has processed the order.
        raise client_error(f"The letter of authorization for {port.id} is not available yet.")
    rules = call.rules
    if not rules.holds("loa.available"):
        raise ServiceError(SERVER, "There is no letter of authorization.")
    if "providerName" in request and not rules.holds("loa.provider-name"):
        raise client_error("providerName is not allowed.")
    if call.operation != "DescribeLoa" and not rules.holds("loa.deprecated"):
        raise client_error(f"{call.operation} is no longer available.")
    if isinstance(port, Connection) and rules.holds("loa.issue-time"):
        # Describing it has this side effect.
        port = call.store.put(replace(port, loa_issue_time=float(int(call.clock.now()))))
    document = _document(call, port, request.get("providerName"))
    if not rules.holds("loa.pdf"):
        document = b"<html></html>"
    return {"loaContent": base64.b64encode(document).decode("ascii"), "loaContentType": "application/pdf"}


@operation("DescribeLoa")
def describe_loa(call: Call, request: Json) -> Json:
    """The letter for a connection, an interconnect or a LAG, at the top level of the answer."""
    return _issue(call, ports.own(call, request["connectionId"]), request)


@operation("DescribeConnectionLoa")
def describe_connection_loa(call: Call, request: Json) -> Json:
    """The deprecated form for connections, which nests the letter."""
    return {"loa": _issue(call, ports.own_connection(call, request["connectionId"]), request)}


@operation("DescribeInterconnectLoa")
def describe_interconnect_loa(call: Call, request: Json) -> Json:
    """The deprecated form for interconnects, which nests the letter."""
    return {"loa": _issue(call, ports.own_connection(call, request["interconnectId"]), request)}
