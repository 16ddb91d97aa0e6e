"""Everything that is written to HubSpot's records: creates, updates, archives; one outcome per input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.errors import Rejected, RejectionCause, SystemBlocked, TryLater
from connector.hubspot.batches import Row, Rows, as_outcome, settle
from connector.hubspot.consent import OptOuts, no_address, wants_out, without_consent
from connector.hubspot.gateway import Gateway
from connector.hubspot.link_writing import LinkWriter
from connector.hubspot.names import (
    COMPANY_LINK,
    CONTACTS,
    EMAIL,
    LEADS,
    LINKS,
    STRING_LENGTH,
    SYSTEM,
    field_name,
    link_target,
    stored_name,
)
from connector.hubspot.reading import Reader
from connector.hubspot.requests import Requests
from connector.hubspot.stages import moved_back
from connector.hubspot.wire import (
    Json,
    by_id,
    by_trace,
    not_answered,
    properties_of,
    results,
    row_errors,
    values_told,
)
from connector.port import Change, Draft, Outcome, Value, Values, Written

_LEADS_HOME: Final = f"{LINKS}contact"


@dataclass(frozen=True, slots=True)
class Writer:
    """The writing half of the port."""

    gateway: Gateway
    requests: Requests
    reader: Reader
    opt_outs: OptOuts
    links: LinkWriter

    # Updates ------------------------------------------------------------------------------------

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        """Set fields; ValueError when a record stands in `changes` twice."""
        if len({change.id for change in changes}) < len(changes):
            raise ValueError("the same record stands in one batch twice")
        outs = {c.id: c for c in changes if wants_out(object_name, c.values)}
        addresses = self.opt_outs.addresses(list(outs.values())) if outs else {}
        outcomes: dict[str, Outcome] = {
            record_id: no_address() for record_id in outs if _is_blank(addresses, record_id)
        }
        rows = {
            change.id: properties_of(object_name, _properties(object_name, change.values))
            for change in changes
            if change.id not in outcomes
        }

        def send(some: Rows) -> Mapping[str, Outcome]:
            return self._send_updates(object_name, some)

        sent = {record_id: row for record_id, row in rows.items() if row}
        outcomes |= settle(sent, send)
        outcomes |= moved_back(object_name, sent, outcomes, send)
        for record_id, row in rows.items():
            if not row:
                # Nothing for HubSpot to write: only consent, or a consent that may not be loosened.
                known = record_id not in outs or record_id in addresses
                outcomes[record_id] = Written(record_id) if known else _not_found(record_id)
        outcomes = self.links.follow(object_name, changes, outcomes)
        self._opt_out({i: addresses.get(i) for i in outs}, outcomes)
        return [_for_caller(object_name, c.values, outcomes[c.id]) for c in changes]

    def _send_updates(self, object_name: str, rows: Rows) -> Mapping[str, Outcome]:
        answer = self.gateway.send(self.requests.batch_update(object_name, rows))
        written, refused = by_id(answer.json), row_errors(answer.json)
        outcomes: dict[str, Outcome] = {}
        for record_id, row in rows.items():
            if record_id in written:
                raw = written[record_id]
                outcomes[record_id] = _written(object_name, raw, row, answer.request_id)
            elif record_id in refused:
                outcomes[record_id] = refused[record_id]
        # Merged ids are left out without a word, and a single update takes them (sheet, section 8).
        # What comes next is already after a landed write, so nothing may be raised any more.
        for record_id, row in rows.items():
            if record_id not in outcomes:
                outcomes[record_id] = self._update_one(object_name, record_id, row)
        return outcomes

    def _update_one(self, object_name: str, record_id: str, row: Row) -> Outcome:
        try:
            answer = self.gateway.send(self.requests.update(object_name, record_id, row))
        except (Rejected, TryLater) as error:
            return error
        except SystemBlocked as blocked:
            return as_outcome(blocked)
        if not answer.json.get("id"):
            return not_answered()
        return _written(object_name, answer.json, row, answer.request_id)

    # Creates ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        """Create; a draft whose key a record holds already becomes an update of that record."""
        keyed = {str(place): draft for place, draft in enumerate(drafts)}
        outs = {k: _address(d) for k, d in keyed.items() if wants_out(object_name, d.values)}
        outcomes: dict[str, Outcome] = {
            key: no_address() for key, address in outs.items() if address is None
        }
        outcomes |= {
            key: _homeless() for key, d in keyed.items() if _is_homeless(object_name, d.values)
        }
        rows = {
            key: _draft_row(object_name, draft)
            for key, draft in keyed.items()
            if key not in outcomes
        }
        outcomes |= settle(rows, lambda some: self._send_creates(object_name, keyed, some))
        outcomes |= self._looked_at_again(object_name, keyed, outcomes)
        self._opt_out(outs, outcomes)
        return [
            _for_caller(object_name, draft.values, outcomes[key]) for key, draft in keyed.items()
        ]

    def _send_creates(
        self, object_name: str, drafts: Mapping[str, Draft], rows: Rows
    ) -> Mapping[str, Outcome]:
        if len(rows) == 1:
            # Alone, a duplicate is refused with the id of the record in the way (section 6.4).
            ((key, row),) = rows.items()
            born = self.links.born(object_name, row)
            answer = self.gateway.send(self.requests.create(object_name, born))
            raw = answer.json if answer.json.get("id") else None
            return {key: _created(object_name, raw, row, answer.request_id)}
        keys = list(rows)
        many = [self.links.born(object_name, row) for row in rows.values()]
        answer = self.gateway.send(self.requests.batch_create(object_name, many))
        traced, refused = by_trace(answer.json), row_errors(answer.json)
        outcomes: dict[str, Outcome] = {}
        for place, key in enumerate(keys):
            raw = traced.get(str(place)) or _holding(answer.json, drafts[key])
            if raw is None and str(place) in refused:
                outcomes[key] = refused[str(place)]
            else:
                outcomes[key] = _created(object_name, raw, rows[key], answer.request_id)
        return outcomes

    def _looked_at_again(
        self, object_name: str, drafts: Mapping[str, Draft], outcomes: Mapping[str, Outcome]
    ) -> dict[str, Outcome]:
        """Duplicates once more: our own earlier creates are updated, others named by id."""
        taken = {
            key: outcome
            for key, outcome in outcomes.items()
            if isinstance(outcome, Rejected) and outcome.cause == "duplicate"
        }
        if not taken:
            return {}
        try:
            ours = self._holders(object_name, {key: drafts[key] for key in taken})
            strangers = {key: refusal for key, refusal in taken.items() if key not in ours}
            named = self._named(object_name, drafts, strangers)
            return named | self._adopted(object_name, drafts, ours)
        except Rejected:
            return {}  # the key is no unique property here: the refusals stand as they are
        except (TryLater, SystemBlocked) as error:
            # Other rows have been created by now, so this is not raised.
            return dict.fromkeys(taken, as_outcome(error))

    def _adopted(
        self, object_name: str, drafts: Mapping[str, Draft], ours: Mapping[str, str]
    ) -> dict[str, Outcome]:
        """Draft -> the outcome of updating the record that holds its key. Consent comes later."""
        changes = [
            Change(holder, values)
            for holder, values in {
                holder: without_consent(object_name, drafts[key].values)
                for key, holder in ours.items()
            }.items()
            if values
        ]
        outcomes = self.update_many(object_name, changes)
        updated = {change.id: outcome for change, outcome in zip(changes, outcomes, strict=True)}
        return {key: updated.get(holder, Written(holder)) for key, holder in ours.items()}

    def _holders(self, object_name: str, drafts: Mapping[str, Draft]) -> dict[str, str]:
        """Draft -> the record that holds its key already, asked of the records and not the index."""
        by_field: dict[str, dict[str, str]] = {}
        for key, draft in drafts.items():
            by_field.setdefault(draft.key_field, {})[draft.key] = key
        holders: dict[str, str] = {}
        for name, keys in by_field.items():
            for value, records in self.reader.find_many(
                object_name, name, list(keys), [name]
            ).items():
                if records:
                    holders[keys[value]] = records[0].id
        return holders

    def _named(
        self,
        object_name: str,
        drafts: Mapping[str, Draft],
        refusals: Mapping[str, Rejected],
    ) -> dict[str, Outcome]:
        """Refusals of a batch may not say which record is in the way: look its address up."""
        nameless = {
            address: key
            for key, refusal in refusals.items()
            if refusal.existing_id is None
            and object_name == CONTACTS
            and (address := _address(drafts[key])) is not None
        }
        if not nameless:
            return {}
        found = self.reader.find_many(object_name, EMAIL, list(nameless), [EMAIL])
        return {
            nameless[address]: _with_existing(refusals[nameless[address]], records[0].id)
            for address, records in found.items()
            if records
        }

    # Deletes ------------------------------------------------------------------------------------

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        """Archive; HubSpot answers 204 for what is archived already (sheet, section 8)."""
        rows: dict[str, Row] = {record_id: {} for record_id in ids}
        outcomes = settle(rows, lambda some: self._send_archives(object_name, some))
        return [outcomes[record_id] for record_id in ids]

    def _send_archives(self, object_name: str, rows: Rows) -> Mapping[str, Outcome]:
        answer = self.gateway.send(self.requests.batch_archive(object_name, list(rows)))
        refused = row_errors(answer.json)
        return {
            record_id: refused.get(record_id, Written(record_id, request_id=answer.request_id))
            for record_id in rows
        }

    # Consent ------------------------------------------------------------------------------------

    def _opt_out(self, addresses: Mapping[str, str | None], outcomes: dict[str, Outcome]) -> None:
        """Opt out those whose other fields were taken; a failure becomes the outcome of the whole."""
        due = {
            key: address
            for key, address in addresses.items()
            if address is not None and isinstance(outcomes[key], Written)
        }
        outcomes.update(self.opt_outs.opt_out(due))


def _properties(object_name: str, values: Values) -> dict[str, Value]:
    """The values that are written as properties: neither consent nor associations."""
    own = without_consent(object_name, values)
    return {name: value for name, value in own.items() if link_target(object_name, name) is None}


def _is_homeless(object_name: str, values: Values) -> bool:
    """Whether a lead would hang on nobody: HubSpot takes none without a contact (section 7.5)."""
    return object_name == LEADS and not values.get(_LEADS_HOME)


def _homeless() -> Rejected:
    return Rejected(
        "a lead hangs on a contact: HubSpot takes none without one",
        system=SYSTEM,
        cause="required_blank",
        fields=(_LEADS_HOME,),
    )


def _draft_row(object_name: str, draft: Draft) -> Row:
    """A blank field is not sent with a create: it is blank anyway."""
    values = without_consent(object_name, draft.values) | {draft.key_field: draft.key}
    return properties_of(
        object_name, {name: value for name, value in values.items() if value is not None}
    )


def _address(draft: Draft) -> str | None:
    return str(draft.values.get(EMAIL) or "").strip() or None


def _is_blank(addresses: Mapping[str, str | None], record_id: str) -> bool:
    """Whether the record is known, and known to have no address."""
    return record_id in addresses and addresses[record_id] is None


def _holding(answer: Json, draft: Draft) -> Json | None:
    """The created record that holds the draft's key, should an answer come without trace ids."""
    for raw in results(answer):
        if (raw.get("properties") or {}).get(draft.key_field) == draft.key:
            return raw
    return None


