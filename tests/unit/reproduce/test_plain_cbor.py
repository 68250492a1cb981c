"""Scripts' own CBOR says what cbor2 says."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxcontract.reproduce.plain_cbor import packed_cbor, unpacked_cbor
from dxcontract.wire import cbor

NUMBERS = st.integers() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
    max_leaves=40,
)


@given(value=VALUES)
def test_a_body_is_packed_as_by_the_suite(value: Any) -> None:
    text = json.dumps(value).encode()
    assert packed_cbor(text) == cbor.from_json(text)


@given(value=st.dictionaries(st.text(), VALUES))
def test_an_answer_is_read_as_by_the_suite(value: Any) -> None:
    for body in (
        cbor2.dumps(value),
        cbor2.dumps(value, canonical=True),
        cbor2.dumps(value, indefinite_containers=True),
    ):
        assert json.loads(unpacked_cbor(body)) == cbor.document(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xa1\x61a\xc1\x1a\x58\xe8\x3c\xe4", b'{"a": 1491614948}'),
        (b"\xa1\x61a\x42\x00\xff", b'{"a": "AP8="}'),
        (b"\xbf\x61a\x7f\x61b\x61c\xff\xff", b'{"a": "bc"}'),
        (b"\xa1\x61a\xf9\x3c\x00", b'{"a": 1.0}'),
        (b"\xa1\x61a\xf7", b'{"a": null}'),
    ],
)
def test_what_servers_also_write(body: bytes, text: bytes) -> None:
    assert unpacked_cbor(body) == text


@pytest.mark.parametrize(
    "body", [b"", b'{"a":1}', b"\xa1", b"\xa1\x61a", b"\xa1\x61a\x01\x01", b"\xa1\x61a\xff", b"\xbf" * 5000]
)
def test_what_is_no_cbor_stays_as_it_is(body: bytes) -> None:
    assert unpacked_cbor(body) == body
    assert packed_cbor(b"{no json") == b"{no json"


def test_a_member_written_twice_stays_so() -> None:
    assert packed_cbor(b'{"a":1,"a":2}') == b"\xa2\x61a\x01\x61a\x02"
