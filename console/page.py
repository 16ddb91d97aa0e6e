"""The page: both systems side by side; a person edits one side and watches the other follow.

Values are read from the systems through the connectors. Edits are made *as a person*, which only the
practice orgs allow: over real systems the page is for looking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from connector.errors import ConnectorError
from connector.port import System
from console.finding import pairs_named
from console.refused import LatelyRefused
from mappings.compile import Compiled
from mappings.own_values import vendor_fields
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.ledger import LedgerError
from sync.wiring import Bridge

PER_PAGE = 15
TIMEOUT = 10


class CannotEdit(Exception):
    """The edit was refused; the message is the vendor's."""


@dataclass(frozen=True, slots=True)
class People:
    """Edits records of the practice orgs as a person would in each system's own screens."""

    told: Mapping[str, Any]

    def edit(
        self, system: System, object_name: str, record_id: str, field: str, value: str
    ) -> None:
        """Set one field. Raises `CannotEdit`."""
        if system is System.HUBSPOT:
            answer = self._hubspot(object_name, record_id, field, value)
        else:
            answer = self._salesforce(object_name, record_id, field, value)
        if answer.status_code >= requests.codes.bad_request:
            raise CannotEdit(_message(answer))

    def _hubspot(
        self, object_name: str, record_id: str, field: str, value: str
    ) -> requests.Response:
        told = self.told["hubspot"]
        return requests.patch(
            f"{told['base_url']}/crm/v3/objects/{object_name}/{record_id}",
            json={"properties": {field: value}},
            headers={"Authorization": f"Bearer {told['person_token']}"},
            timeout=TIMEOUT,
        )

    def _salesforce(
        self, object_name: str, record_id: str, field: str, value: str
    ) -> requests.Response:
        told = self.told["salesforce"]
        token = requests.post(
            f"{told['login_url']}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": told["person_client_id"],
                "client_secret": told["person_client_secret"],
            },
            timeout=TIMEOUT,
        ).json()
        return requests.patch(
            f"{token['instance_url']}/services/data/v62.0/sobjects/{object_name}/{record_id}",
            json={field: value or None},
            headers={"Authorization": f"Bearer {token['access_token']}"},
            timeout=TIMEOUT,
        )


def _message(answer: requests.Response) -> str:
    """What the vendor says of a refusal, without what surrounds it."""
    try:
        told = answer.json()
    except ValueError:
        return answer.text[:300]
    first = told[0] if isinstance(told, list) and told else told
    return str(first.get("message", told) if isinstance(first, dict) else told)[:300]


def create_app(
    bridge: Bridge,
    mappings: Callable[[], Compiled],
    practice: Mapping[str, Any] | None,
    refused: LatelyRefused,
) -> Flask:
    """The page as a WSGI app. `mappings` answers those in force.

    `practice` is the JSON of the practice orgs, where they run.
    """
    app = Flask(__name__)

    def by_name() -> dict[str, FieldMapping]:
        return {mapping.name: mapping for mapping in mappings().mappings}

    _looking(app, bridge, by_name, refused, editable=practice is not None)
    _editing(app, None if practice is None else People(practice))
    _trouble(app)
    return app


def _looking(
    app: Flask,
    bridge: Bridge,
    by_name: Callable[[], dict[str, FieldMapping]],
    refused: LatelyRefused,
    *,
    editable: bool,
) -> None:
    @app.get("/")
    def page() -> str:
        names = list(by_name())[::-1]
        return render_template("page.html", mappings=names, editable=editable)

    @app.get("/pairs/<name>")
    def pairs(name: str) -> Response:
        mapping = by_name().get(name)
        if mapping is None:
            return _refused(f"there is no mapping {name!r}", 404)
        record = request.args.get("record", "")
        after = request.args.get("after", 0, type=int)
        return jsonify(_pairs(bridge, mapping, after, record, refused))

    @app.get("/status")
    def state() -> Response:
        return jsonify(bridge.status(by_name().values()))


