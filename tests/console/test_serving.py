"""The web server under the doors: connections that are kept, bodies that are too large."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response, request
from waitress import wasyncore

from console.serving import MOST, server_for

LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that answers 204, or with what it was sent."""
    app = Flask("serving")

    @app.post("/door")
    def door() -> Response:
        request.get_data()
        return Response(status=204)

    @app.post("/echo")
    def echo() -> Response:
        return Response(request.get_data())

    server = server_for(app, LOCAL, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.effective_port
    # In the server's own loop, which ends when it has no connections left.
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join(30)
    assert not thread.is_alive()


def socket_of(line: http.client.HTTPConnection) -> tuple[str, int]:
    return line.sock.getsockname()  # type: ignore[no-any-return]


def test_a_sender_that_is_answered_without_a_body_keeps_its_connection(port: int) -> None:
    """A hundred rings, one handshake."""
    line = http.client.HTTPConnection(LOCAL, port, timeout=30)
    places = set()
    for _ in range(100):
        line.request("POST", "/door", b"[]")
        answer = line.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
        places.add(socket_of(line))
    assert len(places) == 1


def test_bodies_come_whole_on_the_same_connection(port: int) -> None:
    """An answer without a body does not shift the one after it."""
    line = http.client.HTTPConnection(LOCAL, port, timeout=30)
    for number in range(20):
        line.request("POST", "/door", b"x" * number)
        assert line.getresponse().read() == b""
        line.request("POST", "/echo", b"y" * number)
        assert line.getresponse().read() == b"y" * number


def test_a_sender_that_wants_its_connection_closed_gets_it_closed(port: int) -> None:
    """And so does one of the old version of the protocol."""
    line = http.client.HTTPConnection(LOCAL, port, timeout=30)
    line.request("POST", "/door", b"[]", {"Connection": "close"})
    answer = line.getresponse()
    assert answer.getheader("Connection") == "close"
    answer.read()
    assert line.sock is None


def test_more_than_any_door_takes_is_refused_before_it_is_read(port: int) -> None:
    """Only its announced length was read."""
    line = http.client.HTTPConnection(LOCAL, port, timeout=30)
    line.putrequest("POST", "/echo")
    line.putheader("Content-Length", str(MOST + 1))
    line.endheaders()
    assert line.getresponse().status == 413
