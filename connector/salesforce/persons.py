"""Person accounts: an Account that is a person, with a Contact in its shadow.

One person in two records of two objects fits no pair, so they are refused, and only they: an org that has
the feature keeps its business Accounts and their Contacts in line as any other. For Account and Contact,
where the org has ``IsPersonAccount``:

- lists and reads leave person accounts and their shadow Contacts out, unless the field is asked for;
- writes to them are refused with a reason, and so are drafts that would become one;
- their fate is ``not_visible``: a pair whose Account was turned into a person is neither written nor
  deleted on the other side.

Source: Object Reference, "Account" (IsPersonAccount, PersonContactId) and "RecordType" (IsPersonType).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connector.errors import Rejected
from connector.port import Values
from connector.salesforce.gateway import Gateway
from connector.salesforce.queries import rows_among
from connector.salesforce.wire import SYSTEM

MARK: Final = "IsPersonAccount"
_OBJECTS: Final = frozenset({"Account", "Contact"})
_NAMES: Final = frozenset({"FirstName", "LastName", "Salutation"})
_WHY: Final = (
    "it is a person account: one person who is an Account and a Contact in one, which is not kept in "
    "line; move the person to a business account with a contact, or leave it out"
)
ONLY_PEOPLE: Final = (
    "every record type of Account that we may use is one of person accounts, which are not kept in "
    "line; give the integration user a record type for business accounts"
)


class Persons:
    """Knows whether this org has person accounts, per object, from the last describe."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._lock = threading.Lock()
        self._known: dict[str, bool] = {}

    def learn(self, object_name: str, told: Mapping[str, Any]) -> bool:
        """From a describe that came by: whether records of this object may be people."""
        found = object_name in _OBJECTS and any(row["name"] == MARK for row in told["fields"])
        with self._lock:
            self._known[object_name] = found
        return found

    def possible(self, object_name: str) -> bool:
        """Whether records of this object may be people. Describes it once if nobody has yet."""
        if object_name not in _OBJECTS:
            return False
        with self._lock:
            known = self._known.get(object_name)
        if known is not None:
            return known
        told = self._gateway.call("GET", f"sobjects/{object_name}/describe")
        return self.learn(object_name, told)

    def left_out(self, object_name: str, fields: Iterable[str]) -> bool:
        """Whether a reading of these fields has to leave people out."""
        return MARK not in fields and self.possible(object_name)

    def among(self, object_name: str, ids: Sequence[str]) -> dict[str, Rejected]:
        """The people among these records (18-character ids), each with its refusal."""
        if not ids or not self.possible(object_name):
            return {}
        where = f"{MARK} = true"
        rows = rows_among(self._gateway, ["Id"], object_name, "Id", ids, where=where)
        return {row["Id"]: _refusal((MARK,)) for row in rows}

    def refusal_of(
        self, object_name: str, values: Values, people: frozenset[str]
    ) -> Rejected | None:
        """Why a record with these values is not created; `people` are the record types of people."""
        if object_name != "Account" or not self.possible(object_name):
            return None
        foreign = [
            name for name, value in values.items() if _is_of_people(name) and value is not None
        ]
        if values.get("RecordTypeId") in people:
            foreign.append("RecordTypeId")
        return _refusal(tuple(foreign)) if foreign else None


def business_only() -> str:
    """The condition that leaves people out of a query."""
    return f"{MARK} = false"


def is_person(row: Mapping[str, Any]) -> bool:
    return bool(row.get(MARK))


def _is_of_people(name: str) -> bool:
    return name in _NAMES or name.startswith("Person") or name.endswith("__pc")


def _refusal(fields: tuple[str, ...]) -> Rejected:
    return Rejected(_WHY, system=SYSTEM, cause="other", fields=fields)
