"""The HubSpot app that rings at our door, as the files of a developer project. Pure.

A service key has no webhooks, so an app of one's own is needed, and its subscriptions stand in a file
that is uploaded. One subscription per property: what is subscribed to follows from the mappings.
https://developers.hubspot.com/docs/apps/developer-platform/add-features/configure-webhooks
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from connector.hubspot.events import KINDS, OBJECTS_BY_TYPE_ID, OBJECTS_BY_WORD
from connector.port import System
from mappings.matching import MORE_EMAILS, NATIVE_IDS
from mappings.schema import Mapping as FieldMapping

# The newest version that HubSpot's own project templates name without a "beta".
PLATFORM: Final = "2026.09"
DOOR: Final = "/webhooks/hubspot"
# HubSpot's own default and most; a door answers in milliseconds.
AT_ONCE: Final = 10

LINKS: Final = "associations."
# They have rights of their own, no properties and no webhooks: lists and their members are looked at.
LISTS: Final = "lists"
# Fields that are read and never the reason to look: HubSpot's own app leaves the native ids (without
# it they do not exist), and a further address of a contact comes with a merge, which rings by itself.
SILENT: Final = frozenset({*NATIVE_IDS, MORE_EMAILS})
# Associations in the classic form, whose payload is documented; objects without one take the general.
CLASSIC_LINKS: Final = frozenset({"contact", "company", "deal", "ticket", "line_item"})
WORDS: Final = {name: word for word, name in OBJECTS_BY_WORD.items()}
EVENTS: Final = ("creation", "deletion", "merge", "restore")


def project_files(mappings: Iterable[FieldMapping], public_url: str) -> dict[str, str]:
    """Path in the project -> text, for these mappings and the address that HubSpot will call."""
    live = [mapping for mapping in mappings if mapping.mode != "off"]
    project = {"name": "kakehashi", "srcDir": "src", "platformVersion": PLATFORM}
    return {
        "hsproject.json": _json(project),
        "src/app/app-hsmeta.json": _json(_app(live, public_url)),
        "src/app/webhooks/webhooks-hsmeta.json": _json(_webhooks(live, public_url)),
    }


def rung_properties(mappings: Iterable[FieldMapping]) -> dict[str, set[str]]:
    """By object: the properties whose change can change what we do.

    Those of the lines, of `only`, of `create` and of `match`, and the opt-outs. Associations stand
    among them as ``associations.company``.
    """
    found: dict[str, set[str]] = {}
    for mapping in mappings:
        name = mapping.hubspot_object
        if name == LISTS:
            continue
        read = set(mapping.fields[System.HUBSPOT, name]) - SILENT
        # Nobody but us writes the key.
        found.setdefault(name, set()).update(read - {mapping.keys.get(System.HUBSPOT)})
    return found


def _app(mappings: Iterable[FieldMapping], public_url: str) -> dict[str, Any]:
    """An app of one account: its static token reads and writes, its secret signs the webhooks."""
    auth = {
        "type": "static",
        "requiredScopes": sorted({"oauth", *_scopes(mappings)}),
        "optionalScopes": [],
        "conditionallyRequiredScopes": [],
    }
    return {
        "uid": "kakehashi",
        "type": "app",
        "config": {
            "name": "Kakehashi",
            "description": "Keeps this account in line with Salesforce, field by field.",
            "distribution": "private",
            "auth": auth,
            "permittedUrls": {"fetch": [], "iframe": [], "img": []},
            "support": {
                "supportEmail": "admin@example.com",
                "documentationUrl": public_url,
                "supportUrl": public_url,
            },
        },
    }


def _scopes(mappings: Iterable[FieldMapping]) -> Iterator[str]:
    for mapping in mappings:
        name = mapping.hubspot_object
        family = name if name in OBJECTS_BY_TYPE_ID.values() else "custom"
        for right in ("read", "write"):
            if name == LISTS:
                yield f"crm.lists.{right}"
                continue
            yield f"crm.objects.{family}.{right}"
            # `init` creates the key property; without this right it says what to create by hand.
            yield f"crm.schemas.{family}.{right}"
        objects = mapping.objects.values()
        if any(line.link_to == "owners" for lines in objects for line in lines.lines):
            yield "crm.objects.owners.read"
        if any(lines.consent for lines in objects):
            yield "communication_preferences.read_write"


def _webhooks(mappings: Iterable[FieldMapping], public_url: str) -> dict[str, Any]:
    general: list[dict[str, Any]] = []
    classic: list[dict[str, Any]] = []
    hub: list[dict[str, Any]] = []
    for name, properties in sorted(rung_properties(mappings).items()):
        word = object_word(name)
        general += [_subscription(f"object.{kind}", objectType=word) for kind in EVENTS]
        general += [
            _subscription("object.propertyChange", objectType=word, propertyName=one)
            for one in sorted(properties)
            if not one.startswith(LINKS)
        ]
        if any(one.startswith(LINKS) for one in properties):
            if word in CLASSIC_LINKS:
                classic.append(_subscription(f"{word}.associationChange"))
            else:
                general.append(_subscription("object.associationChange", objectType=word))
        if word == "contact":
            hub.append(_subscription("contact.privacyDeletion"))
    return {
        "uid": "kakehashi_webhooks",
        "type": "webhooks",
        "config": {
            "settings": {"targetUrl": f"{public_url}{DOOR}", "maxConcurrentRequests": AT_ONCE},
            "subscriptions": {
                "crmObjects": general,
                "legacyCrmObjects": classic,
                "hubEvents": hub,
            },
        },
    }


def object_word(name: str) -> str:
    """HubSpot's singular for an object of the mappings; a custom one keeps its name."""
    known = name in OBJECTS_BY_TYPE_ID.values()
    return WORDS.get(name) or (name.removesuffix("s") if known else name)


def _subscription(kind: str, **more: str) -> dict[str, Any]:
    if kind.partition(".")[2] not in KINDS:
        raise ValueError(f"our door does not know {kind}")
    return {"subscriptionType": kind, **more, "active": True}


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
