"""The practice org as one object: serve its `app`, fill it, look into it, make it misbehave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Flask

from sandbox.behaviour import CallLog, Clock, FaultPlan, system_clock
from sandbox.salesforce import conversion, features, lifecycle, loading, writing
from sandbox.salesforce.app import FrontDoor, create_app
from sandbox.salesforce.auth import Client, Tokens, Trusted
from sandbox.salesforce.call import Rooms, lateness
from sandbox.salesforce.conversion import Converted, Wish
from sandbox.salesforce.desk import Desk
from sandbox.salesforce.gate import KINDS
from sandbox.salesforce.ids import Mint, normal_id
from sandbox.salesforce.limits import Budget
from sandbox.salesforce.outbound import OutboundSender
from sandbox.salesforce.query import Queries
from sandbox.salesforce.schema import TEXT_TYPES, field_of
from sandbox.salesforce.soap import SoapDesk
from sandbox.salesforce.state import Actor, DuplicateRule, Rule, State, ValidationRule
from sandbox.salesforce.tooling import FieldMaker, add_field

ORG_ID = "00D5g00000PracTEAR"
HOOKS = frozenset({"hook_lost", "hook_doubled"})


class SalesforceOrg:
    """A Salesforce org with the standard objects of sales and marketing; people add what else they need.

    Two users: the integration user, whom `client_id` runs as, and a person, whom `person_client_id`
    runs as. Calls of the person are not counted, not limited, and see every field.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        org_id: str = ORG_ID,
        client_id: str = "practice-salesforce-app",
        client_secret: str = "practice-salesforce-secret",  # noqa: S107 - opens nothing but this org
        person_client_id: str = "practice-salesforce-person",
        person_client_secret: str = "practice-salesforce-person-secret",  # noqa: S107 - as above
        daily_limit: int = 100_000,
        short_pages: bool = False,
        seed: int = 1,
    ) -> None:
        self.clock, self.org_id = clock, normal_id(org_id) or org_id
        self.client_id, self.client_secret = client_id, client_secret
        self.person_client_id = person_client_id
        self.person_client_secret = person_client_secret
        self.calls = CallLog()
        self.faults = FaultPlan(KINDS | HOOKS)
        self.outbound = OutboundSender(self.faults)
        self._first_limit, self._first_short_pages = daily_limit, short_pages
        self.state = State(clock=clock, org_id=self.org_id, seed=seed, tell=self.outbound.tell)
        clients = {
            client_id: Client(client_secret, person=False),
            person_client_id: Client(person_client_secret, person=True),
        }
        self.tokens = Tokens(self.state, clients)
        self.budget = Budget(clock, daily_limit)
        self.queries = Queries(self.state, short_pages=short_pages)
        self.custom_fields = FieldMaker()
        self.assignment_ids = Mint("01Q")
        self.carried: dict[str, str] = {}
        rooms = Rooms(self.state, self.queries, self.tokens, self.budget, self.faults)
        self.soap = SoapDesk(rooms, self.carried)
        door = FrontDoor(rooms, self.calls, Desk(self.custom_fields), self.soap)
        self.app: Flask = create_app(door)

    def reset(self) -> None:
        """Empty everything: records, rules, tokens, faults, calls, own fields. The two users stay."""
        with self.state.lock:
            self.outbound.clear()
            self.state.clear()
            self.tokens.clear()
            self.queries.clear()
            self.budget.clear()
            self.faults.clear()
            self.calls.clear()
            self.carried.clear()
            self.may_customize = True
            self.daily_limit, self.short_pages = self._first_limit, self._first_short_pages

    def close(self) -> None:
        """End the thread that sends outbound messages."""
        self.outbound.close()

    # -- filling and looking ------------------------------------------------------------------

    def load(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Put records in as they are, without validation or messages. Answers their ids in order.

        ``@created`` and ``@modified`` (datetimes, default now) are the stamps.
        """
        with self.state.lock:
            return loading.load(self.state, self.state.tables[object_name], rows)

    def load_users(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Users by Email, Name or FirstName and LastName, IsActive. Answers their ids in order."""
        with self.state.lock:
            return [self.state.add_user(row) for row in rows]

    def records(self, object_name: str) -> dict[str, dict[str, Any]]:
        """The live records by id, blank fields included."""
        with self.state.lock:
            self.state.settle()
            table = self.state.tables[object_name]
            return {row["Id"]: loading.whole(table, row) for row in table.all_live()}

    def deleted(self, object_name: str) -> dict[str, dict[str, Any]]:
        """What is in the recycle bin, merge losers included."""
        with self.state.lock:
            table = self.state.tables[object_name]
            gone = (row for row in table.rows.values() if row.get("IsDeleted"))
            return {row["Id"]: loading.whole(table, row) for row in gone}

    # -- what people do -----------------------------------------------------------------------

    def edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """Change a record as the person. Raises `Refused`. The fault late_commit sees ``EDIT Lead``."""
        late, after = lateness(self.faults.take(f"EDIT {object_name}", "late_commit"))
        with self.state.lock:
            self.state.settle()
            actor = Actor(self.person_user_id, person=True, late=late, after=after)
            writing.update(self.state, self.state.tables[object_name], record_id, fields, actor)

    def add(self, object_name: str, fields: Mapping[str, Any]) -> str:
        """A new record, made by the person and validated. Raises `Refused`."""
        with self.state.lock:
            return writing.create(
                self.state, self.state.tables[object_name], fields, self._person()
            )

    def delete(self, object_name: str, record_id: str) -> None:
        """Into the recycle bin, by the person. The fault late_commit sees ``DELETE Lead``."""
        late, after = lateness(self.faults.take(f"DELETE {object_name}", "late_commit"))
        with self.state.lock:
            actor = Actor(self.person_user_id, person=True, late=late, after=after)
            writing.delete(self.state, self.state.tables[object_name], record_id, actor)

    def empty_bin(self, object_name: str) -> None:
        """Purge the recycle bin: nobody can list any more what was deleted up to now."""
        with self.state.lock:
            table = self.state.tables[object_name]
            for row in [row for row in table.rows.values() if row.get("IsDeleted")]:
                table.purge(row)
            self.state.emptied[object_name] = self.state.now()

    def merge(
        self,
        object_name: str,
        winner: str,
        losers: Sequence[str],
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """The losers are deleted and name the winner as their MasterRecordId."""
        with self.state.lock:
            table = self.state.tables[object_name]
            lifecycle.merge(self.state, table, winner, losers, self._person(), fields)

    def undelete(self, object_name: str, record_id: str) -> None:
        with self.state.lock:
            table = self.state.tables[object_name]
            lifecycle.undelete(self.state, table, record_id, self._person())

    def purge(self, object_name: str, record_id: str) -> None:
        """Out of the recycle bin, for good. Raises `Refused` for what is not in it."""
        with self.state.lock:
            lifecycle.purge(self.state, self.state.tables[object_name], record_id)

    def convert(
        self,
        lead_id: str,
        *,
        account_id: str | None = None,
        contact_id: str | None = None,
        opportunity: str | None = None,
    ) -> Converted:
        """The Lead becomes an Account and a Contact, new ones unless given.

        And an Opportunity of this name; None: none is made.
        """
        wish = Wish(
            account_id=account_id,
            contact_id=contact_id,
            opportunity=opportunity,
            carried=self.carried,
        )
        with self.state.lock:
            return conversion.convert(self.state, lead_id, self._person(), wish)

    def submit_for_approval(self, record_id: str) -> None:
        """From now on only people (approvers) may touch this record."""
        with self.state.lock:
            self.state.in_approval.add(record_id)

    def decide_approval(self, record_id: str) -> None:
        """Approved or rejected: the record is free again."""
        with self.state.lock:
            self.state.in_approval.discard(record_id)

    # -- what the admin sets up ---------------------------------------------------------------

    def add_field(self, object_name: str, name: str, **facts: Any) -> None:
        """A custom field that everybody sees: text of 255 unless `facts` say otherwise.

        They are spelled as in the files under `describe/`: type, length, unique, externalId, picklist.
        """
        kind = facts.get("type", "string")
        told: dict[str, Any] = {
            "name": name,
            "label": name.removesuffix("__c").replace("_", " "),
            "type": kind,
            "length": 255 if kind in TEXT_TYPES else 0,
            "idLookup": facts.get("externalId", False),
            "nillable": kind != "boolean",
            "defaultedOnCreate": kind == "boolean",
        }
        with self.state.lock:
            field = field_of(told | facts)
            field.custom = True
            add_field(self.state, object_name, field)

    def hide_field(self, object_name: str, name: str) -> None:
        """Field-level security: the integration user no longer sees the field."""
        self._set_rights(object_name, name, readable=False, editable=False)

    def show_field(self, object_name: str, name: str, *, editable: bool = True) -> None:
        self._set_rights(object_name, name, readable=True, editable=editable)

    def _set_rights(self, object_name: str, name: str, *, readable: bool, editable: bool) -> None:
        with self.state.lock:
            field = self.state.tables[object_name].schema.fields[name]
            field.readable, field.editable = readable, editable
            self.state.schema_changed = self.state.now()

    def add_object(self, name: str, label: str | None = None) -> None:
        """A custom object with Name and OwnerId; give it more with `add_field`."""
        with self.state.lock:
            features.add_object(self.state, name, label)

    def add_record_type(self, object_name: str, name: str, **facts: Any) -> str:
        """A record type by its DeveloperName; the first one is the default. Answers its id.

        `facts`: label, available (to the integration user), picklists (field -> values allowed).
        """
        with self.state.lock:
            return features.add_record_type(self.state, object_name, name, **facts)

    def enable_person_accounts(self) -> str:
        """Accounts may be people from now on. Answers the id of their record type."""
        with self.state.lock:
            return features.enable_person_accounts(self.state)

    def enable_currencies(self, corporate: str = "JPY", **others: float) -> None:
        """Records have a CurrencyIsoCode: the corporate one, or one of `others` (with their rates)."""
        with self.state.lock:
            features.enable_currencies(self.state, corporate, others)

    def add_queue(self, name: str) -> str:
        """A queue that may own Leads. Answers its id."""
        (queue,) = self.load("Group", [{"Name": name, "DeveloperName": name, "Type": "Queue"}])
        return queue

    def add_validation_rule(
        self,
        object_name: str,
        broken: Rule,
        message: str,
        field: str | None = None,
        record_type: str | None = None,
    ) -> None:
        """Refuse every record of which `broken` is true; it sees the whole record as it would be.

        With the DeveloperName of a `record_type`: of the records of that type.
        """
        rule = ValidationRule(broken, message, field, record_type)
        self.state.rules.validation.setdefault(object_name, []).append(rule)

    def add_duplicate_rule(self, object_name: str, *fields: str, allow_save: bool = True) -> None:
        """Refuse a record that agrees with another in all these fields; a header may allow it."""
        rule = DuplicateRule(f"Practice_{object_name}_Duplicate_Rule", fields, allow_save)
        self.state.rules.duplicates.setdefault(object_name, []).append(rule)

    def assign_to(self, object_name: str, user_id: str | None) -> None:
        """An active assignment rule that gives every record to this user; None switches it off."""
        if user_id is None:
            self.state.rules.assignment.pop(object_name, None)
        else:
            self.state.rules.assignment[object_name] = user_id

    def add_assignment_rule(self, object_name: str, user_id: str) -> str:
        """An inactive assignment rule: it runs for calls that name it. Answers its id."""
        with self.state.lock:
            rule_id = self.assignment_ids.make()
            self.state.rules.assignees[rule_id] = user_id
        return rule_id

    def carry_on_convert(self, lead_field: str, contact_field: str) -> None:
        """Lead field mapping: a custom field that conversion takes along."""
        self.carried[lead_field] = contact_field

    def send_outbound(
        self,
        object_name: str,
        url: str,
        fields: Sequence[str] = (),
        *,
        ignored_user: str | None = None,
    ) -> str:
        """Send outbound messages about this object there. Answers the action id."""
        return self.outbound.add(self.state, object_name, url, fields, ignored_user)

    def trust(self, public_key_pem: str, username: str) -> None:
        """Believe JWT assertions for this user name that the key's other half signed."""
        self.tokens.trusted.append(Trusted(public_key_pem, username))

    def set_password(self, username: str, password: str) -> None:
        """Let this user in through SOAP login (password with security token)."""
        self.soap.passwords[username] = password

    # -- knobs --------------------------------------------------------------------------------

    @property
    def integration_user_id(self) -> str:
        return self.state.integration_user_id

    @property
    def person_user_id(self) -> str:
        return self.state.person_user_id

    @property
    def daily_limit(self) -> int:
        """API calls that the integration user has within 24 hours."""
        return self.budget.daily

    @daily_limit.setter
    def daily_limit(self, calls: int) -> None:
        self.budget.daily = calls

    @property
    def short_pages(self) -> bool:
        """Whether query pages are now and then shorter than asked for."""
        return self.queries.short_pages

    @short_pages.setter
    def short_pages(self, wanted: bool) -> None:
        self.queries.short_pages = wanted

    @property
    def token_lifetime(self) -> timedelta:
        """How long a token lasts after its last use."""
        return self.tokens.lifetime

    @token_lifetime.setter
    def token_lifetime(self, lifetime: timedelta) -> None:
        self.tokens.lifetime = lifetime

    @property
    def may_customize(self) -> bool:
        """Whether the integration user may create fields."""
        return self.custom_fields.allowed

    @may_customize.setter
    def may_customize(self, allowed: bool) -> None:
        self.custom_fields.allowed = allowed

    def expire_tokens(self) -> None:
        """Every token is worthless from now on."""
        self.tokens.revoke_all()

    def _person(self) -> Actor:
        return Actor(self.person_user_id, person=True)


__all__ = ["ORG_ID", "Converted", "SalesforceOrg"]
