"""The promises of `connector.port.Connector`, one per test, for every system that keeps them.

To put a system to the test, make a `World` of it and inherit::

    class HubSpotWorld(World):
        names = Names(object="contacts", key="salesforce_id", email="email", text="jobtitle")
        ...

    class TestHubSpot(ConnectorContract):
        @pytest.fixture
        def world(self) -> Iterator[World]:
            with practice_org() as org:
                yield HubSpotWorld(org)

The world is empty of records at the start of each test. The object must have a unique external key
already (create it in the fixture). People must not write with our credentials, or nobody can tell
their edits from ours. Time is injected: `forward` moves the org's clock and the connector's, and the
connector's pauses between retries must pass no real time. A trouble that the system cannot be made to
show is answered False by `order` and its test is skipped; nothing else is.

The suite is written in six rooms: knowing, reading and listing (`reading_suite`), deletions
(`leaving_suite`), writing (`writing_suite`), bad days (`trouble_suite`). `tests/contract/test_memory.py` is
the smallest example.
"""

from __future__ import annotations

from tests.contract.leaving_suite import LeavingContract
from tests.contract.reading_suite import (
    KnowingContract,
    ListingContract,
    LookingBackContract,
    ReadingContract,
)
from tests.contract.trouble_suite import TroubleContract
from tests.contract.world import Names, Trouble, World
from tests.contract.writing_suite import CreatingContract, DeletingContract, UpdatingContract

__all__ = ["ConnectorContract", "Names", "Trouble", "World"]


class ConnectorContract(
    KnowingContract,
    ReadingContract,
    ListingContract,
    LeavingContract,
    LookingBackContract,
    CreatingContract,
    UpdatingContract,
    DeletingContract,
    TroubleContract,
):
    """All promises. A subclass named ``Test…`` gives the fixture `world`."""
