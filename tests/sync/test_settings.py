"""Settings: defaults, two sources, secrets that stay secret, and faults that teach."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import make_url

from sync.settings import KNOWN, Settings, load_settings
from sync.settings_checks import is_loopback, masked
from sync.settings_faults import SettingsFault, SettingsFaults, sentences

TOKEN = "pat-na1-invented-0001"


def write(folder: Path, text: str) -> Path:
    """A `kakehashi.yaml` in a folder."""
    (folder / "kakehashi.yaml").write_text(text, "utf-8")
    return folder


def faults(folder: Path, **environ: str) -> list[SettingsFault]:
    """What is wrong; variables are given without their prefix."""
    with pytest.raises(SettingsFaults) as caught:
        load_settings(folder, variables(**environ))
    return list(caught.value.faults)


def variables(**values: str) -> dict[str, str]:
    return {f"KAKEHASHI_{name}": value for name, value in values.items()}


def test_with_nothing_set_the_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    """An empty folder and an empty environment are enough for the offline commands."""
    settings = load_settings(tmp_path, {})
    assert settings.mode == "live"
    assert settings.hubspot.base_url == "https://api.hubapi.com"
    assert (settings.hubspot.api_version, settings.hubspot.tier) == ("v3", "professional")
    assert settings.salesforce.api_version == "62.0"
    assert settings.database_url == "sqlite:///var/kakehashi.db"
    assert settings.database_url_in(tmp_path) == f"sqlite:///{tmp_path}/var/kakehashi.db"
    assert settings.redis_url == "embedded"
    assert settings.mappings == Path("mappings")
    assert (settings.web.host, settings.web.port, settings.web.public_url) == (
        "127.0.0.1",
        8080,
        None,
    )
    assert (settings.sync.landing_window, settings.sync.poll_every) == (120, 60)
    assert settings.sync.resync_at == time(2, 0)
    assert (settings.timezone, settings.region, settings.lang) == ("Asia/Tokyo", "JP", "en")
    assert not settings.hubspot.configured
    assert not settings.salesforce.configured


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """What is set in both places is taken from the environment, the rest from the file."""
    write(tmp_path, "mode: observe\nhubspot:\n  portal_id: 12345\nweb: {port: 9000}\n")
    settings = load_settings(tmp_path, variables(WEB__PORT="9001", WEB__HOST="127.0.0.9"))
    assert settings.mode == "observe"
    assert settings.hubspot.portal_id == "12345"
    assert (settings.web.host, settings.web.port) == ("127.0.0.9", 9001)


def test_numbers_that_yaml_reads_are_taken_as_the_text_they_are(tmp_path: Path) -> None:
    """`62.0`, a portal id and a time of day need no quotes."""
    write(tmp_path, "salesforce: {api_version: 62.0}\nsync: {resync_at: 03:30}\n")
    settings = load_settings(tmp_path, {})
    assert settings.salesforce.api_version == "62.0"
    assert settings.sync.resync_at == time(3, 30)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("false", False), ("True", True), ("01Q5g000000AbCdEAK", "01Q5g000000AbCdEAK")],
)
def test_assignment_rules_run_only_for_those_who_ask(
    tmp_path: Path, written: str, meant: bool | str
) -> None:
    """None, the active ones, or one by its id."""
    assert load_settings(tmp_path, {}).salesforce.assignment_rules is False
    environ = variables(
        SALESFORCE__ASSIGNMENT_RULES=written,
        SALESFORCE__LOGIN_URL="https://acme.my.salesforce.com",
        SALESFORCE__CLIENT_ID="a",
        SALESFORCE__CLIENT_SECRET="b",
    )
    settings = load_settings(tmp_path, environ)
    assert settings.salesforce.assignment_rules == meant
    in_file = load_settings(write(tmp_path, f"salesforce: {{assignment_rules: {written}}}"), {})
    assert in_file.salesforce.assignment_rules == meant


def test_a_variable_set_to_nothing_is_not_set(tmp_path: Path) -> None:
    """`KAKEHASHI_HUBSPOT__ACCESS_TOKEN=` in a compose file means: none."""
    assert load_settings(tmp_path, variables(HUBSPOT__ACCESS_TOKEN="")).hubspot.access_token is None


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    """They are read once; nobody moves them under a running part."""
    settings = load_settings(tmp_path, {})
    with pytest.raises(ValidationError):
        settings.mode = "observe"


def test_only_a_relative_sqlite_path_is_laid_below_the_folder(tmp_path: Path) -> None:
    """A PostgreSQL address, an absolute path and a ledger in memory stay as they are."""
    for url in (
        "postgresql+psycopg://bridge:pw@db.example.com/ledger",
        "sqlite:////srv/ledger.db",
        "sqlite:///:memory:",
        "sqlite://",
    ):
        settings = load_settings(tmp_path, variables(DATABASE_URL=url))
        assert settings.database_url_in(tmp_path) == url


def test_a_folder_of_any_name_can_hold_the_ledger(tmp_path: Path) -> None:
    """Blanks, signs and Japanese in a path survive the way into an address and back."""
    folder = tmp_path / "営業 100% a+b #1"
    url = load_settings(folder, {}).database_url_in(folder)
    assert make_url(url).database == str(folder / "var/kakehashi.db")


# Secrets -----------------------------------------------------------------------------------------


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """The `_FILE` form works in the environment and in the file, relative to the folder."""
    (tmp_path / "token").write_text(TOKEN + "\n", "utf-8")
    by_variable = load_settings(tmp_path, variables(HUBSPOT__ACCESS_TOKEN_FILE="token"))
    write(tmp_path, "hubspot: {access_token_file: token}\n")
    by_file = load_settings(tmp_path, {})
    for settings in (by_variable, by_file):
        assert settings.hubspot.access_token is not None
        assert settings.hubspot.access_token.get_secret_value() == TOKEN


def test_a_secret_is_never_printed(tmp_path: Path) -> None:
    """Neither `repr` nor the redacted form nor a fault shows one, passwords in addresses included."""
    settings = load_settings(
        tmp_path,
        variables(
            HUBSPOT__ACCESS_TOKEN=TOKEN,
            DATABASE_URL="postgresql://bridge:hunter2@db.example.com/ledger",
            REDIS_URL="redis://:hunter3@queue.example.com/0",
        ),
    )
    shown = repr(settings) + str(settings) + str(settings.redacted())
    for secret in (TOKEN, "hunter2", "hunter3"):
        assert secret not in shown
    assert settings.redacted()["hubspot"]["access_token"] == "set"
    assert settings.redacted()["database_url"] == (
        "postgresql+psycopg://bridge:***@db.example.com/ledger"
    )


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (f"hubspot: {{access_token: {TOKEN}}}", {}),
        (f"hubspot: {TOKEN}", {}),
        (f"hubspot:\n  access_token: {TOKEN}\n broken: [", {}),
        ("", {"DATABASE_URL": f"mysql://u:{TOKEN}@db.example.com/x"}),
        ("", {"DATABASE_URL": f"nonsense {TOKEN}@"}),
        ("", {"REDIS_URL": f"http://u:{TOKEN}@queue.example.com"}),
        ("", {"HUBSPOT__BASE_URL": f"https://u:{TOKEN}@api.example.com"}),
    ],
)
def test_no_fault_gives_a_secret_away(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    """Whatever is wrong around a secret, its value stays out of the message."""
    with pytest.raises(SettingsFaults) as caught:
        load_settings(write(tmp_path, text), variables(**environ))
    told = str(caught.value) + "".join(str(fault.as_json("ja")) for fault in caught.value.faults)
    assert TOKEN not in told


@given(st.text("abcXYZ:/-_.", min_size=1, max_size=12))
def test_a_masked_address_never_shows_its_password(password: str) -> None:
    """Odd passwords included: no slash or colon makes one visible."""
    marked = f"Q{password}Q"
    assert marked not in masked(f"redis://user:{marked}@host/0")


# Faults ------------------------------------------------------------------------------------------

BROKEN = [
    ("mode: lve", {}, "not_allowed", "kakehashi.yaml:1 mode", "Did you mean live?"),
    ("hubspto: {}", {}, "unknown_key", "kakehashi.yaml:1 hubspto", "Did you mean hubspot?"),
    (
        "web:\n  prot: 1",
        {},
        "unknown_key",
        "kakehashi.yaml:2 web.prot",
        "Did you mean port?",
    ),
    (
        "",
        {"HUBSPOT__ACESS_TOKEN": "x"},
        "unknown_variable",
        "KAKEHASHI_HUBSPOT__ACESS_TOKEN",
        "KAKEHASHI_HUBSPOT__ACCESS_TOKEN?",
    ),
    ("web: 3", {}, "not_a_group", "kakehashi.yaml:1 web", "host, port, public_url"),
    (
        "hubspot: {client_secret: x}",
        {},
        "secret_in_file",
        "kakehashi.yaml:1 hubspot.client_secret",
        "KAKEHASHI_HUBSPOT__CLIENT_SECRET",
    ),
    ("- a", {}, "not_keys", "kakehashi.yaml", "a list"),
    ("mode: [", {}, "not_yaml", "kakehashi.yaml:1", "YAML"),
    ("mode: live\nmode: observe", {}, "not_yaml", "kakehashi.yaml:2", "mode"),
    ("", {"HUBSPOT__BASE_URL": "api.hubapi.com"}, "bad_url", "HUBSPOT__BASE_URL", "https://"),
    ("", {"HUBSPOT__BASE_URL": "https://h:x"}, "bad_url", "HUBSPOT__BASE_URL", "https://"),
    (
        "",
        {"WEB__PUBLIC_URL": "http://bridge.example.com"},
        "plain_http",
        "WEB__PUBLIC_URL",
        "localhost",
    ),
    (
        "",
        {"INTENT__SITES": "https://www.example.com/ja"},
        "bad_origin",
        "INTENT__SITES",
        "host alone",
    ),
    ("", {"INTENT__SITES": "www.example.com"}, "bad_url", "INTENT__SITES", "https://"),
    ("intent: {hubspot: rollups}", {}, "not_allowed", "intent.hubspot", "roll_ups"),
    ("", {"TIMEZONE": "Asia/Tokio"}, "bad_timezone", "TIMEZONE", "Asia/Tokyo"),
    ("", {"REGION": "Japan"}, "bad_region", "REGION", "JP"),
    ("", {"SYNC__RESYNC_AT": "25:00"}, "bad_time", "SYNC__RESYNC_AT", "02:00"),
    ("", {"WEB__PORT": "http"}, "not_a_number", "WEB__PORT", "whole number"),
    ("", {"WEB__PORT": "65536"}, "too_large", "WEB__PORT", "65535"),
    ("", {"SYNC__POLL_EVERY": "0"}, "too_small", "SYNC__POLL_EVERY", "1"),
    ("", {"SALESFORCE__ORG_ID": "00D000000000001"}, "bad_org_id", "ORG_ID", "18 characters"),
    ("", {"SALESFORCE__API_VERSION": "latest"}, "bad_version", "API_VERSION", "62.0"),
    ("", {"SALESFORCE__ASSIGNMENT_RULES": "yes"}, "bad_rule", "ASSIGNMENT_RULES", "01Q"),
    ("", {"DATABASE_URL": "mysql://db.example.com/x"}, "bad_database_url", "DATABASE", "postgres"),
    ("", {"REDIS_URL": "localhost"}, "bad_redis_url", "REDIS_URL", "redis://"),
    ("hubspot: {accept_old_signatures: maybe}", {}, "not_true_false", "old_signatures", "true"),
    ("hubspot: {client_id: [1]}", {}, "not_text", "hubspot.client_id", "text"),
    (
        "",
        {"HUBSPOT__ACCESS_TOKEN_FILE": "nowhere"},
        "unreadable_file",
        "ACCESS_TOKEN_FILE",
        "nowhere",
    ),
    (
        "",
        {"HUBSPOT__REFRESH_TOKEN": "r"},
        "half",
        "REFRESH_TOKEN",
        "KAKEHASHI_HUBSPOT__CLIENT_ID, KAKEHASHI_HUBSPOT__CLIENT_SECRET",
    ),
    (
        "",
        {"SALESFORCE__CLIENT_ID": "c", "SALESFORCE__LOGIN_URL": "https://acme.example.com"},
        "half",
        "SALESFORCE__CLIENT_ID",
        "KAKEHASHI_SALESFORCE__CLIENT_SECRET",
    ),
    (
        "",
        {"SALESFORCE__USERNAME": "bridge@example.com"},
        "half",
        "SALESFORCE__USERNAME",
        "KAKEHASHI_SALESFORCE__PRIVATE_KEY",
    ),
]


@pytest.mark.parametrize(("text", "environ", "code", "name", "says"), BROKEN)
def test_a_fault_names_the_place_and_the_cure(
    tmp_path: Path, text: str, environ: dict[str, str], code: str, name: str, says: str
) -> None:
    """One broken setting, one fault: where it stands, and what to write instead."""
    found = faults(write(tmp_path, text), **environ)
    assert [fault.code for fault in found] == [code]
    assert name in found[0].name
    assert says in found[0].message("en")
    assert found[0].message("ja")


def test_all_faults_are_told_at_once_in_the_language_asked_for(tmp_path: Path) -> None:
    """Nobody mends one line to be shown the next; `lang` holds even when the rest is broken."""
    write(tmp_path, "lang: ja\nmode: lve\nweb: {port: many}\n")
    with pytest.raises(SettingsFaults) as caught:
        load_settings(tmp_path, variables(TIMEZONE="Mars/Olympus"))
    assert sorted(fault.code for fault in caught.value.faults) == [
        "bad_timezone",
        "not_a_number",
        "not_allowed",
    ]
    assert "時間帯" in str(caught.value)


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    """A token and a file with a token: which one was meant cannot be known."""
    (tmp_path / "token").write_text(TOKEN, "utf-8")
    found = faults(tmp_path, HUBSPOT__ACCESS_TOKEN="x", HUBSPOT__ACCESS_TOKEN_FILE="token")
    assert [fault.code for fault in found] == ["given_twice"]


@pytest.mark.parametrize(("body", "code"), [(b"", "empty_file"), (b"\xff\xfe\x00", "not_utf8")])
def test_a_secret_file_without_a_secret_is_a_fault(tmp_path: Path, body: bytes, code: str) -> None:
    """An empty or binary file is not taken for a token."""
    (tmp_path / "token").write_bytes(body)
    assert [f.code for f in faults(tmp_path, HUBSPOT__ACCESS_TOKEN_FILE="token")] == [code]


def test_sites_are_origins_in_one_form(tmp_path: Path) -> None:
    """A list in the file, or one text with blanks or commas; each once."""
    told = (
        "https://WWW.example.com/, https://example.jp:443 http://localhost:8000,https://example.jp"
    )
    expected = ("https://www.example.com", "https://example.jp", "http://localhost:8000")
    assert load_settings(tmp_path, variables(INTENT__SITES=told)).intent.sites == expected
    write(tmp_path, "intent: {sites: [https://www.example.com, https://example.jp]}")
    assert load_settings(tmp_path, {}).intent.sites == expected[:2]


def test_plain_http_is_fine_on_this_machine(tmp_path: Path) -> None:
    """The practice orgs and a proxy on the same machine need no certificate."""
    for host in ("127.0.0.1:8081", "127.9.9.9", "localhost:1", "[::1]:8081"):
        settings = load_settings(tmp_path, variables(HUBSPOT__BASE_URL=f"http://{host}/"))
        assert settings.hubspot.base_url == f"http://{host}"


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "10.0.0.1", "::2"])
def test_only_loopback_is_loopback(host: str) -> None:
    """A name that merely begins like one is not."""
    assert not is_loopback(host)


def test_every_sentence_stands_in_both_languages_with_the_same_places() -> None:
    """No fault is told in half a language."""
    for code, told in sentences().items():
        assert set(told) == {"en", "ja"}, code
        # A sentence may name fewer examples in one language, but never another place.
        places = {
            lang: {name for _, name, _, _ in Formatter().parse(told[lang]) if name} for lang in told
        }
        assert places["en"] == places["ja"], code


def test_the_contracts_names_all_exist() -> None:
    """Each variable of the contract's table is a setting here."""
    named = """MODE HUBSPOT__BASE_URL HUBSPOT__API_VERSION HUBSPOT__ACCESS_TOKEN HUBSPOT__CLIENT_ID
    HUBSPOT__CLIENT_SECRET HUBSPOT__REFRESH_TOKEN HUBSPOT__PORTAL_ID HUBSPOT__APP_ID HUBSPOT__TIER
    SALESFORCE__LOGIN_URL SALESFORCE__CLIENT_ID SALESFORCE__CLIENT_SECRET SALESFORCE__USERNAME
    SALESFORCE__PRIVATE_KEY_FILE SALESFORCE__ORG_ID SALESFORCE__API_VERSION
    SALESFORCE__WEBHOOK_TOKEN DATABASE_URL REDIS_URL MAPPINGS WEB__HOST WEB__PORT WEB__PUBLIC_URL
    INTENT__WRITE_KEY SYNC__LANDING_WINDOW SYNC__POLL_EVERY SYNC__RESYNC_AT TIMEZONE REGION LANG"""
    missing = {f"KAKEHASHI_{name}" for name in re.split(r"\s+", named)} - set(KNOWN.variables())
    assert missing == set()
    assert Settings.model_fields.keys() >= {"mode", "hubspot", "salesforce"}
