"""What became of records: asked of ``queryAll``, which still sees what is in the recycle bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.port import Fate
from connector.salesforce.gateway import Gateway
from connector.salesforce.persons import MARK, Persons, is_person
from connector.salesforce.queries import rows_among
from connector.salesforce.wire import is_id, to18

# Reference sheet, section 2.10: what can be merged names its survivor.
MERGEABLE = frozenset({"Lead", "Contact", "Account"})


def fates(
    gateway: Gateway, persons: Persons, object_name: str, ids: Sequence[str]
) -> dict[str, Fate]:
    """One step of the way: whoever was merged twice is told to be in the first survivor.

    A converted Lead is `converted` even when it was tidied away into the bin: the person lives on as a
    Contact. A record that was undeleted is `live` again; what was purged from the bin has left no evidence
    and is `not_visible`.
    """
    names = ["Id", "IsDeleted"]
    if object_name in MERGEABLE:
        names.append("MasterRecordId")
    if object_name == "Lead":
        names += ["IsConverted", "ConvertedContactId"]
    if persons.possible(object_name):
        names.append(MARK)
    wanted = list(dict.fromkeys(to18(one) for one in ids if is_id(one)))
    rows = rows_among(gateway, names, object_name, "Id", wanted, deleted=True)
    found = {row["Id"]: _fate(row) for row in rows}
    return {asked: found.get(to18(asked), Fate("not_visible")) for asked in ids}


def _fate(row: Mapping[str, Any]) -> Fate:
    if row.get("IsDeleted") and row.get("MasterRecordId"):
        return Fate("merged", to18(row["MasterRecordId"]))
    if row.get("IsConverted"):
        contact = row.get("ConvertedContactId")
        return Fate("converted", to18(contact) if contact else None)
    if row.get("IsDeleted"):
        return Fate("deleted")
    return Fate("not_visible" if is_person(row) else "live")
