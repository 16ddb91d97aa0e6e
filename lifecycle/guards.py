"""What each guard of the table asks, and what it answers where it does not hold. Pure.

A person of a department who says why stands in for the rules of the definition and for the gate; nobody
stands in for consent, exclusions or a cool-off. Sources: domain sheet, sections 2.3, 2.5 and 2.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lifecycle.coming_back import (
    Held,
    comes_back,
    hand_raise,
    may_return,
    needs_a_yes,
    straight_back,
)
from lifecycle.definition import Definition
from lifecycle.gate import Step, lacking
from lifecycle.model import Request, Role, Standing
from lifecycle.situation import Situation
from lifecycle.transitions import Guard, Transition

# The reason whose correction a rule may see by itself (domain sheet, T18).
BAD_DATA: Final = "bad_data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request and everything that it is judged by."""

    row: Transition
    request: Request
    standing: Standing
    situation: Situation
    definition: Definition

    @property
    def is_explained(self) -> bool:
        """Whether a person asks who has to say why; that they did is asked before any guard."""
        return self.request.role in self.row.explain

    @property
    def raises_hand(self) -> bool:
        return hand_raise(self.standing, self.situation.evidence)


def held(case: Case) -> Held | None:
    """The first guard of the row that does not hold; None: all do."""
    for name in case.row.guards:
        found = GUARDS[name](case)
        if found is not None:
            return found
    return None


def _lacks(what: str) -> Held:
    return Held("no_evidence", {"lacks": what})


def _contactable(case: Case) -> Held | None:
    return None if case.situation.contactable else _lacks("contactable")


def _consent(case: Case) -> Held | None:
    return None if case.situation.consent else Held("no_consent")


def _not_excluded(case: Case) -> Held | None:
    found = case.situation.exclusions
    return Held("excluded", {"rules": ", ".join(found)}) if found else None


def _not_cooling(case: Case) -> Held | None:
    """Somebody may be a lead again while the cool-off of the way before still runs."""
    until = case.standing.cool_until
    if until is None or case.situation.now >= until or case.raises_hand:
        return None
    return Held("cooling_off", {"until": until.isoformat(), "reason": case.standing.reason or ""})


def _qualified(case: Case) -> Held | None:
    if case.is_explained or case.situation.rules:
        return None
    return Held("not_qualified", {"definition": case.definition.name})


def _qualified_customer(case: Case) -> Held | None:
    if case.situation.customer_rules:
        return None
    return Held("not_qualified", {"definition": case.definition.name})


def _no_longer_qualified(case: Case) -> Held | None:
    rules = case.situation.rules
    return Held("no_evidence", {"lacks": "change", "rules": ", ".join(rules)}) if rules else None


def _gate(step: Step) -> Callable[[Case], Held | None]:
    def asked(case: Case) -> Held | None:
        if step == "mql" and (case.is_explained or _was_passed(case)):
            return None
        missing = lacking(
            case.definition.gate,
            case.situation.gate,
            step,
            case.situation.evidence,
            hand_raise=case.raises_hand,
        )
        return Held("gate", {"missing": ", ".join(missing)}) if missing else None

    return asked


def _was_passed(case: Case) -> bool:
    """Whom nobody worked had passed the gate before."""
    return (
        case.standing.recycled_at is not None
        and comes_back(case.standing, case.situation, case.definition) == "reroute"
    )


def _another_seller(case: Case) -> Held | None:
    seller = case.request.handed_to
    if straight_back(case.standing, case.situation.evidence, seller):
        return Held("same_seller", {"seller": seller or ""})
    return None


def _unseen(case: Case) -> Held | None:
    seen_at = case.standing.seen_at
    if not case.situation.seen and seen_at is None:
        return None
    return Held("seen_by_sales", {"since": seen_at.isoformat() if seen_at else ""})


def _verdict_expired(case: Case) -> Held | None:
    return None if case.situation.verdict_expired else _lacks("accept_timer")


def _talked(case: Case) -> Held | None:
    return None if case.situation.talked_at is not None else _lacks("meeting")


def _opportunity(case: Case) -> Held | None:
    return None if case.situation.opportunity is not None else _lacks("opportunity")


def _contact_role(case: Case) -> Held | None:
    return None if case.situation.has_contact_role else _lacks("contact_role")


def _won(case: Case) -> Held | None:
    return None if case.situation.outcome == "won" else _lacks("won")


def _lost(case: Case) -> Held | None:
    return None if case.situation.outcome == "lost" else _lacks("lost")


def _with_inside_sales(case: Case) -> Held | None:
    if case.standing.hop == "is":
        return None
    return Held("overtaken", {"stage": case.standing.stage.value})


def _back(case: Case) -> Held | None:
    if case.is_explained:
        return may_return(case.standing, case.situation, case.definition)
    found = comes_back(case.standing, case.situation, case.definition)
    return found if isinstance(found, Held) else None


def _worn_out(case: Case) -> Held | None:
    count, most = case.standing.recycle_count, case.definition.coming.most
    if count > most or case.situation.retention_over:
        return None
    return Held("no_evidence", {"lacks": "recycles", "count": str(count), "most": str(most)})


def _changed(case: Case) -> Held | None:
    """A rule sees that data were corrected; who did not want to be contacted has to opt in afresh."""
    code, since = case.standing.reason or "", case.standing.since
    if needs_a_yes(case.standing, case.definition):
        fresh = case.situation.opted_in_at
        is_fresh = fresh is not None and since is not None and fresh > since
        return None if is_fresh and case.situation.consent else Held("no_consent", {"reason": code})
    if case.request.role is Role.RULE and code != BAD_DATA:
        return Held("role", {"roles": Role.REVOPS.value, "reason": code})
    if case.request.role is Role.RULE and not case.situation.corrected:
        return _lacks("correction")
    return None


GUARDS: Final[Mapping[Guard, Callable[[Case], Held | None]]] = {
    "contactable": _contactable,
    "consent": _consent,
    "not_excluded": _not_excluded,
    "not_cooling": _not_cooling,
    "qualified": _qualified,
    "qualified_customer": _qualified_customer,
    "gate_mql": _gate("mql"),
    "gate_sql": _gate("sql"),
    "gate_opportunity": _gate("opportunity"),
    "another_seller": _another_seller,
    "unseen": _unseen,
    "no_longer_qualified": _no_longer_qualified,
    "verdict_expired": _verdict_expired,
    "talked": _talked,
    "opportunity": _opportunity,
    "contact_role": _contact_role,
    "won": _won,
    "lost": _lost,
    "with_inside_sales": _with_inside_sales,
    "back": _back,
    "worn_out": _worn_out,
    "changed": _changed,
}
