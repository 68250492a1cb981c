"""Bodies that no SDK sends: unusual but valid JSON, and invalid JSON."""

import gzip
import json

import pytest

from dxcontract.client.client import Api
from dxcontract.oracle.assertions import Contract
from dxcontract.spec import model as specs
from dxcontract.spec.json_pointer import at
from dxcontract.spec.model import Operation
from strategies.invalid_requests import UNKNOWN_IDS
from strategies.raw_requests import ALWAYS, Wire
from strategies.valid_requests import Scene, arrange, least
from strategies.world import World

pytestmark = pytest.mark.over("json")

PROBE, MEMBER = "DescribeConnections", "connections"
UNKNOWN = UNKNOWN_IDS["connection"]
TYPICAL = '{"connectionId":"dxcon-ffffff00","maxResults":5,"more":[{"é":null,"on":[true,-1.5e3,"\\u00e9"]}]}'.encode()
READS_WITH_REQUIRED = [one for one in specs.load().where("read") if one.required]


@pytest.fixture
def wire(api: Api, contract: Contract) -> Wire:
    """Sends arbitrary bytes to the target."""
    return Wire(api, contract)


@pytest.mark.rule("wire.malformed-json", *ALWAYS)
def test_a_request_that_is_cut_off_anywhere_is_refused(wire: Wire) -> None:
    """A connection can break at any byte, and a partial request must not become another request."""
    for end in range(1, len(TYPICAL)):
        what = f"a request cut off after {end} of {len(TYPICAL)} bytes"
        wire.refused("wire.malformed-json", wire.put(PROBE, TYPICAL[:end], what), what)


LITERALS = {
    "NaN": b'{"maxResults":NaN}',
    "Infinity": b'{"maxResults":Infinity}',
    "a hexadecimal number": b'{"maxResults":0x10}',
    "a number with a leading zero": b'{"maxResults":010}',
    "a number with a plus": b'{"maxResults":+1}',
    "a comment": b'{"maxResults":1/* */}',
    "True": b'{"maxResults":True}',
    "a raw line end in a text": b'{"connectionId":"a\nb"}',
    "an unknown escape": b'{"connectionId":"\\x41"}',
    "a colon too many": b'{"connectionId"::"a"}',
    "no name": b'{:"a"}',
}


@pytest.mark.rule("wire.malformed-json", *ALWAYS)
@pytest.mark.parametrize("case", LITERALS)
def test_what_only_looks_like_json_is_refused(wire: Wire, case: str) -> None:
    """Lenient parsers disagree, so a proxy and the service could see different requests."""
    wire.refused("wire.malformed-json", wire.put(PROBE, LITERALS[case], case), case)


@pytest.mark.rule("wire.duplicate-members-differ", "requests.duplicate-members", *ALWAYS)
def test_a_member_written_twice_with_different_values(wire: Wire, world: World) -> None:
    """If a check reads the first value and the service the last, the check can be bypassed."""
    arrange(world, "connection")  # shown where neither counts
    known = arrange(world, "connection").id
    for first, last in ((known, UNKNOWN), (UNKNOWN, known)):
        body = f'{{"connectionId":"{first}","connectionId":"{last}"}}'.encode()
        exchange = wire.put(PROBE, body, "a member written twice")
        shown = set(at(exchange.body, f"/{MEMBER}/*/connectionId")) if exchange.succeeded else set()
        ok = 400 <= exchange.status < 500 or (exchange.succeeded and shown <= {known})
        message = f"connectionId written twice, with different values: answered {exchange.told()}"
        wire.contract.check("wire.duplicate-members-differ", ok, message, exchange)
        counts = 400 <= exchange.status < 500 or (exchange.succeeded and (known in shown) == (last == known))
        message = f"connectionId written twice: answered {exchange.told()} as if the first value counted"
        wire.contract.check("requests.duplicate-members", counts, message, exchange, where="/connectionId")


@pytest.mark.rule("wire.member-case", *ALWAYS)
@pytest.mark.parametrize("operation", READS_WITH_REQUIRED, ids=str)
def test_a_member_in_another_case_is_another_member(wire: Wire, world: World, operation: Operation) -> None:
    """A client with this error would work here and fail on AWS."""
    scene = Scene(world, operation)
    params = world.resolved(least(scene))
    scene.before()
    params = {name[:1].upper() + name[1:] if name in operation.required else name: params[name] for name in params}
    what = "its required members begin with capitals"
    wire.refused("wire.member-case", wire.put(operation.name, params, what), what)


SPELLINGS = {"1.0": "1", "1e0": "1", "1E+0": "1", "10e-1": "1", "-0": "0", "0.0e5": "0", "5.00": "5"}


