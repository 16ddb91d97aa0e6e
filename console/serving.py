"""The web server: waitress, with connections kept where an answer has no body.

waitress closes a connection after each answer without a length, and an answer of 204 has none (RFC 9110,
section 8.6). A sender that rings a hundred times would shake hands a hundred times.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from webhooks.routes import SALESFORCE_LIMIT

THREADS = 8
# Senders at once, and after how many silent seconds one of them is hung up on: whoever sends a byte a
# minute must not lock the others out.
CONNECTIONS, SILENT = 1_000, 20
LOOKS_EVERY = 5
# Bytes: twice the largest body that a door takes. Doors say 413 themselves up to here; more is refused
# before it is read.
MOST = 2 * SALESFORCE_LIMIT


class KeepingTask(WSGITask):  # type: ignore[misc]  # waitress has no types
    """An answer that never has a body needs no end of the connection to show where it ends."""

    def set_close_on_finish(self) -> None:
        asked = self.request.headers.get("CONNECTION", "").lower()
        if self.has_body or self.version != "1.1" or asked == "close":
            super().set_close_on_finish()


class KeepingChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection whose answers are given by `KeepingTask`."""

    task_class = KeepingTask


def server_for(app: Flask, host: str, port: int) -> Any:
    """A server that listens already; `run` it. Raises OSError where the address is taken."""
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=SILENT,
        cleanup_interval=LOOKS_EVERY,
        max_request_body_size=MOST,
        ident=None,
    )
    server.channel_class = KeepingChannel
    return server
