"""The files that set up both senders follow the mappings, and what they send is understood."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from defusedxml import ElementTree

from connector.hubspot.events import HubSpotDoor, read_events
from connector.port import System
from deploy.salesforce_messages import Sender, messages, package_files
from deploy.senders import main, mappings_of, sender_files
from mappings.schema import Mapping
from sync.lanes import Lane
from sync.settings import Settings
from tests.connector.test_salesforce_events import message, notification
from tests.webhooks.scene import Scene, send

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
# The addresses for which the files that stand there were made.
EXAMPLE = Sender("https://kakehashi.example.com", "kakehashi@example.com")
METADATA = "{http://soap.sforce.com/2006/04/metadata}"


def shipped() -> list[Mapping]:
    return mappings_of(ROOT, Settings())


def test_the_senders_files_are_those_of_the_shipped_mappings() -> None:
    """Made anew with `python -m deploy.senders`, as docs/webhooks.md tells."""
    made = sender_files(shipped(), EXAMPLE)
    kept = {
        file.relative_to(DEPLOY).as_posix(): file.read_text("utf-8")
        for folder in ("hubspot-app", "salesforce")
        for file in (DEPLOY / folder).rglob("*")
        if file.is_file()
    }
    assert kept == made


def subscriptions(files: dict[str, str]) -> list[dict[str, Any]]:
    told = json.loads(files["hubspot-app/src/app/webhooks/webhooks-hsmeta.json"])["config"]
    assert told["settings"]["targetUrl"] == f"{EXAMPLE.public_url}/webhooks/hubspot"
    return [one for group in told["subscriptions"].values() for one in group]


@pytest.mark.parametrize("sample", [None, "people-with-own-fields.yaml"])
def test_nothing_that_is_mapped_changes_in_silence(sample: str | None, tmp_path: Path) -> None:
    """Every property of a line and every opt-out has its subscription, in the admin's own mappings too."""
    mappings = shipped()
    if sample is not None:
        (tmp_path / "mappings").mkdir()
        text = (ROOT / "mappings" / "samples" / sample).read_text("utf-8")
        (tmp_path / "mappings" / "people.yaml").write_text(text, "utf-8")
        mappings = mappings_of(tmp_path, Settings())
    told = subscriptions(sender_files(mappings, EXAMPLE))
    words = {"contacts": "contact", "companies": "company", "deals": "deal"}
    for mapping in mappings:
        word = words[mapping.hubspot_object]
        rung = {one.get("propertyName") for one in told if one.get("objectType") == word}
        for lines in mapping.objects.values():
            mapped = {name for line in lines.lines for name in line.hubspot.fields}
            mapped |= {one.hubspot for one in lines.consent}
            assert {name for name in mapped if "." not in name} <= rung
            if any("." in name for name in mapped):
                assert f"{word}.associationChange" in {one["subscriptionType"] for one in told}
        kinds = {one["subscriptionType"] for one in told if one.get("objectType") == word}
        assert kinds >= {f"object.{kind}" for kind in ("creation", "deletion", "merge", "restore")}


def test_the_app_reads_and_writes_what_is_mapped_and_no_more() -> None:
    """Rights for the mapped objects, their owners and consent."""
    app = json.loads((DEPLOY / "hubspot-app/src/app/app-hsmeta.json").read_text("utf-8"))["config"]
    scopes = set(app["auth"]["requiredScopes"])
    objects = {scope.split(".")[2] for scope in scopes if scope.startswith("crm.")}
    assert objects == {mapping.hubspot_object for mapping in shipped()} | {"owners"}
    assert "communication_preferences.read_write" in scopes


def test_lists_and_objects_of_ones_own_have_rights_of_their_own(tmp_path: Path) -> None:
    """Lists do not ring: their members are looked at by the clock. A custom object rings by its name."""
    (tmp_path / "mappings").mkdir()
    for stem in ("companies", "deals", "samples/campaigns", "samples/custom-object"):
        text = (ROOT / "mappings" / f"{stem}.yaml").read_text("utf-8")
        (tmp_path / "mappings" / f"{Path(stem).name}.yaml").write_text(text, "utf-8")
    files = sender_files(mappings_of(tmp_path, Settings()), EXAMPLE)
    app = json.loads(files["hubspot-app/src/app/app-hsmeta.json"])["config"]
    scopes = set(app["auth"]["requiredScopes"])
    custom = {
        f"crm.{what}.custom.{right}"
        for what in ("objects", "schemas")
        for right in ("read", "write")
    }
    assert scopes >= {"crm.lists.read", "crm.lists.write", *custom}
    assert not any("objects.lists" in scope or "schemas.lists" in scope for scope in scopes)
    rung = {one.get("objectType") for one in subscriptions(files)}
    assert "subscriptions" in rung
    assert not rung & {"list", "lists"}


def test_our_door_understands_every_subscription() -> None:
    """One event of each, as HubSpot sends them: none is left aside, each names its object."""
    type_ids = {"contact": "0-1", "company": "0-2", "deal": "0-3"}
    told = subscriptions(sender_files(shipped(), EXAMPLE))
    events = [
        {
            "subscriptionType": one["subscriptionType"],
            "objectTypeId": type_ids.get(one.get("objectType", "")),
            "propertyName": one.get("propertyName"),
            "objectId": 734931097788,
            "fromObjectId": 734931097788,
            "primaryObjectId": 734931097788,
        }
        for one in told
    ]
    delivery = read_events(HubSpotDoor("secret"), json.dumps(events).encode())
    assert delivery.ignored == ()
    assert {one.object for one in delivery.notices} == {"contacts", "companies", "deals"}
    assert len(delivery.notices) == len(told) > 30


