"""Who is told of leads is a setting: checked at the start, and never printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lifecycle.definition import Department
from sync.mailroom import ways_of
from sync.settings import SettingsFaults, load_settings
from sync.ways import Chat, Mailed

HOOK = "https://hooks.example.com/services/T0/s3cret"
OWNERS: Mapping[Department, str] = {"marketing": "M. Sato", "sales": "K. Tanaka"}
ALERTS = {
    "KAKEHASHI_ALERT__SMTP_URL": "smtp://localhost:2525",
    "KAKEHASHI_ALERT__EMAIL_TO": "ops@example.com",
}


def test_with_nothing_set_nobody_is_told(tmp_path: Path) -> None:
    """Alarms by mail do not switch letters on."""
    settings = load_settings(tmp_path, ALERTS)
    assert not settings.handoff.configured
    assert not ways_of(settings, {}).are_set


def test_chats_come_from_a_mapping_and_mail_goes_over_the_alerts_server(tmp_path: Path) -> None:
    """A file of its own holds the webhooks, since they are secrets."""
    (tmp_path / "hooks.yaml").write_text(f"marketing: {HOOK}\nEast queue: {HOOK}\n", "utf-8")
    given = {
        **ALERTS,
        "KAKEHASHI_HANDOFF__WEBHOOKS_FILE": "hooks.yaml",
        "KAKEHASHI_HANDOFF__MAIL_FROM": "bridge@example.com",
        "KAKEHASHI_HANDOFF__SECRET": "old new",
    }
    settings = load_settings(tmp_path, given)
    ways = ways_of(settings, {})
    assert isinstance(ways.to("East queue", OWNERS), Chat)
    assert isinstance(ways.to("ops", OWNERS), Mailed)
    assert settings.handoff.secrets == ("old", "new")
    told = (
        repr(settings) + str(settings.redacted()) + repr(ways) + repr(ways.to("East queue", OWNERS))
    )
    assert "s3cret" not in told
    assert "old new" not in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"WEBHOOKS": HOOK}, "mapping of names"),
        ({"WEBHOOKS": "marketing: http://hooks.example.com/s3cret"}, "mapping of names"),
        ({"WEBHOOKS": "{marketing: [s3cret"}, "mapping of names"),
        ({"WEBHOOKS": "{marketing: 7}"}, "mapping of names"),
        ({"MAIL_FROM": "bridge@example.com"}, "KAKEHASHI_HANDOFF__MAIL_SMTP_URL"),
        ({"MAIL_SMTP_URL": "smtp://localhost"}, "KAKEHASHI_HANDOFF__MAIL_FROM"),
        ({"NOTES_AT": "early"}, "time of day"),
    ],
)
def test_what_is_wrong_is_told_without_the_secret(
    tmp_path: Path, given: dict[str, str], words: str
) -> None:
    """Plain http, no mapping, half of a way."""
    named = {f"KAKEHASHI_HANDOFF__{name}": value for name, value in given.items()}
    with pytest.raises(SettingsFaults) as caught:
        load_settings(tmp_path, named)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)
