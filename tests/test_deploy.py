"""What is handed out for running Kakehashi says nothing that is not so: each file against the code."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from connector.errors import BlockedCause
from console.cli import COMMANDS
from sync.budget import BudgetState
from sync.findings import ADVICE
from sync.model import STATES
from sync.settings import KNOWN, Settings, WebSettings, load_settings
from webhooks.routes import SALESFORCE_LIMIT

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PAGES = [ROOT / "docs" / name for name in ("webhooks.md", "webhooks.ja.md", "operations.md")]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PUBLIC_URL = "https://kakehashi.example.com"
PORT = WebSettings().port


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def written() -> Iterator[Path]:
    """Every file that a person may copy from, the pages included."""
    yield from PAGES
    for file in DEPLOY.rglob("*"):
        if file.is_file() and file.suffix not in {".py", ".pyc"}:
            yield file


def example_settings() -> dict[str, str]:
    """The lines of the example that are no comments, read as systemd and containers read them."""
    lines = text_of("kakehashi.env.example").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def section(heading: str) -> list[str]:
    """The words in the first column of the tables below a heading of operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    below = re.split(rf"^#+ {re.escape(heading)}$", text, flags=re.MULTILINE)[1]
    own = re.split(r"^#", below, maxsplit=1, flags=re.MULTILINE)[0]
    cells = re.findall(r"^\| (`.+?`) \|", own, re.MULTILINE)
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def compose() -> dict[str, Any]:
    told: dict[str, Any] = YAML(typ="safe").load(text_of("compose.yaml"))
    return told


def parts() -> dict[str, dict[str, Any]]:
    """The services of the compose file that are ours."""
    services = compose()["services"]
    return {name: one for name, one in services.items() if one["image"] == "kakehashi"}


