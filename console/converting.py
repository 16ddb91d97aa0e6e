"""`convert`: convert a Lead from our side, and let its pair follow at once."""

from __future__ import annotations

from typing import cast

import click

from connector.converting import Converted, ConvertsLeads
from connector.port import System
from console.language import language, say
from console.session import Session, command
from sync.ledger import Ring


@command("convert")
@click.argument("lead_id", metavar="LEAD")
@click.option("--account", metavar="ID", help="Into this Account; without it a new one is made.")
@click.option("--contact", metavar="ID", help="Into this Contact, of which only blanks are filled.")
@click.option("--opportunity", metavar="NAME", help="Make an Opportunity of this name too.")
@click.option("--owner", metavar="ID", help="Who owns what is made; without it the Lead's owner.")
def convert(
    session: Session,
    lead_id: str,
    *,
    account: str | None,
    contact: str | None,
    opportunity: str | None,
    owner: str | None,
) -> int:
    """Convert a Salesforce Lead; its HubSpot contact stays paired, with the new Contact."""
    bridge, lang = session.bridge(), language(session.output.lang)
    if bridge.settings.mode == "observe":
        raise click.UsageError(say("convert.observe", lang))
    if System.SALESFORCE in bridge.ledger.paused():
        raise click.UsageError(say("convert.paused", lang))
    bridge.pin()
    converter = cast("ConvertsLeads", bridge.connectors[System.SALESFORCE])
    done = converter.convert_lead(
        lead_id,
        contact_id=contact,
        account_id=account,
        opportunity_name=opportunity,
        owner_id=owner,
    )
    if not isinstance(done, Converted):
        raise done
    now = bridge.clock()
    made = {"Lead": lead_id, "Contact": done.contact_id, "Account": done.account_id}
    if done.opportunity_id is not None:
        made["Opportunity"] = done.opportunity_id
    # Whoever looks next follows the Lead to its Contact and meets what was made with it.
    bridge.ledger.ring([Ring(System.SALESFORCE, name, i) for name, i in made.items()], now)
    if session.output.json:
        session.output.document({name.lower(): record_id for name, record_id in made.items()})
        return 0
    for name, record_id in made.items():
        session.output.line(f"{name}: {record_id}")
    session.output.say("convert.done")
    return 0
