"""HubSpot's own behaviour data as events, so that a site with HubSpot's tag needs no second one. Pure.

Two ways lead here: the roll-ups in a contact's properties (every edition), and the occurrences of the events
API (Enterprise). Ids are made of what happened, so reading the same thing again does no harm. A roll-up
tells of the *last* page, form or click only; views in between, of which nobody knows the page, are not
invented. That somebody came back follows from the days on file, whoever told of them: HubSpot's own times of
visits are not read, or it would count twice. Property names: HubSpot sheet, sections 15 and 18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from intent import hygiene
from intent.intake import PAGE_VIEW, Intake, Told
from intent.model import Event, Rejection
from intent.telling import Refused
from mappings.normal import moment as read_moment

SOURCE: Final = "hubspot"
CONTACTS: Final = "contacts"
OCCURRENCE: Final = "occurrences"
OCCURRENCE_FIELDS: Final = ("eventType", "objectId", "occurredAt", "hs_url", "hs_title")
LEGAL_BASIS: Final = "hs_legal_basis"
WHO: Final = ("email", LEGAL_BASIS)
# What a contact is asked for.
FIELDS: Final = (
    "email",
    LEGAL_BASIS,
    "hs_analytics_last_url",
    "hs_analytics_last_timestamp",
    "first_conversion_date",
    "first_conversion_event_name",
    "recent_conversion_date",
    "recent_conversion_event_name",
    "hs_email_last_click_date",
    "hs_email_last_email_name",
)
# A basis that says that none is needed, or none is there.
NO_BASIS: Final = frozenset({"", "not applicable", "none"})
# A form whose name says one of these is a hand-raise; any other one is about content.
HAND_RAISES: Final = (
    *("問い合わせ", "問合せ", "問合わせ", "お問合", "デモ", "見積", "商談", "相談", "トライアル申"),
    *(
        "contact us",
        "contact form",
        "demo",
        "quote",
        "talk to sales",
        "book a meeting",
        "consultation",
    ),
)
# HubSpot's name of an occurrence -> our type; others are told as ignored.
OCCURRENCES: Final[Mapping[str, str]] = {"e_visited_page": PAGE_VIEW}
FROM_HUBSPOT: Final = Told(SOURCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Reads what HubSpot tells. `basis` is what the admin states for all contacts; None: only HubSpot's
    own legal basis of each contact counts. `pages`: whether page views are taken from the roll-ups."""

    intake: Intake
    basis: str | None = None
    pages: bool = True

    def of_contact(
        self, contact_id: str, told: Mapping[str, Any], at: datetime
    ) -> list[Event | Rejection]:
        """What a contact did last, by its properties. What was told before has the same id.

        One `Rejection` (no_consent) where HubSpot tells no basis on which it may be used.
        """
        try:
            basis = self.basis_of(told)
        except Refused as refused:
            return [Rejection(0, f"{SOURCE}:{contact_id}", refused.code, refused.message())]
        found = [
            *self._forms(contact_id, told),
            *self._clicks(contact_id, told),
            *(self._page(contact_id, told) if self.pages else ()),
        ]
        who = {"email": told.get("email"), "hubspot_contact_id": contact_id, "basis": basis}
        return [self._event(raw | who, number, at) for number, raw in enumerate(found)]

    def of_occurrence(
        self, number: str, told: Mapping[str, Any], contact: Mapping[str, Any], at: datetime
    ) -> Event | Rejection:
        """One occurrence of the events API about a contact with these properties.

        `told` holds its ``eventType``, ``objectId``, ``occurredAt``, and what it says of the page.
        """
        kind = str(told.get("eventType"))
        name = f"{SOURCE}:{number}"
        try:
            raw = {
                "event_id": name,
                "type": OCCURRENCES.get(kind, kind),
                "occurred_at": told.get("occurredAt"),
                "url": with_scheme(str(told.get("hs_url") or "")),
                "title": told.get("hs_title"),
                "email": contact.get("email"),
                "hubspot_contact_id": str(told.get("objectId") or ""),
                "basis": self.basis_of(contact),
            }
        except Refused as refused:
            return Rejection(0, name, refused.code, refused.message())
        return self._event(raw, 0, at)

    def basis_of(self, contact: Mapping[str, Any]) -> str:
        """On what basis a contact's behaviour may be used. Raises `Refused`."""
        told = str(contact.get(LEGAL_BASIS) or "").strip()
        if told.lower() not in NO_BASIS:
            return hygiene.clean_text(f"hubspot: {told}", 100) or SOURCE
        if self.basis is None:
            raise Refused("no_consent", "hubspot")
        return self.basis

    def _event(self, raw: dict[str, Any], number: int, at: datetime) -> Event | Rejection:
        consent = {"tracking": "granted", "basis": raw.pop("basis")}
        return self.intake.read(raw | {"consent": consent}, number, FROM_HUBSPOT, at)

    def _forms(self, contact_id: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The first and the latest form; both tell of the same one while there is only one."""
        found: dict[str, dict[str, Any]] = {}
        for which in ("first_conversion", "recent_conversion"):
            at = _moment(told, f"{which}_date")
            if at is None:
                continue
            form = str(told.get(f"{which}_event_name") or "")
            event_id = f"{SOURCE}:{contact_id}:form:{_stamp(at)}"
            found[event_id] = {
                "event_id": event_id,
                "type": form_type(form),
                "occurred_at": at.isoformat(),
                "properties": {"form": form},
            }
        return list(found.values())

    def _clicks(self, contact_id: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        at = _moment(told, "hs_email_last_click_date")
        if at is None:
            return []
        return [
            {
                "event_id": f"{SOURCE}:{contact_id}:click:{_stamp(at)}",
                "type": "email_click",
                "occurred_at": at.isoformat(),
                "properties": {"campaign": told.get("hs_email_last_email_name")},
            }
        ]

    def _page(self, contact_id: str, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        at = _moment(told, "hs_analytics_last_timestamp")
        if at is None or not told.get("hs_analytics_last_url"):
            return []
        return [
            {
                "event_id": f"{SOURCE}:{contact_id}:view:{_stamp(at)}",
                "type": PAGE_VIEW,
                "occurred_at": at.isoformat(),
                "url": with_scheme(str(told["hs_analytics_last_url"])),
            }
        ]


def form_type(name: str) -> str:
    """The type of a form by its name, as a seller would read it."""
    told = name.casefold()
    hand_raise = any(word in told for word in HAND_RAISES)
    return "form_submit_handraise" if hand_raise else "form_submit_content"


def with_scheme(url: str) -> str:
    """HubSpot keeps some addresses without their scheme."""
    return url if "://" in url else f"https://{url.removeprefix('//')}"


def _moment(told: Mapping[str, Any], field: str) -> datetime | None:
    return read_moment(str(told.get(field) or ""))


def _stamp(at: datetime) -> int:
    return round(at.timestamp() * 1000)