def unit(file: Path) -> dict[str, list[str]]:
    """``Section.Key`` -> its values, in order; a line that is neither is told."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, sign, value = line.partition("=")
            assert sign, f"{file.name}: {line}"
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def instructions() -> list[tuple[str, str]]:
    """The Containerfile, one instruction after the other."""
    text = re.sub(r"^#.*\n", "", text_of("Containerfile"), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def settled(environ: dict[str, str], folder: Path) -> Settings:
    """The settings of this environment, with a file where each secret is expected."""
    kept = {}
    for name, value in environ.items():
        kept[name] = value
        if name.endswith("_FILE"):
            secret = folder / Path(value).name
            database = "postgresql+psycopg://kakehashi:word@postgres/kakehashi"
            secret.write_text(database if "DATABASE" in name else "invented", "utf-8")
            kept[name] = str(secret)
    return load_settings(folder, kept)


# Names -------------------------------------------------------------------------------------------


def test_every_setting_that_is_named_exists() -> None:
    """A mistyped name in an example would be told at the start, and at the worst moment."""
    known = KNOWN.variables()
    found = [
        f"{file.name}: {name}"
        for file in written()
        for name in re.findall(r"KAKEHASHI_[A-Z0-9_]+", file.read_text("utf-8"))
        if name not in known
    ]
    assert found == []


def test_every_command_that_is_started_exists() -> None:
    """In the Procfile, the units, the compose file and the image."""
    procfile = dict(line.split(": ", 1) for line in text_of("Procfile").splitlines())
    started = [command.split() for command in procfile.values()]
    started += [unit(file)["Service.ExecStart"][0].split() for file in UNITS]
    started += [["kakehashi", *one["command"]] for one in parts().values()]
    last = dict(instructions())
    started.append([*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"])])
    assert {Path(program).name for program, *_ in started} == {"kakehashi"}
    assert {name for _, name in started} == {"web", "worker", "scheduler", "up"}
    assert [name for _, name in started if name not in COMMANDS] == []


def test_every_command_of_the_pages_exists() -> None:
    """Whoever reads them at night types what stands there."""
    told = {
        name
        for page in PAGES
        for name in re.findall(r"`(?:\$ )?kakehashi ([a-z]+)", page.read_text("utf-8"))
    }
    assert told
    assert told - COMMANDS.keys() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_points_at_exists(page: Path) -> None:
    """Links, and paths of this repository in the text."""
    text = page.read_text("utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    named = re.findall(r"`((?:deploy|docs|mappings)/[^`\s*]*)`", text)
    missing = [one for one in links if not (page.parent / one).exists()]
    missing += [one for one in named if not (ROOT / one).exists()]
    assert missing == []


def test_every_number_and_log_line_of_the_pages_exists() -> None:
    """What is looked for at night has that name."""
    folders = ("connector", "sync", "webhooks", "console")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    source = "".join(file.read_text("utf-8") for file in files)
    numbers = {
        name.removesuffix("_total")
        for page in PAGES
        for name in re.findall(r"`(kakehashi_[a-z_]+)", page.read_text("utf-8"))
    }
    assert len(numbers) > 5
    assert [name for name in numbers if f'"{name}"' not in source] == []
    lines = section("Logs")
    assert len(lines) > 8
    assert [line for line in lines if f'"{line}"' not in source] == []


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Reading `status`", STATES),
        ("A system is `blocked`", get_args(BlockedCause)),
        ("What is `parked`", {*ADVICE, "duplicate_of", "ambiguous", "conflict"} - {"duplicate"}),
        ("API budget", get_args(BudgetState)),
    ],
)
def test_every_word_that_status_says_is_explained(heading: str, words: Iterable[str]) -> None:
    """No state, cause or budget state without its line; the page may explain more."""
    assert set(words) - set(section(heading)) == set()


# Running -----------------------------------------------------------------------------------------


def test_the_example_is_an_installation_that_starts(tmp_path: Path) -> None:
    """With its secrets in place nothing is wrong with it, and it cannot write yet."""
    settings = settled(example_settings(), tmp_path)
    assert settings.mode == "observe"
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", PORT)
    assert settings.web.public_url == PUBLIC_URL
    assert settings.hubspot.configured
    assert settings.salesforce.configured
    assert settings.database_url.startswith("postgresql+psycopg://")


@pytest.mark.parametrize("name", ["web", "worker", "scheduler"])
def test_each_container_is_an_installation_that_starts(name: str, tmp_path: Path) -> None:
    """Secrets come as files that are given to it; PostgreSQL and Redis are the ones beside it."""
    part = parts()[name]
    environ = part["environment"]
    settings = settled(example_settings() | environ, tmp_path)
    given = [value for key, value in environ.items() if key.endswith("_FILE")]
    assert sorted(given) == sorted(f"/run/secrets/{secret}" for secret in part["secrets"])
    assert set(part["secrets"]) < set(compose()["secrets"])
    assert urlsplit(settings.redis_url).hostname == "redis"
    assert settings.salesforce.webhook_token is not None
    mounted = [volume.rsplit(":", 2) for volume in part["volumes"]]
    assert [str(settings.mappings), "ro"] in [one[1:] for one in mounted]


def test_compose_runs_all_parts_beside_sound_stores() -> None:
    """One web part that only this machine reaches, two workers, one clock; data in volumes."""
    told, ours = compose(), parts()
    assert set(ours) == {"web", "worker", "scheduler"}
    assert ours["worker"]["deploy"]["replicas"] == 2
    assert ours["web"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    for part in ours.values():
        assert part["stop_grace_period"] == "30s"
        assert (ROOT / "deploy" / part["build"]["context"]).resolve() == ROOT
        assert (ROOT / part["build"]["dockerfile"]).is_file()
        assert {store["condition"] for store in part["depends_on"].values()} == {"service_healthy"}
    for store in ("postgres", "redis"):
        service = told["services"][store]
        assert service["healthcheck"]["test"][0] == "CMD"
        assert "ports" not in service
        assert service["volumes"][0].partition(":")[0] in told["volumes"]


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_comes_back_and_stops_gently(file: Path) -> None:
    """SIGTERM to the part alone, half a minute to finish, and no restart over a wrong setting."""
    told = {key.partition(".")[2]: values for key, values in unit(file).items()}
    assert told["Restart"] == ["always"]
    assert told["RestartPreventExitStatus"] == ["2"]
    assert (told["KillSignal"], told["KillMode"]) == (["SIGTERM"], ["mixed"])
    # `up` waits for its parts, which have as long as they have alone.
    assert told["TimeoutStopSec"] == ["45" if "-up." in file.name else "30"]
    assert told["EnvironmentFile"] == ["/etc/kakehashi/kakehashi.env"]
    assert told["User"] == ["kakehashi"]
    assert told["ProtectSystem"] == ["strict"]
    assert told["NoNewPrivileges"] == ["yes"]


def test_the_image_is_locked_and_runs_as_nobody_special() -> None:
    """Hashes on every package, a user without rights, and all packages of the wheel."""
    told = instructions()
    known = {"FROM", "WORKDIR", "RUN", "COPY", "USER", "ENV", "EXPOSE", "STOPSIGNAL"}
    assert {word for word, _ in told} - known == {"HEALTHCHECK", "ENTRYPOINT", "CMD"}
    last = dict(told)
    assert last["USER"] == "10001"
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert last["EXPOSE"] == str(PORT)
    assert f"127.0.0.1:{PORT}/healthz" in last["HEALTHCHECK"]
    installs = [text for word, text in told if word == "RUN" and "pip install" in text]
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = pyproject["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = [
        name
        for word, text in told
        if word == "COPY" and not text.startswith("--from")
        for name in text.split()[:-1]
    ]
    assert {name.rstrip("*") for name in packages} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    let_in = re.findall(r"^!(.+)$", text_of("Containerfile.dockerignore"), re.MULTILINE)
    assert sorted(let_in) == sorted(copied)
    assert "\nsetuptools==" in (ROOT / "requirements-dev.txt").read_text("utf-8")


def test_the_proxies_hand_the_signed_address_on_as_it_is() -> None:
    """No rewriting, room for the largest message, and nothing but the doors is shown."""
    nginx, caddy = text_of("nginx.conf"), text_of("Caddyfile")
    assert re.findall(r"proxy_pass (\S+);", nginx) == ["http://kakehashi"]
    assert re.findall(r"location (\S+) ", nginx) == ["/webhooks/", "/"]
    assert re.findall(r"client_max_body_size (\d+)m;", nginx) == [str(SALESFORCE_LIMIT >> 20)]
    assert re.findall(r"max_size (\d+)MiB", caddy) == [str(SALESFORCE_LIMIT >> 20)]
    assert re.findall(r"^\thandle (\S+)", caddy, re.MULTILINE) == ["/webhooks/*", "{"]
    for text in (nginx, caddy):
        assert f"127.0.0.1:{PORT}" in text
        assert (urlsplit(PUBLIC_URL).hostname or "?") in text
