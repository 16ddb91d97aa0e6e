"""People whose opt-ins are proved by three fields, between two twins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connector.port import System
from mappings.schema import ConsentLine, Mapping
from tests.sync.bridge import NAMES, people
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
EVIDENCE = {"at": "in_at", "source": "in_by", "basis": "in_basis"}
FIELDS = (*NAMES, "in_at", "in_by", "in_basis", "IsConverted", "ConvertedContactId")


def proving() -> Mapping:
    """People whose opt-ins are proved by three fields, on both sides."""
    base = people()
    line = ConsentLine(
        id="email",
        hubspot="optout",
        salesforce="OptOut",
        evidence={HUBSPOT: EVIDENCE, SALESFORCE: EVIDENCE},
    )
    return replace(
        base,
        objects={name: replace(lines, consent=(line,)) for name, lines in base.objects.items()},
        fields=dict.fromkeys(base.fields, tuple(sorted(FIELDS))),
    )


def proof(live: Live, *, days: float = 0, basis: str = "CONSENT_WITH_NOTICE") -> dict[str, str]:
    """The three fields of somebody who opts in now, or so many days from now."""
    at = live.time() + timedelta(days=days)
    return {"in_at": at.isoformat(), "in_by": "web form", "in_basis": basis}


def opted_out_pair(live: Live) -> tuple[str, str]:
    """Somebody who opted out in Salesforce, which HubSpot was told."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    right = live.salesforce.seed("Lead", {"email": "ann@example.com", "OptOut": True})
    live.resync()
    assert live.hubspot.records("contacts")[left]["optout"] is True
    live.time.forward(hours=1)
    return left, right


def flags(live: Live, left: str, right: str, object_name: str = "Lead") -> tuple[bool, bool]:
    return (
        bool(live.hubspot.records("contacts")[left].get("optout")),
        bool(live.salesforce.records(object_name)[right].get("OptOut")),
    )
