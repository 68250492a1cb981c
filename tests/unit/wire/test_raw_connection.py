"""Connections of one's own: what is written on them, what is read from them, and that no wait is without end."""

import socket
import time

import pytest

from dxcontract.wire.messages import Request
from dxcontract.wire.raw_connection import Line, chunked, written
from tests.unit import servers
from tests.unit.pytest_plugin.test_run import garbage, hangs_up, silent

REQUEST = Request("POST", "http://127.0.0.1:1/", (("X-Odd", "é"), ("x-Second", "2")), b"{}")


def test_a_request_is_written_as_it_is() -> None:
    data = written(REQUEST)
    assert data == (
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-Odd: \xc3\xa9\r\nx-Second: 2\r\nContent-Length: 2\r\n\r\n{}"
    )
    framed = written(REQUEST, version="1.0", framing=[("Transfer-Encoding", "chunked")], body=chunked(b"{}", 1))
    assert framed.startswith(b"POST / HTTP/1.0\r\n")
    assert framed.endswith(b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")


def two_at_once(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\n\r\noneHTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"
    )
    time.sleep(1)
    connection.close()


def test_two_answers_over_one_connection_are_told_apart() -> None:
    with servers.tcp(two_at_once) as url, Line(url, 5) as line:
        first, second = line.exchange([written(REQUEST)]), line.exchange([])
    assert first.response is not None
    assert (first.response.status, first.response.body, first.response.headers["x-a"]) == (200, b"one", "b")
    assert second.response is not None
    assert second.response.status == 400


def dribbles(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        try:
            connection.sendall(b"x")
        except OSError:
            break
        time.sleep(0.1)
    connection.close()


@pytest.mark.parametrize(
    ("serve", "failure"),
    [(silent, "timeout"), (dribbles, "timeout"), (hangs_up, "reset"), (garbage, "not-http")],
    ids=["silent", "dribbles", "hangs up", "garbage"],
)
def test_what_goes_wrong_is_named_and_takes_no_longer_than_allowed(serve: object, failure: str) -> None:
    started = time.monotonic()
    with servers.tcp(serve) as url, Line(url, 1) as line:  # type: ignore[arg-type]
        answer = line.exchange([written(REQUEST)])
    assert (answer.response, answer.failure) == (None, failure)
    assert time.monotonic() - started < 8  # both that go on do so for ten seconds or more


def test_nobody_there_is_a_refusal() -> None:
    with Line(f"http://127.0.0.1:{servers.closed_port()}", 1) as line:
        assert line.exchange([written(REQUEST)]).failure == "refused"
