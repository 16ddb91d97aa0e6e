"""People are told of a new kind of trouble once, by the ways they chose, and of nobody's record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector.errors import Rejected
from connector.port import System
from sync.alerts import ALERTED, Alerts, senders_of
from sync.ledger import Later, Ring
from sync.model import Parked
from sync.settings import AlertSettings
from tests.connector.hubspot_server import Reply, Server, running
from tests.sync.bridge import sqlite_url
from tests.sync.live import Live
from tests.sync.mail_server import Mailbox, mail_server
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
TO = "ops@example.com"


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


@pytest.fixture
def hook() -> Iterator[Server]:
    with running() as server:
        yield server


def by_hook(hook: Server) -> AlertSettings:
    return AlertSettings(url=SecretStr(f"{hook.url}/services/T0/secret"))


def by_mail(box: Mailbox, scheme: str = "smtp", user: str = "") -> AlertSettings:
    url = SecretStr(f"{scheme}://{user}localhost:{box.port}")
    return AlertSettings(email_to=TO, email_from="kakehashi@example.com", smtp_url=url)


def alerts(live: Live, settings: AlertSettings, **more: object) -> Alerts:
    said = {"written": lambda: {"people": ("email",)}, **more}
    return Alerts(ledger=live.ledger, senders=senders_of(settings), clock=live.time, **said)  # type: ignore[arg-type]  # its own keywords


def park(
    live: Live, record_id: str = "1", cause: str = "too_long", mapping: str = "people"
) -> None:
    row = Parked(
        mapping=mapping,
        system=SALESFORCE,
        object="Lead",
        record_id=record_id,
        line="title",
        cause=cause,
        advice=f"taro@example.com is refused for record {record_id}",
    )
    live.ledger.park([row], live.time())


def kinds(hook: Server) -> list[str]:
    return [asked.json["kind"] for asked in hook.asked]


# What is told -------------------------------------------------------------------------------------


def test_nothing_is_told_while_nothing_is_wrong(live: Live, hook: Server) -> None:
    """A quiet system is a quiet channel."""
    paired(live)
    assert alerts(live, by_hook(hook)).tell() == 0
    assert hook.asked == []


def test_the_first_of_a_kind_is_told_in_a_form_that_slack_understands(
    live: Live, hook: Server
) -> None:
    """`text` for the channel, the rest for programs."""
    park(live)
    assert alerts(live, by_hook(hook)).tell() == 1
    [asked] = hook.asked
    assert (asked.method, asked.path) == ("POST", "/services/T0/secret")
    assert asked.headers["Content-Type"] == "application/json"
    command = "kakehashi parked list --mapping people --cause too_long"
    assert asked.json == {
        "text": "Kakehashi: people: parked (too_long), 1 so far. What to do: shorten the value, or "
        f"let the line cut it with `truncate`. Look with: {command}",
        "kind": "parked:people:too_long",
        "cause": "too_long",
        "count": 1,
        "advice": "shorten the value, or let the line cut it with `truncate`",
        "command": command,
    }


def test_more_of_the_same_kind_is_no_news(live: Live, hook: Server) -> None:
    """Another cause or another mapping is; a new process knows what was told."""
    park(live)
    alerts(live, by_hook(hook)).tell()
    park(live, "2")
    assert alerts(live, by_hook(hook)).tell() == 0
    park(live, "3", cause="duplicate_of")
    park(live, "4", mapping="companies")
    assert alerts(live, by_hook(hook)).tell() == 2
    assert kinds(hook)[1:] == ["parked:companies:too_long", "parked:people:duplicate_of"]


def test_no_value_of_a_record_leaves_in_an_alert(live: Live, hook: Server) -> None:
    """The advice in the quarantine may quote the vendor, who quotes the record; ours does not."""
    park(live, "00Q000000000001")
    park(live, "00Q000000000002", cause="a_cause_we_never_heard_of")
    with mail_server() as box:
        both = by_mail(box).model_copy(update={"url": by_hook(hook).url})
        assert alerts(live, both).tell() == 2
        told = [asked.body.decode() for asked in hook.asked]
        told += [mail.as_string() for mail in box.mails]
    assert len(told) == 4
    assert not [text for text in told if "taro" in text or "00Q" in text]


def test_a_system_that_refuses_us_is_told(live: Live, hook: Server) -> None:
    """Once; and again if the reason is another one."""
    live.ledger.block(SALESFORCE, "credentials", "…", live.time(), 30)
    teller = alerts(live, by_hook(hook))
    assert (teller.tell(), teller.tell()) == (1, 0)
    live.ledger.block(SALESFORCE, "quota", "…", live.time(), 30)
    assert teller.tell() == 1
    assert kinds(hook) == ["blocked:salesforce:credentials", "blocked:salesforce:quota"]
    assert "token" in hook.asked[0].json["advice"]


def test_a_compare_that_a_guard_stopped_is_told(live: Live, hook: Server) -> None:
    """Until one of that mapping went through."""
    for number in range(3):
        live.hubspot.seed("contacts", {"email": f"p{number}@example.com"})
    live.resync()
    for record_id in live.hubspot.records("contacts"):
        live.hubspot.remove("contacts", record_id)
    teller = alerts(live, by_hook(hook))
    assert live.resync().guards
    assert teller.tell() == 1
    assert kinds(hook) == ["guard:people"]
    live.resync(allowed={"empty": 1})
    assert live.ledger.stopped_by_guard() == []


def test_faults_of_the_mapping_files_are_told(live: Live, hook: Server) -> None:
    """How many; the list is for `kakehashi check`."""
    teller = alerts(live, by_hook(hook), faults=lambda: "people.yaml:3 …\npeople.yaml:9 …")
    assert teller.tell() == 1
    assert (hook.asked[0].json["kind"], hook.asked[0].json["count"]) == ("mappings", 2)


def test_a_record_that_we_fail_at_by_a_bug_of_ours_is_told(live: Live, hook: Server) -> None:
    """It waits alone, and somebody has to send us the log."""
    live.ledger.ring([Ring(HUBSPOT, "contacts", "1")], live.time())
    bells = live.ledger.take_bells("worker", live.time(), limit=1)
    live.ledger.wipe([], [Later(bell, live.time(), "our_bug") for bell in bells], live.time())
    assert alerts(live, by_hook(hook)).tell() == 1
    assert kinds(hook) == ["our_bug"]


def test_an_opt_out_that_does_not_arrive_is_told_first(live: Live, hook: Server) -> None:
    """At the first refusal, and before everything else."""
    left, _ = paired(live)
    live.salesforce.faults.reject["OptOut", True] = Rejected(
        "no", system="salesforce", cause="read_only", fields=("OptOut",)
    )
    live.hubspot.edit("contacts", left, {"optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    park(live, cause="too_long")
    assert alerts(live, by_hook(hook)).tell() == 2
    told = [asked.json for asked in hook.asked[-2:]]
    assert [(one["kind"], one["cause"], one["count"]) for one in told] == [
        ("consent:people", "consent", 1),
        ("parked:people:too_long", "too_long", 1),
    ]


def test_an_opt_out_on_its_way_is_no_trouble(live: Live, hook: Server) -> None:
    """Nor is one in a mapping that writes nothing; what has arrived is over."""
    left, right = paired(live)
    teller = alerts(live, by_hook(hook), written=lambda: {"companies": ()})
    live.hubspot.edit("contacts", left, {"optout": True})
    live.resync(observe=True)
    assert alerts(live, by_hook(hook)).consent_due() == {"people": 1}
    teller.tell()
    live.time.forward(minutes=11)
    assert teller.tell() == 0
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert alerts(live, by_hook(hook)).consent_due() == {}
    assert alerts(live, by_hook(hook)).tell() == 0


def test_it_speaks_japanese(live: Live, hook: Server) -> None:
    """`KAKEHASHI_LANG=ja`, in the channel and in the subject of the mail."""
    park(live)
    with mail_server() as box:
        both = by_mail(box).model_copy(update={"url": by_hook(hook).url})
        assert alerts(live, both, lang="ja").tell() == 1
        [mail] = box.mails
    assert "保留" in hook.asked[0].json["text"]
    assert mail["Subject"] == "Kakehashi: people: 保留(too_long)が 1 件あります。"
    assert "短く" in mail.get_content()


# Coming and going ---------------------------------------------------------------------------------


def test_a_kind_that_comes_back_is_news_again(live: Live, hook: Server) -> None:
    """The next day."""
    teller = alerts(live, by_hook(hook))
    for _ in range(2):
        live.ledger.block(HUBSPOT, "unreachable", "…", live.time(), 30)
        assert teller.tell() == 1
        live.ledger.unblock(HUBSPOT)
        assert teller.tell() == 0
        live.time.forward(hours=24)


def test_a_kind_that_flaps_is_told_once_an_hour(live: Live, hook: Server) -> None:
    """Every minute up and down for three hours: three alerts; and what stays is not forgotten."""
    teller = alerts(live, by_hook(hook))
    sent = 0
    for minute in range(180):
        if minute % 2:
            live.ledger.unblock(HUBSPOT)
        else:
            live.ledger.block(HUBSPOT, "unreachable", "…", live.time(), 30)
        sent += teller.tell()
        live.time.forward(minutes=1)
    assert sent == 3
    live.ledger.block(HUBSPOT, "unreachable", "…", live.time(), 30)
    told = []
    for _ in range(180):
        told.append(teller.tell())
        live.time.forward(minutes=1)
    assert sum(told) == 1


# Ways that fail -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_what_was_not_taken_is_told_at_the_next_look(live: Live, hook: Server, status: int) -> None:
    """A redirect is not followed: it would carry the secret of the address elsewhere."""
    park(live)
    teller = alerts(live, by_hook(hook))
    hook.queue.append(Reply(status, headers={"Location": f"{hook.url}/elsewhere"}))
    assert teller.tell() == 0
    assert live.ledger.fact(ALERTED) is None
    assert teller.tell() == 1
    assert [asked.path for asked in hook.asked] == ["/services/T0/secret"] * 2


def test_a_dead_channel_disturbs_nobody_and_is_logged_without_its_address(live: Live) -> None:
    """Nobody listens there; one try, although there are two alarms."""
    with running() as server:
        settings = by_hook(server)
    park(live)
    park(live, "2", cause="duplicate_of")
    with capture_logs() as logs:
        assert alerts(live, settings).tell() == 0
    [line] = logs
    assert (line["event"], line["way"], line["reason"]) == (
        "alert not sent",
        "webhook",
        "ConnectionError",
    )
    assert "secret" not in json.dumps(logs)


def test_a_way_that_missed_an_alarm_gets_it_later_and_the_others_not_twice(
    live: Live, hook: Server
) -> None:
    """Each way is owed every alarm once."""
    park(live)
    with mail_server() as box:
        both = by_mail(box).model_copy(update={"url": by_hook(hook).url})
        hook.queue.append(Reply(503))
        assert alerts(live, both).tell() == 1
        assert (len(hook.asked), len(box.mails)) == (1, 1)
        assert alerts(live, both).tell() == 0
        assert alerts(live, both).tell() == 0
        assert (len(hook.asked), len(box.mails)) == (2, 1)


def test_plain_http_is_for_this_machine_only(live: Live) -> None:
    """The address is a secret."""
    park(live)
    settings = AlertSettings(url=SecretStr("http://chat.example.com/secret"))
    with capture_logs() as logs:
        assert alerts(live, settings).tell() == 0
    assert logs[0]["reason"] == "plain_http"


def test_a_memory_that_cannot_be_read_tells_once_more(live: Live, hook: Server) -> None:
    """Rather twice than never."""
    park(live)
    live.ledger.set_fact(ALERTED, "[1]")
    assert alerts(live, by_hook(hook)).tell() == 1
    assert alerts(live, by_hook(hook)).tell() == 0
