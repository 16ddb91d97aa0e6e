"""A mail server of a few lines on loopback: it keeps what it was sent, and with which protection."""

from __future__ import annotations

import base64
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "kake@hashi", "a:b/c"  # characters that a URL has to encode


@dataclass
class Mailbox:
    """What arrived. `encrypted` and `user` tell how, for each mail. `refuse` names recipients."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    broken: bool = False


@contextmanager
def mail_server(*, tls: str = "", certificate: Path | None = None) -> Iterator[Mailbox]:
    """On a free port until the block ends. `tls`: ``starttls`` offers it, ``smtps`` begins with it."""
    box = Mailbox()
    context: ssl.SSLContext | None = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Talk(socketserver.StreamRequestHandler):
        def setup(self) -> None:
            if tls == "smtps" and context is not None:
                self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()
            self.safe, self.user, self.refused = tls == "smtps", "", 0

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 hello" if not box.broken else "421 later")
            while line := self.rfile.readline():
                verb = line.split()[0].upper() if line.split() else b""
                answer = getattr(self, f"on_{verb.decode().lower()}", self.on_other)
                answer(line.decode().strip())
                if verb == b"QUIT":
                    return

        def on_other(self, line: str) -> None:
            self.say("250 fine")

        def on_ehlo(self, line: str) -> None:
            offers = ["AUTH PLAIN"]
            if tls == "starttls" and not self.safe:
                offers.append("STARTTLS")
            self.say("250-mail.example.com")
            for offer in offers[:-1]:
                self.say(f"250-{offer}")
            self.say(f"250 {offers[-1]}")

        def on_starttls(self, line: str) -> None:
            self.say("220 go on")
            assert context is not None
            self.wfile.flush()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb", -1)
            self.wfile = _Unbuffered(self.connection)  # type: ignore[assignment]  # only `write` is used
            self.safe = True

        def on_auth(self, line: str) -> None:
            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            right = (user, password) == (USER, PASSWORD)
            self.user = user if right else ""
            self.say("235 welcome" if right else "535 no")

        def on_rcpt(self, line: str) -> None:
            refused = any(one in line for one in box.refuse)
            self.say("550 nobody here" if refused else "250 fine")

        def on_data(self, line: str) -> None:
            self.say("354 go on")
            text = b""
            while (part := self.rfile.readline()) not in {b".\r\n", b""}:
                text += part
            box.mails.append(message_from_bytes(text, policy=policy.default))
            box.encrypted.append(self.safe)
            box.users.append(self.user)
            self.say("250 kept")

        def on_quit(self, line: str) -> None:
            self.say("221 bye")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, allow_reuse_address = True, True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is no news."""

    with Server(("127.0.0.1", 0), Talk) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


class _Unbuffered:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def write(self, text: bytes) -> None:
        self._connection.sendall(text)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    closed = False


def certificate_in(folder: Path, now: datetime) -> Path:
    """A certificate for this machine that signs itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
