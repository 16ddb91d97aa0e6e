"""How the in-memory twin refuses: misbehaviour that a test orders, and what a schema forbids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector.errors import Rejected, RejectionCause, SystemBlocked, TryLater
from connector.port import FieldSchema, System, Value, Values


@dataclass
class Faults:
    """Misbehaviour on order. Counters count down; sets and mappings stay until they are emptied.

    `busy`: that many calls answer `TryLater`. `lost_answers`: that many writing calls do their work
    and lose the answer. `late`: that many writing calls lose the answer at once and do their work
    only when `MemoryConnector.land` is called. `drop`: that many writing calls leave their last input
    out of the answer (its write was done). `blocked`: every call raises it. `ignore`: fields whose
    writes are taken and not stored. `withhold`: fields that reads leave out. `reject`:
    (field, value) -> refusal. `may_create_fields`: whether we have the right to.
    """

    busy: int = 0
    lost_answers: int = 0
    late: int = 0
    drop: int = 0
    blocked: SystemBlocked | TryLater | None = None
    may_create_fields: bool = True
    ignore: set[str] = field(default_factory=set)
    withhold: set[str] = field(default_factory=set)
    reject: dict[tuple[str, Value], Rejected] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what a record may not hold: by its schema, by what is unique, and by ordered refusals.

    `fields` None takes every name. `changed` holds the fields whose values the system weakens by
    itself instead of refusing them. `holder` answers the record that holds a unique value already.
    """

    system: System
    fields: Mapping[str, FieldSchema] | None
    changed: frozenset[str]
    ordered: Mapping[tuple[str, Value], Rejected]
    holder: Callable[[str, Value], str | None]

    def refusal(self, record_id: str | None, values: Values) -> Rejected | None:
        """Why these values cannot be written; `record_id` None: a record that is to be born."""
        for name, given in values.items():
            value = None if given == "" else given
            refusal = self.ordered.get((name, value)) or self._field(record_id, name, value)
            if refusal is not None:
                return refusal
        return self._missing(values) if record_id is None else None

    def _missing(self, values: Values) -> Rejected | None:
        for name, schema in (self.fields or {}).items():
            if schema.required and values.get(name) in {None, ""}:
                return self._reject(name, "is required", "required_blank")
        return None

    def _field(self, record_id: str | None, name: str, value: Value) -> Rejected | None:
        if self.fields is None:
            return None
        schema = self.fields.get(name)
        if schema is None:
            return self._reject(name, "does not exist", "no_such_field")
        if not (schema.createable if record_id is None else schema.updateable):
            return self._reject(name, "is read only", "read_only")
        if value is None:
            return self._reject(name, "is required", "required_blank") if schema.required else None
        return self._value(schema, value) or self._unique(record_id, schema, value)

    def _value(self, schema: FieldSchema, value: Value) -> Rejected | None:
        name, text = schema.name, str(value)
        if schema.length is not None and name not in self.changed and len(text) > schema.length:
            return self._reject(name, f"is longer than {schema.length}", "too_long")
        if schema.kind == "email" and text.count("@") != 1:
            return self._reject(name, "is no e-mail address", "invalid_email")
        if schema.kind == "number" and not _is_number(value):
            return self._reject(name, "is no number", "invalid_value")
        if schema.closed and not _is_offered(schema, text):
            return self._reject(name, "is none of the options", "unknown_option")
        return None

    def _unique(self, record_id: str | None, schema: FieldSchema, value: Value) -> Rejected | None:
        holder = self.holder(schema.name, value) if schema.unique else None
        if holder is None or holder == record_id:
            return None
        return self._reject(schema.name, f"is taken by {holder}", "duplicate", holder)

    def _reject(
        self, name: str, what: str, cause: RejectionCause, existing_id: str | None = None
    ) -> Rejected:
        return Rejected(
            f"{name} {what}",
            system=self.system.value,
            cause=cause,
            fields=(name,),
            existing_id=existing_id,
        )


def _is_number(value: Value) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _is_offered(schema: FieldSchema, text: str) -> bool:
    chosen = text.split(";") if schema.kind == "set" else [text]
    return {option.value for option in schema.options}.issuperset(chosen)
