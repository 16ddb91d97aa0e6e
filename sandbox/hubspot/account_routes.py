"""Doors for the account itself: details, usage, owners, pipelines, OAuth tokens, custom events."""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.hubspot.answers import Refusal, invalid_request, iso, not_found
from sandbox.hubspot.desk import Call, Route, nothing, page_of, reply
from sandbox.hubspot.limits import ACCOUNT_ZONE
from sandbox.hubspot.pipelines import Pipeline
from sandbox.hubspot.state import Owner

OWNERS = "crm.objects.owners.read"


def details(call: Call) -> Response:
    offset = call.state.clock().astimezone(ACCOUNT_ZONE).strftime("%z")
    minutes = int(offset[:3]) * 60 + int(offset[0] + offset[3:])
    return reply(
        {
            "portalId": call.state.portal_id,
            "accountType": "STANDARD",
            "timeZone": str(ACCOUNT_ZONE),
            "companyCurrency": "JPY",
            "additionalCurrencies": [],
            "utcOffset": f"{offset[:3]}:{offset[3:]}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def usage(call: Call) -> Response:
    """How much of the day's calls is spent."""
    limiter = call.gate.limiter
    row = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": limiter.daily,
        "currentUsage": limiter.spent,
        "collectedAt": iso(call.state.now()),
        "fetchStatus": "SUCCESS",
    }
    return reply({"results": [row]})


def _owner(owner: Owner) -> dict[str, Any]:
    made = iso(owner.created)
    return {
        "id": str(owner.id),
        "email": owner.email or None,
        "type": owner.type,
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": None if owner.archived else owner.user_id,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": made,
        "updatedAt": made,
        "archived": owner.archived,
    }


def list_owners(call: Call) -> Response:
    email, archived = (call.text("email") or "").lower(), call.flag("archived")
    found = [
        _owner(owner)
        for owner in call.state.owners.values()
        if owner.archived == archived and email in {"", owner.email}
    ]
    limit = call.number("limit", 100)
    if limit < 1:
        raise invalid_request(f"Limit must be positive, but was {limit}.")
    return reply(page_of(found, call.text("after"), limit, "/crm/v3/owners"))


def read_owner(call: Call, owner_id: str) -> Response:
    by_user = (call.text("idProperty") or "id").lower() == "userid"
    for owner in call.state.owners.values():
        number = owner.user_id if by_user else owner.id
        if str(number) == owner_id and owner.archived == call.flag("archived"):
            return reply(_owner(owner))
    raise not_found(owner_id)


def _pipelines(call: Call, kind: str) -> list[Pipeline]:
    return call.state.pipelines.get(call.table(kind).kind.name, [])


def list_pipelines(call: Call, kind: str) -> Response:
    told = [one.as_json(order) for order, one in enumerate(_pipelines(call, kind))]
    return reply({"results": told})


def create_pipeline(call: Call, kind: str) -> Response:
    """Deals only: what the stages of others must tell is not on the sheet."""
    table, body = call.table(kind), call.body_object()
    if table.kind.name != "deals":
        raise invalid_request(f"Pipelines of {table.kind.name} are not made here")
    stages = [
        (str(one.get("label")), str((one.get("metadata") or {}).get("probability", "0.5")))
        for one in body.get("stages") or ()
    ]
    made = call.state.make_pipeline(str(body.get("label")), stages)
    return reply(made.as_json(int(body.get("displayOrder") or 0)), 201)


def read_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    return reply(_one_pipeline(call, kind, pipeline_id).as_json(0))


def list_stages(call: Call, kind: str, pipeline_id: str) -> Response:
    return reply({"results": _one_pipeline(call, kind, pipeline_id).stages_json()})


def _one_pipeline(call: Call, kind: str, pipeline_id: str) -> Pipeline:
    for one in _pipelines(call, kind):
        if one.id == pipeline_id:
            return one
    raise Refusal(404, f"Pipeline {pipeline_id} does not exist", "OBJECT_NOT_FOUND")


def token(call: Call) -> Response:
    """The refresh grant: a new access token for half an hour, the same refresh token."""
    form, gate = call.request.form, call.gate
    if form.get("grant_type") != "refresh_token":
        raise Refusal(400, "unsupported grant_type", status="BAD_GRANT_TYPE")
    given = (form.get("client_id"), form.get("client_secret"), form.get("refresh_token"))
    if given != gate.oauth_client:
        text = "missing or invalid refresh token"
        raise Refusal(
            400,
            text,
            status="BAD_REFRESH_TOKEN",
            error="invalid_grant",
            error_description=text,
        )
    made = f"CJ{call.state.dice.getrandbits(480):0120x}"
    life = gate.issue(made)
    told = {"token_type": "bearer", "access_token": made, "refresh_token": given[2]}
    return reply(told | {"expires_in": life, "hub_id": call.state.portal_id})


def token_details(call: Call, token_text: str) -> Response:
    end = call.gate.expiry_of(token_text)
    if end is None:
        raise Refusal(404, "the token does not exist", "OBJECT_NOT_FOUND")
    return reply(
        {
            "token": token_text,
            "token_type": "access",
            "hub_id": call.state.portal_id,
            "app_id": call.state.app_id,
            "user_id": 1,
            "user": "admin@example.com",
            "hub_domain": "example.com",
            "scopes": sorted(call.gate.scopes),
            "expires_in": max(0, (end - call.state.now()) // 1000),
        }
    )


def send_event(call: Call) -> Response:
    """204 says accepted, nothing more."""
    call.state.sent_events.append(dict(call.body_object()))
    return nothing()


ROUTES = (
    Route("GET", "/account-info/v3/details", details),
    Route("GET", "/account-info/v3/api-usage/daily/private-apps", usage),
    Route("GET", "/crm/v3/owners", list_owners, OWNERS),
    Route("GET", "/crm/v3/owners/<owner_id>", read_owner, OWNERS),
    Route("GET", "/crm/v3/pipelines/<kind>", list_pipelines, "crm.objects.{kind}.read"),
    Route("POST", "/crm/v3/pipelines/<kind>", create_pipeline, "crm.schemas.{kind}.write"),
    Route("GET", "/crm/v3/pipelines/<kind>/<pipeline_id>", read_pipeline),
    Route("GET", "/crm/v3/pipelines/<kind>/<pipeline_id>/stages", list_stages),
    Route("POST", "/oauth/v1/token", token, public=True),
    Route("POST", "/oauth/v3/token", token, public=True),
    Route("GET", "/oauth/v1/access-tokens/<token_text>", token_details, public=True),
    Route("POST", "/events/v3/send", send_event, "analytics.behavioral_events.send", exempt=True),
)
