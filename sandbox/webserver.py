"""A WSGI application on a port of its own, in the background of this process.

Connections are kept alive and answers leave at once (waitress sets TCP_NODELAY on each connection).
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from typing import TYPE_CHECKING

from waitress import wasyncore
from waitress.server import create_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 16
CONNECTIONS = 500
IDLE = 300  # seconds that a connection is kept alive
BACKLOG = 1024
TICK = 0.1  # seconds until the loop looks whether it is told to stop


class SandboxPortTaken(Exception):
    """The port that was asked for is in use. `port` says which."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken: stop what listens there, or choose another --port"
        )
        self.host = host
        self.port = port


class WebServer:
    """Serves from `start` to `stop`. Port 0 takes any free one; `url` says which it became."""

    def __init__(self, app: WSGIApplication, name: str, host: str, port: int) -> None:
        listener = _listen(host, port)
        self.host, self.port = host, int(listener.getsockname()[1])
        # A queue of waiting requests is what load looks like here, and nothing to warn about.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(
            app,
            sockets=[listener],
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE,
            asyncore_use_poll=True,
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish nothing, close everything. Waits a moment for the threads."""
        self._server.task_dispatcher.shutdown(timeout=1)
        self._stopping.set()
        if self._thread.is_alive():
            self._server.pull_trigger()  # the loop looks at once
            self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._close_all()

    def _run(self) -> None:
        """The server's loop. While it runs only this thread closes descriptors, so none is closed twice."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=TICK, map=self._server._map, use_poll=True, count=1)

    def _close_all(self) -> None:
        """Once the loop has ended: until then its trigger has to stay open for whoever stops it."""
        for open_one in list(self._server._map.values()):
            open_one.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SandboxPortTaken(host, port) from error
        raise
