"""What a write sets off: derived properties, the primary company, opt-outs, modification times, events.

Reference sheet, sections 7.3 to 7.6. Callers have judged the values already; nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.behaviour import Fault
from sandbox.hubspot.answers import iso
from sandbox.hubspot.pipelines import stage_of
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import Actor, Event, State

COMPANY_OF = ("contacts", "companies")


def garbled(values: Mapping[str, str], fault: Fault | None) -> dict[str, str]:
    """The values that really get stored: all of them, unless a fault ignores or weakens some."""
    if fault is None:
        return dict(values)
    wanted = fault.options.get("property")
    hit = {name for name in values if wanted is None or name == wanted}
    if fault.kind == "ignore_write":
        return {name: value for name, value in values.items() if name not in hit}
    return {name: _weakened(v, fault) if name in hit else v for name, v in values.items()}


def _weakened(value: str, fault: Fault) -> str:
    """Cut to `length` characters where the fault says so, else in lower case."""
    length = fault.options.get("length")
    return value.lower() if length is None else value[: int(length)]


def born(state: State, table: Table, values: Mapping[str, str], actor: Actor) -> Record:
    """Create a record with the values that HubSpot derives at birth, and shelve it."""
    now, kind = state.now(), table.kind
    number = state.next_id(kind.name)
    held = {name: value for name, value in values.items() if value}
    held.update(_at_birth(state, table, held, number, now))
    held.update(
        hs_object_source=actor.source.type,
        hs_object_source_id=actor.source.id,
        hs_object_source_label=actor.source.type,
    )
    held.update(system_values(table, number, now, now))
    record = Record(number, held, now, now, actor.source)
    table.add(record)
    table.index.note(number, None, held, now)
    state.tell(Event(kind, "creation", number, now, actor.source, details={"changeFlag": "NEW"}))
    _tell_changes(state, table, record, list(values), now, actor)
    if "associatedcompanyid" in held:
        _follow_company(state, record)
    return record


def system_values(table: Table, number: int, created: int, updated: int) -> dict[str, str]:
    """Id and times as properties; both created and both modified names where a kind has two."""
    made, changed = iso(created), iso(updated)
    return {
        "hs_object_id": str(number),
        "hs_createdate": made,
        "hs_lastmodifieddate": changed,
        table.kind.created: made,
        table.kind.modified: changed,
    }


def _at_birth(
    state: State, table: Table, held: Mapping[str, str], number: int, now: int
) -> dict[str, str]:
    """Derived values of a new record (section 7.3); lifecycle dates are milliseconds as text."""
    derived: dict[str, str] = {}
    if table.kind.name in {"contacts", "companies"}:
        stage = held.get("lifecyclestage", "lead")
        derived["lifecyclestage"] = stage
        derived["hs_pipeline"] = f"{table.kind.name}-lifecycle-pipeline"
    if table.kind.name == "contacts":
        derived.update(_of_contact(state, held.get("email", "")))
        derived.update(hs_all_contact_vids=str(number), hs_is_contact="true", num_notes="0")
        derived.update(hs_is_unworked="true")
        derived[f"hs_lifecyclestage_{derived['lifecyclestage']}_date"] = str(now)
    if table.kind.name == "companies" and held.get("domain"):
        derived["website"] = held.get("website", held["domain"])
    if table.kind.name == "deals":
        derived.update(_of_deal(state, held.get("dealstage", "")))
    if table.kind.name == "leads":
        first = state.pipelines["leads"][0]
        derived["hs_pipeline"] = held.get("hs_pipeline", first.id)
        derived["hs_pipeline_stage"] = held.get("hs_pipeline_stage", first.stages[0].id)
    return {
        name: value for name, value in derived.items() if value and name in table.schema.properties
    }


def _of_contact(state: State, email: str) -> dict[str, str]:
    wish = state.preferences.get(email) if email else None
    derived = {"hs_email_domain": email.partition("@")[2]}
    if wish is not None and wish.all_out:
        derived["hs_email_optout"] = "true"
    for number, status in (wish.states if wish else {}).items():
        if status == "UNSUBSCRIBED":
            derived[f"hs_email_optout_{number}"] = "true"
    return derived


def _of_deal(state: State, stage_id: str) -> dict[str, str]:
    stage = stage_of(state.pipelines["deals"], stage_id)
    told = {} if stage is None else stage.metadata
    closed, chance = told.get("isClosed", "false"), told.get("probability", "")
    won = "true" if closed == "true" and chance == "1.0" else "false"
    return {
        "hs_is_closed": closed,
        "hs_is_closed_won": won,
        "hs_deal_stage_probability": chance,
    }


def _follow(
    state: State, table: Table, record: Record, changed: Iterable[str], now: int
) -> dict[str, str]:
    """Derived values after a change of these properties."""
    derived: dict[str, str] = {}
    held, names = record.values, table.schema.properties
    for name in changed:
        if name == "email":
            derived.update({"hs_email_optout": ""} | _of_contact(state, held.get("email", "")))
        elif name == "lifecyclestage" and name in held:
            derived[f"hs_lifecyclestage_{held[name]}_date"] = str(now)
        elif name == "hubspot_owner_id":
            derived["hubspot_owner_assigneddate"] = iso(now) if name in held else ""
        elif name == "dealstage":
            derived.update(_of_deal(state, held.get(name, "")))
    return {name: value for name, value in derived.items() if name in names}


def put(
    state: State, table: Table, record: Record, values: Mapping[str, str], actor: Actor
) -> list[str]:
    """Store values with all that follows; answers the names that changed, derived ones included.

    A write that changes nothing leaves the modification time alone (section 7.6).
    """
    now = state.now()
    before = dict(record.values)
    changed = _store(table, record, garbled(values, actor.garble), now, actor)
    if not changed:
        return []
    changed += _store(table, record, _follow(state, table, record, changed, now), now, actor)
    touch(table, record, now)
    table.index.note(record.id, before, record.values, now)
    if "associatedcompanyid" in changed:
        _follow_company(state, record)
    _tell_changes(state, table, record, changed, now, actor)
    return changed


def _store(
    table: Table, record: Record, values: Mapping[str, str], now: int, actor: Actor
) -> list[str]:
    changed: list[str] = []
    for name, value in values.items():
        held = record.values.get(name, "")
        if not record.put(name, value, now, actor.source):
            continue
        changed.append(name)
        if table.schema.properties[name].unique:
            for old in filter(None, held.split(";")):
                table.release(name, old, record.id)
            for new in filter(None, value.split(";")):
                table.claim(name, new, record.id)
    return changed


def touch(table: Table, record: Record, now: int) -> None:
    """Move the modification time, never backwards."""
    record.updated = max(record.updated, now)
    stamp = iso(record.updated)
    record.values["hs_lastmodifieddate"] = stamp
    record.values[table.kind.modified] = stamp


def _follow_company(state: State, contact: Record) -> None:
    company = contact.values.get("associatedcompanyid")
    number = None if company is None else state.tables["companies"].resolve(int(company))
    state.links.make_primary(COMPANY_OF, contact.id, number)


def sync_company(state: State, contact_id: int, actor: Actor) -> None:
    """Make `associatedcompanyid` say what the associations say."""
    table = state.tables["contacts"]
    contact = table.live.get(contact_id)
    if contact is None:
        return
    held = state.links.primary_of(COMPANY_OF, contact_id)
    put(state, table, contact, {"associatedcompanyid": "" if held is None else str(held)}, actor)


def _tell_changes(
    state: State, table: Table, record: Record, names: Iterable[str], now: int, actor: Actor
) -> None:
    for name in names:
        value = record.values.get(name, "")
        state.tell(
            Event(
                table.kind,
                "propertyChange",
                record.id,
                now,
                actor.source,
                name,
                {"propertyName": name, "propertyValue": value, "isSensitive": False},
            )
        )