@pytest.mark.rule("wire.number-forms", *ALWAYS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_is_the_same_in_any_spelling(wire: Wire, spelling: str) -> None:
    """JavaScript writes 1 where other languages write 1.0."""
    plain = wire.put(PROBE, f'{{"maxResults":{SPELLINGS[spelling]}}}'.encode(), "a number")
    other = wire.put(PROBE, f'{{"maxResults":{spelling}}}'.encode(), f"{spelling} as a number")
    wire.same("wire.number-forms", other, plain, f"maxResults written as {spelling}", MEMBER)


NUMBERS = {
    "2**31": str(2**31),
    "-2**31-1": str(-(2**31) - 1),
    "2**63": str(2**63),
    "-2**63-1": str(-(2**63) - 1),
    "2**64": str(2**64),
    "1e30": "1e30",
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e999999999": "1e999999999",
    "400 digits": "9" * 400,
    "5000 digits": "9" * 5000,
    "5000 digits after the point": "0." + "3" * 5000,
}


@pytest.mark.rule("wire.number-range", *ALWAYS)
@pytest.mark.parametrize("case", NUMBERS)
def test_a_number_out_of_all_ranges(wire: Wire, case: str) -> None:
    """If a number is truncated to its lowest bits, a large number becomes a small one."""
    what = f"maxResults is {case}"
    exchange = wire.put(PROBE, f'{{"maxResults":{NUMBERS[case]}}}'.encode(), what)
    wire.refused("wire.number-range", exchange, what)


TEXTS = {
    "right to left": "שלום \u202eabc\u202c",
    "beyond 16 bits": "😀𐍈",
    "not composed": "e\u0301",
    "escapes": '"\\/\b\f\n\r\t',
    "NUL": "a\x00b",
    "control characters": "\x01\x1f\x7f\x9f",
    "half of a surrogate pair": "\ud800",
    "a pair the wrong way round": "\udc00\ud800",
    "no characters at all": "\ufffe\uffff",
    "64 KiB": "x" * 65536,
}


@pytest.mark.rule("wire.strings-unchanged", *ALWAYS)
@pytest.mark.parametrize("case", TEXTS)
def test_a_text_is_kept_or_refused(wire: Wire, world: World, case: str) -> None:
    """A changed name appears as drift, which a tool tries to correct again and again."""
    name = f"{world.name()}-{TEXTS[case]}"
    params = {**least(Scene(world, world.spec.operation("CreateConnection"))), "connectionName": name}
    exchange = wire.put("CreateConnection", world.resolved(params), f"a name with {case}")
    if not exchange.succeeded:
        wire.refused("wire.strings-unchanged", exchange, f"a name with {case}")
        return
    handle = world.adopt("connection", "CreateConnection", exchange, params, "owner")
    shown = [exchange.body.get("connectionName")]
    if handle is not None and PROBE not in world.api.unsupported:
        _, item = world.observe(handle)
        shown += [item.get("connectionName")] if item else []
    message = f"a name with {case}, {name!r:.80}, came back as {[one for one in shown if one != name]!r:.80}"
    same = all(one == name for one in shown)
    wire.contract.check("wire.strings-unchanged", same, message, exchange, basis=shown)


FORMS = {
    "a value with escapes": rf'{{"connectionId":"\u0064\u0078{UNKNOWN[2:]}"}}',
    "a member's name with escapes": rf'{{"\u0063onnection\u0049d":"{UNKNOWN}"}}',
    "blanks everywhere": f' \r\n\t{{ "connectionId" \n:\t"{UNKNOWN}"\r}} \n',
}


@pytest.mark.rule("wire.string-forms", *ALWAYS)
@pytest.mark.parametrize("case", FORMS)
def test_a_text_is_the_same_in_any_form(wire: Wire, world: World, case: str) -> None:
    """Some encoders escape all characters beyond ASCII, and some pretty-print."""
    arrange(world, "connection")
    plain = wire.put(PROBE, {"connectionId": UNKNOWN}, "an unknown id")
    wire.same("wire.string-forms", wire.put(PROBE, FORMS[case].encode(), case), plain, case, MEMBER)


@pytest.mark.rule("wire.nesting", *ALWAYS)
@pytest.mark.parametrize("depth", [60, 500, 5_000, 100_000])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")], ids=["arrays", "objects"])
def test_a_body_nested_too_deep(wire: Wire, depth: int, brackets: tuple[str, str]) -> None:
    """A hundred kilobytes of brackets can exhaust the stack of a recursive parser."""
    body = f'{{"more":{brackets[0] * depth}1{brackets[1] * depth}}}'.encode()
    what = f"{depth} levels"
    wire.sound("wire.nesting", wire.put(PROBE, body, what), what)


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7-like", "latin-1"]


@pytest.mark.rule("wire.utf-8-only", *ALWAYS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_another_encoding_is_refused(wire: Wire, encoding: str) -> None:
    """A parser that guesses the encoding may see a different request than an earlier check."""
    text = '{"more":"é"}'
    body = b"+AHs-+AH0-" if encoding == "utf-7-like" else text.encode(encoding)
    wire.refused("wire.utf-8-only", wire.put(PROBE, body, encoding), f"a body in {encoding}")


@pytest.mark.rule("wire.byte-order-mark", *ALWAYS)
def test_a_byte_order_mark(wire: Wire) -> None:
    """Some Windows tools write a byte order mark."""
    what = "a byte order mark"
    wire.sound("wire.byte-order-mark", wire.put(PROBE, b"\xef\xbb\xbf{}", what), what)


@pytest.mark.rule("wire.compressed-body", *ALWAYS)
def test_a_compressed_body(wire: Wire, world: World) -> None:
    """SDKs compress a body if the model allows it, and this model does not."""
    arrange(world, "connection")
    what = "a body in gzip"
    body = gzip.compress(json.dumps({"connectionId": UNKNOWN}).encode(), mtime=0)
    exchange = wire.put(PROBE, body, what, headers={"Content-Encoding": "gzip"})
    listed = exchange.succeeded and bool(at(exchange.body, f"/{MEMBER}/*"))
    ok = 400 <= exchange.status < 500 or (exchange.succeeded and not listed)
    message = f"{what}: answered {exchange.told()}{' as if it were empty' if listed else ''}"
    wire.contract.check("wire.compressed-body", ok, message, exchange)
