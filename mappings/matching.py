"""Match rules and addresses as closures: the normal keys of a record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product

from connector.port import System, Values
from mappings.normal import as_text, email
from mappings.schema import MatchRule, Normal, Normaliser

Keys = Callable[[Values], tuple[str, ...]]

# Ids that HubSpot's own Salesforce app leaves on its records.
NATIVE_IDS = ("salesforcecontactid", "salesforceleadid", "salesforceaccountid")
MORE_EMAILS = "hs_additional_emails"
JOIN = "\x1f"


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One `A = B` of a match rule. `salesforce` maps each object to its field."""

    hubspot: str
    salesforce: Mapping[str, str]
    normal: Normaliser


def match_rule(label: str, parts: Sequence[KeyPart], *, suggest: bool) -> MatchRule:
    """A rule in which all parts must be equal; objects that lack a part's field do not take part."""
    objects = set.intersection(*(set(part.salesforce) for part in parts))
    return MatchRule(
        label=label,
        native=False,
        suggest=suggest,
        hubspot_key=_keys([(part.hubspot, part.normal) for part in parts], with_more=True),
        salesforce_key={
            name: _keys([(part.salesforce[name], part.normal) for part in parts], with_more=False)
            for name in sorted(objects)
        },
    )


def native_rule() -> MatchRule:
    """Pairs that HubSpot's own Salesforce app left."""

    def named(values: Values) -> tuple[str, ...]:
        held = (values.get(name) for name in NATIVE_IDS)
        return tuple(dict.fromkeys(as_text(value) for value in held if value))

    return MatchRule(
        label="native ids", native=True, suggest=False, hubspot_key=named, salesforce_key={}
    )


def _keys(parts: Sequence[tuple[str, Normaliser]], *, with_more: bool) -> Keys:
    def keys(values: Values) -> tuple[str, ...]:
        found: list[list[str]] = []
        for name, normal in parts:
            held = [values.get(name)]
            if with_more and name == "email":
                held += as_text(values.get(MORE_EMAILS)).split(";")
            normals: list[Normal] = [normal(value) for value in held]
            texts = [_told(n) for n in dict.fromkeys(normals) if n is not None]
            if not texts:
                return ()
            found.append(texts)
        return tuple(JOIN.join(combination) for combination in product(*found))

    return keys


def _told(normal: Normal) -> str:
    """A normal form as a key; sets are told in order, since theirs changes from run to run."""
    return ";".join(sorted(map(str, normal))) if isinstance(normal, frozenset) else str(normal)


def addresses(system: System, field: str) -> Keys:
    """The normal e-mail addresses of a record, HubSpot's additional ones included."""

    def of(values: Values) -> tuple[str, ...]:
        held = [as_text(values.get(field))]
        if system is System.HUBSPOT:
            held += as_text(values.get(MORE_EMAILS)).split(";")
        found = (email(value) for value in held)
        return tuple(dict.fromkeys(one for one in found if one))

    return of


def emails(reads: Mapping[tuple[System, str], Collection[str]]) -> dict[tuple[System, str], str]:
    """The field that holds the address, of every object of which it is read."""
    usual = {System.HUBSPOT: "email", System.SALESFORCE: "Email"}
    return {place: usual[place[0]] for place, names in reads.items() if usual[place[0]] in names}


def ignored(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a key is one of the shared mailboxes and the like that never identify a person."""
    lowered = [pattern.lower() for pattern in patterns]
    if not lowered:
        return lambda _key: False
    return lambda key: any(fnmatchcase(key, pattern) for pattern in lowered)