def _written(object_name: str, raw: Json, names: Iterable[str], request_id: str | None) -> Written:
    told = values_told(object_name, raw, names)
    return Written(str(raw["id"]), values=told, request_id=request_id)


def _created(
    object_name: str, raw: Json | None, row: Row, request_id: str | None
) -> Written | Rejected:
    if raw is None:
        return not_answered()
    told = values_told(object_name, raw, row)
    return Written(str(raw["id"]), created=True, values=told, request_id=request_id)


def _for_caller(object_name: str, values: Values, outcome: Outcome) -> Outcome:
    """Names as the caller gave them: a field of the port may be another property to HubSpot."""
    asked = frozenset(values)
    if isinstance(outcome, Written) and outcome.values:
        told = {field_name(object_name, n, asked): v for n, v in outcome.values.items()}
        return Written(outcome.id, outcome.created, told, outcome.request_id)
    if isinstance(outcome, Rejected):
        return _explained(object_name, values, outcome)
    return outcome


def _explained(object_name: str, values: Values, refused: Rejected) -> Rejected:
    """What the values of the row add to a refusal: a reference at fault, a text that is too long.

    HubSpot names no property for a bad reference; its code for long texts is not documented, its
    limit is.
    """
    asked, cause = frozenset(values), refused.cause
    fields = tuple(field_name(object_name, name, asked) for name in refused.fields)
    if cause == "bad_reference":
        fields = tuple(name for name in fields if name in asked) or _references(object_name, values)
    long = [name for name in fields if len(str(values.get(name) or "")) > STRING_LENGTH]
    if long and cause in {"invalid_value", "other"}:
        cause, fields = "too_long", tuple(long)
    return _copied(refused, fields, refused.existing_id, cause)


def _references(object_name: str, values: Values) -> tuple[str, ...]:
    """The fields that name other records."""
    company = stored_name(object_name, COMPANY_LINK)
    return tuple(
        name
        for name in values
        if link_target(object_name, name) is not None or stored_name(object_name, name) == company
    )


def _with_existing(refused: Rejected, existing_id: str) -> Rejected:
    return _copied(refused, refused.fields, existing_id)


def _copied(
    refused: Rejected,
    fields: tuple[str, ...],
    existing_id: str | None,
    cause: RejectionCause | None = None,
) -> Rejected:
    return Rejected(
        refused.reason,
        system=SYSTEM,
        cause=cause or refused.cause,
        fields=fields,
        existing_id=existing_id,
        request_id=refused.request_id,
    )


def _not_found(record_id: str) -> Rejected:
    return Rejected(f"no contact {record_id}", system=SYSTEM, cause="not_found")
