"""The servers in the background: kept-alive connections, ports, a prompt end."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from sandbox.webserver import SandboxPortTaken, WebServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"hi"]


@pytest.fixture
def server() -> Iterator[WebServer]:
    server = WebServer(hello, "hello", "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


def test_a_connection_serves_many_requests(server: WebServer) -> None:
    """It stays open between them."""
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.connect()
    address = connection.sock.getsockname()
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hi"
    assert connection.sock.getsockname() == address


def test_eight_requests_are_worked_on_at_once() -> None:
    """A slow one does not hold up the others."""
    together = threading.Barrier(8, timeout=5)

    def meet(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        together.wait()
        return hello(environ, start_response)

    server = WebServer(meet, "meet", "127.0.0.1", 0)
    server.start()
    answers: list[bytes] = []

    def ask() -> None:
        connection = http.client.HTTPConnection(server.host, server.port)
        connection.request("GET", "/")
        answers.append(connection.getresponse().read())

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    server.stop()
    assert answers == [b"hi"] * 8


def test_a_taken_port_is_named(server: WebServer) -> None:
    """With what to do about it."""
    with pytest.raises(SandboxPortTaken, match=f"port {server.port} .* is taken: .* --port"):
        WebServer(hello, "second", "127.0.0.1", server.port)


def test_a_stopped_server_frees_its_port_at_once() -> None:
    """Even with a connection open; whether it was ever started or not."""
    first = WebServer(hello, "first", "127.0.0.1", 0)
    first.start()
    connection = http.client.HTTPConnection(first.host, first.port)
    connection.request("GET", "/")
    connection.getresponse().read()
    first.stop()
    again = WebServer(hello, "again", "127.0.0.1", first.port)
    assert again.url == first.url
    again.stop()
    WebServer(hello, "third", "127.0.0.1", first.port).stop()


def test_a_loop_that_ends_while_it_is_being_stopped_is_stopped_in_peace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the word to stop and the push that wakes the loop, the loop may have seen it by itself."""
    server = WebServer(hello, "hello", "127.0.0.1", 0)
    server.start()
    server._stopping.set()
    server._thread.join()
    looks = iter([True])
    monkeypatch.setattr(server._thread, "is_alive", lambda: next(looks, False))
    server.stop()
    assert server._server._map == {}
