"""An installation in which both departments agreed on a definition: sellers act in the practice org."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.selling import furnish
from sandbox.serve import Sandbox
from tests.walk.installation import Installation
from tests.walk.live import Pair
from tests.walk.website import KEY, SAMPLES

MARKETING, SALES = "m.sato@acme.test", "k.tanaka@acme.test"
# The one user of the practice org who is a person.
SELLER = "sales.person@practice.example.com"
OWNERS = re.compile(r"owners: \{[^}]*\}")
MAPPINGS = {"people": "people-with-handoff", "companies": "companies-with-intent"}
# Where both systems hold what is told of somebody's life: HubSpot's property, Salesforce's field.
LIFE = {
    "stage": ("shared_stage", "Shared_Stage__c"),
    "cycle": ("shared_cycle_no", "Shared_Cycle_No__c"),
    "verdict": ("shared_sales_verdict", "Sales_Verdict__c"),
    "handed_to": ("shared_handed_to", "Shared_Handed_To__c"),
    "reason": ("shared_recycle_reason", "Recycle_Reason__c"),
    "comment": ("shared_recycle_comment", "Recycle_Comment__c"),
    "recycled_at": ("shared_recycled_at", "Recycled_At__c"),
    "recycled_by": ("shared_recycled_by", "Recycled_By__c"),
    "count": ("shared_recycle_count", "Recycle_Count__c"),
    "reactivate_on": ("shared_reactivate_on", "Reactivate_On__c"),
    "returned": ("shared_is_returned", "Shared_Is_Returned__c"),
    "because": ("shared_reactivation_reason", "Shared_Reactivation_Reason__c"),
    "nurture": ("shared_nurture", "Shared_Nurture__c"),
    "card": ("shared_handoff_card", "Handoff_Card__c"),
    "questions": ("shared_handoff_missing", "Handoff_Missing__c"),
}
# What marketing has to find after a send-back. A comment and a day may be left out, and whoever opted out of
# mail is not nurtured.
SENT_BACK = (
    "stage",
    "verdict",
    "reason",
    "recycled_at",
    "recycled_by",
    "count",
    "cycle",
)


def prepare(
    folder: Path, sandbox: Sandbox, rules: Mapping[str, str] | None = None, **settings: str
) -> Installation:
    """Everybody in line, and the shipped definition in force, with owners of an invented company.

    `rules`: what is to stand in it for a text that is shipped.
    """
    more = {"KAKEHASHI_INTENT__WRITE_KEY": KEY, "KAKEHASHI_SYNC__POLL_EVERY": "3600"}
    installation = Installation(folder, sandbox, {**more, **settings})
    admin = installation.admin
    (mappings := admin.folder / "mappings").mkdir()
    for name, sample in MAPPINGS.items():
        shutil.copyfile(SAMPLES / f"{sample}.yaml", mappings / f"{name}.yaml")
    furnish(sandbox.hubspot, sandbox.salesforce)
    installation.prepare()
    definition = admin.folder / "definitions" / "qualified-lead.yaml"
    owners = f"owners: {{marketing: {MARKETING}, sales: {SALES}}}"
    text = OWNERS.sub(owners, definition.read_text("utf-8"), count=1)
    for shipped, wanted in {"to: [sales@example.com]": f"to: [{SELLER}]", **(rules or {})}.items():
        assert shipped in text
        text = text.replace(shipped, wanted)
    definition.write_text(text, "utf-8")
    approve(installation)
    return installation


def approve(installation: Installation) -> None:
    """Both owners agree to exactly this text."""
    for department, by, code in (("marketing", MARKETING, 1), ("sales", SALES, 0)):
        words = ("--for", department, "--by", by, "--yes")
        done = installation.admin.run("definition", "approve", *words)
        assert done.code == code, done.out + done.err


def in_hubspot(sandbox: Sandbox, contact: str) -> dict[str, str | None]:
    """What HubSpot holds of somebody's life."""
    return life_of(sandbox.hubspot.records("contacts")[contact])


def life_of(contact: Mapping[str, str | None]) -> dict[str, str | None]:
    """What a contact's properties say of it."""
    return {name: contact.get(left) or None for name, (left, _) in LIFE.items()}


def in_salesforce(sandbox: Sandbox, pair: Pair) -> dict[str, Any]:
    """What Salesforce holds of it."""
    held = sandbox.salesforce.records(pair.object)[pair.record]
    return {name: held.get(right) for name, (_, right) in LIFE.items()}


def seller_says(sandbox: Sandbox, pair: Pair, **values: Any) -> None:
    """A seller edits the record in Salesforce; names are those of `LIFE`."""
    sandbox.salesforce.edit(
        pair.object, pair.record, {LIFE[name][1]: value for name, value in values.items()}
    )


def stands(sandbox: Sandbox, pair: Pair, stage: str) -> bool:
    """Whether both systems say so."""
    held = (in_hubspot(sandbox, pair.contact), in_salesforce(sandbox, pair))
    return [one["stage"] for one in held] == [stage, stage]


def is_back(held: Mapping[str, Any]) -> bool:
    """Whether everything that marketing has to find after a send-back stands there."""
    return held["stage"] == "recycled" and all(held[name] for name in SENT_BACK)
