"""The Salesforce connector keeps every promise of the port, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import Rejected, SystemBlocked
from connector.port import Change
from tests.contract.connector_suite import ConnectorContract
from tests.contract.life_suite import LifeContract, LivingWorld
from tests.contract.salesforce_world import (
    OBJECT,
    SalesforceWorld,
    connector_of,
    salesforce_world,
)


@pytest.fixture
def salesforce() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


class TestSalesforce(ConnectorContract, LifeContract):
    @pytest.fixture
    def world(self, salesforce: SalesforceWorld) -> LivingWorld:
        return salesforce


# What only Salesforce has ------------------------------------------------------------------------


def test_a_converted_lead_takes_no_writes_and_its_fate_is_the_contact(
    salesforce: SalesforceWorld,
) -> None:
    """It is named as converted, not as deleted."""
    lead = salesforce.person_creates(text="a")
    salesforce.org.convert(lead)
    [outcome] = salesforce.connector.update_many(OBJECT, [Change(lead, {"Street": "b"})])
    assert isinstance(outcome, Rejected)
    assert outcome.cause == "converted"
    fate = salesforce.connector.fates(OBJECT, [lead])[lead]
    assert fate.kind == "converted"
    assert fate.into is not None
    assert fate.into.startswith("003")


def test_a_locked_row_is_tried_again(salesforce: SalesforceWorld) -> None:
    """Somebody held the record for a moment; nobody has to know."""
    lead = salesforce.person_creates(text="a")
    salesforce.fault("lock", times=1)
    salesforce.connector.update_many(OBJECT, [Change(lead, {"Street": "b"})])
    assert salesforce.stored()[lead]["Street"] == "b"


def test_an_expired_session_is_renewed_once(salesforce: SalesforceWorld) -> None:
    """Quietly, and the call is repeated."""
    lead = salesforce.person_creates(text="a")
    salesforce.fault("expired_session", times=1)
    found = salesforce.connector.get_many(OBJECT, [lead], ["Street"])
    assert found[lead].values == {"Street": "a"}


def test_a_wrong_secret_names_the_setting(salesforce: SalesforceWorld) -> None:
    """The person at 3 a.m. reads what to change."""
    connector = connector_of(
        salesforce.org, salesforce.url, salesforce.time, salesforce.forward, client_secret="x"
    )
    with pytest.raises(SystemBlocked) as told:
        connector.ping()
    assert told.value.cause == "credentials"
    assert "KAKEHASHI_SALESFORCE__CLIENT_ID" in told.value.advice


def test_an_id_that_is_none_never_reaches_a_url(salesforce: SalesforceWorld) -> None:
    """The client library would follow it to another host, with the token."""
    assert salesforce.connector.get_many(OBJECT, ["http://evil.example.com/x"], ["Street"]) == {}