def _editing(app: Flask, people: People | None) -> None:
    @app.post("/edit")
    def edit() -> Response:
        if people is None:
            return _refused("real systems are edited in their own screens", 403)
        told = request.get_json(silent=True)
        if not isinstance(told, dict) or told.get("system") not in {s.value for s in System}:
            return _refused(
                "send JSON: {system: hubspot|salesforce, object, id, field, value}", 400
            )
        names = ("object", "id", "field", "value")
        object_name, record_id, field, value = (str(told.get(name) or "") for name in names)
        try:
            people.edit(System(told["system"]), object_name, record_id, field, value)
        except CannotEdit as error:
            return _refused(str(error), 400)
        return jsonify({"done": True})


def _trouble(app: Flask) -> None:
    @app.errorhandler(ConnectorError)
    def system_down(error: ConnectorError) -> Response:
        return _refused(f"{error.system}: {error.message}", 503)

    @app.errorhandler(LedgerError)
    def store_down(error: LedgerError) -> Response:
        return _refused(str(error), 503)

    @app.errorhandler(HTTPException)
    def wrong_call(error: HTTPException) -> Response:
        return _refused(error.description or error.name, error.code or 500)


def _refused(why: str, code: int) -> Response:
    answer = jsonify({"error": why})
    answer.status_code = code
    return answer


def _pairs(
    bridge: Bridge, mapping: FieldMapping, after: int, record: str, refused: LatelyRefused
) -> dict[str, Any]:
    """A page of pairs with the values that both systems hold now; of a record that is named, its pair."""
    if record:
        found = pairs_named(bridge.ledger, bridge.connectors, mapping, record.strip())
    else:
        found = bridge.ledger.all_pairs(mapping.name, after_id=after, limit=PER_PAGE)
    left = bridge.connectors[System.HUBSPOT].get_many(
        mapping.hubspot_object,
        [pair.hubspot_id for pair in found],
        vendor_fields(mapping.fields[System.HUBSPOT, mapping.hubspot_object]),
    )
    rows: list[dict[str, Any]] = []
    whom: dict[int, Sequence[OwnName]] = {}
    for name in mapping.salesforce_objects:
        here = [pair for pair in found if pair.salesforce_object == name]
        right = bridge.connectors[System.SALESFORCE].get_many(
            name,
            [pair.salesforce_id for pair in here],
            vendor_fields(mapping.fields[System.SALESFORCE, name]),
        )
        for pair in here:
            if pair.hubspot_id in left and pair.salesforce_id in right:
                lines = mapping.objects[name]
                place = (System.HUBSPOT, mapping.hubspot_object)
                if (names := mapping.own_names.get(place)) is not None:
                    whom[pair.id] = names(pair.hubspot_id, left[pair.hubspot_id].values)
                rows.append(
                    {
                        "pair": pair.id,
                        "hubspot_id": pair.hubspot_id,
                        "hubspot_object": mapping.hubspot_object,
                        "salesforce_id": pair.salesforce_id,
                        "salesforce_object": name,
                        "lines": [
                            {
                                "line": line.id,
                                "arrow": "own" if line.ledger_value else line.direction.value,
                                "hubspot_field": line.hubspot.fields[0],
                                "hubspot": left[pair.hubspot_id].values.get(line.hubspot.fields[0]),
                                "salesforce_field": line.salesforce.fields[0],
                                "salesforce": right[pair.salesforce_id].values.get(
                                    line.salesforce.fields[0]
                                ),
                            }
                            for line in lines.lines
                            if line.hubspot.fields and line.salesforce.fields and not line.link_to
                        ],
                    }
                )
    told = refused.of(whom) if whom else {}
    rows = [{**row, "refused": told.get(row["pair"])} for row in rows]
    rows.sort(key=lambda row: int(str(row["pair"])))
    more = found[-1].id if len(found) == PER_PAGE else None
    return {"rows": rows, "more": more}
