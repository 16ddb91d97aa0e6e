"""What all tests share: their order, how long they search, the disk, and one PostgreSQL.

By day tests that draw what they try search for a moment, at night with `--hypothesis-profile=nightly` for
long. However long an example takes, it fails for what it shows alone: machines are busy at times.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.machine.databases import Databases
from tests.machine.disk import wait_for_no_disk
from tests.machine.postgres import running_postgres

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("daily", PATIENT)
settings.register_profile("nightly", PATIENT, max_examples=10_000)
settings.load_profile("daily")
wait_for_no_disk()

WALK = Path(__file__).parent / "walk"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole installations first: no worker is left with the longest tests when the others are done."""
    items.sort(key=lambda item: WALK not in item.path.parents)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Databases on one server for all tests of a process; a server that does not start fails them."""
    with running_postgres() as url:
        databases = Databases(url)
        yield databases
        databases.close()