def test_every_salesforce_object_rings_when_it_is_saved() -> None:
    """What must not wait has a message of its own beside it, with its lane in the address."""
    told = {(one.object, one.lane) for one in messages(shipped())}
    objects = {name for mapping in shipped() for name in mapping.objects_of(System.SALESFORCE)}
    assert told == {(name, None) for name in objects} | {
        ("Contact", Lane.CONSENT),
        ("Lead", Lane.CONSENT),
        ("Lead", Lane.HANDOFF),
    }


def test_the_package_holds_together() -> None:
    """Each flow sends a message that is there; the list names all of them and nothing else."""
    files = package_files(shipped(), EXAMPLE)
    trees = {name: ElementTree.fromstring(text) for name, text in files.items()}
    listed = {member.text for member in trees["package.xml"].iter(f"{METADATA}members")}
    sent = {
        f"{Path(name).stem}.{found.findtext(f'{METADATA}fullName')}"
        for name, tree in trees.items()
        for found in tree.iter(f"{METADATA}outboundMessages")
    }
    flows = {Path(name).stem: tree for name, tree in trees.items() if name.endswith(".flow")}
    assert listed == sent | set(flows)
    assert {tree.findtext(f".//{METADATA}actionName") for tree in flows.values()} == sent
    assert {tree.findtext(f"{METADATA}status") for tree in flows.values()} == {"Draft"}
    fields = [one.text for tree in trees.values() for one in tree.iter(f"{METADATA}fields")]
    assert set(fields) == {"Id"}, "a doorbell carries no data"


@pytest.mark.parametrize("lane", [None, Lane.CONSENT, Lane.HANDOFF])
def test_the_address_in_a_message_opens_our_door(lane: Lane | None) -> None:
    """With a secret of any characters but a slash, in the lane that was meant."""
    scene = Scene(token="s3cret+ %ä")
    url = urlsplit(Sender(EXAMPLE.public_url, EXAMPLE.user, scene.token).address(lane))
    path = url.path + (f"?{url.query}" if url.query else "")
    answer = send(scene.client(), message(notification()), path)
    assert answer.status_code == 200
    assert [receipt.lane_hint for receipt in scene.receipts] == [lane]


def test_the_files_are_written_from_ones_own_settings(tmp_path: Path) -> None:
    """Own address and secret are in them, they are for their owner's eyes, and nothing is asked."""
    (tmp_path / "mappings").mkdir()
    for name in ("people.yaml", "companies.yaml"):
        text = (ROOT / "mappings" / name).read_text("utf-8")
        (tmp_path / "mappings" / name).write_text(text, "utf-8")
    environ = {
        "KAKEHASHI_WEB__PUBLIC_URL": "https://bridge.example.co.jp/kakehashi/",
        "KAKEHASHI_SALESFORCE__WEBHOOK_TOKEN": "s3cret",
    }
    arguments = shlex.split(f"--folder {tmp_path} --salesforce-user bot@example.co.jp --active")
    done = CliRunner().invoke(main, arguments, env=environ)
    assert done.exit_code == 0
    lead = tmp_path / "var" / "senders" / "salesforce" / "workflows" / "Lead.workflow"
    assert "https://bridge.example.co.jp/kakehashi/webhooks/salesforce/s3cret<" in lead.read_text()
    assert lead.stat().st_mode & 0o077 == 0
    flow = lead.parent.parent / "flows" / "Kakehashi_Lead_Changed.flow"
    assert "<status>Active</status>" in flow.read_text("utf-8")


def test_without_a_public_address_no_file_is_written(tmp_path: Path) -> None:
    """The setting that is missing is named; exit code 2, as everywhere."""
    done = CliRunner().invoke(main, ["--folder", str(tmp_path), "--salesforce-user", "bot"])
    assert done.exit_code == 2
    assert "KAKEHASHI_WEB__PUBLIC_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


def codes_of_the_doors() -> set[str]:
    """Every word by which a door counts what it refuses or leaves aside."""
    files = ["connector/hubspot/events.py", "connector/salesforce/events.py"]
    files += ["webhooks/routes.py", "webhooks/answers.py", "webhooks/parts.py"]
    text = "".join((ROOT / name).read_text("utf-8") for name in files)
    spoken = r'(?:code=|_OddEvent\(|TurnedAway\([\w.]+, |Ignored\(index, )\s*"([a-z0-9_]+)"'
    return set(re.findall(spoken, text))


@pytest.mark.parametrize("name", ["webhooks.md", "webhooks.ja.md"])
def test_every_answer_of_a_door_is_explained(name: str) -> None:
    """In both languages, word for word as it is counted."""
    page = (ROOT / "docs" / name).read_text("utf-8")
    rows = re.findall(r"^\| \d{3} \| (.+?) \|", page, re.MULTILINE)
    explained = {code for row in rows for code in re.findall(r"`([a-z0-9_]+)`", row)}
    assert explained == codes_of_the_doors()


def test_both_languages_tell_the_same() -> None:
    """The same settings, files and commands, and as many headings."""
    names = ("webhooks.md", "webhooks.ja.md")
    english, japanese = ((ROOT / "docs" / name).read_text("utf-8") for name in names)
    for pattern in (
        r"KAKEHASHI_\w+",
        r"`deploy/[^`]+`",
        r"kakehashi [a-z]+",
        r"^#+ ",
        r"^\| \d{3}",
    ):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, japanese)]
        assert set(found[0]) == set(found[1])
    assert english.count("\n## ") == japanese.count("\n## ")
