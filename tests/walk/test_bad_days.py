"""Both systems on their bad days, over real HTTP: the next run finishes, and nobody is twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.serve import Sandbox
from tests.walk.command import Admin, twins

BAD_DAYS = [
    ("hubspot", "lost_answer", "batch/create", {}),
    ("hubspot", "lost_answer", "batch/update", {}),
    ("hubspot", "ignore_write", "batch/update", {"property": "jobtitle"}),
    ("hubspot", "status", "batch", {"status": 503}),
    ("hubspot", "rate_daily", "batch/update", {}),
    ("salesforce", "lost_answer", "PATCH .*composite", {}),
    ("salesforce", "short_answer", "PATCH .*composite", {}),
    ("salesforce", "lock", "PATCH .*composite", {}),
    ("salesforce", "html_200", "composite", {}),
    ("salesforce", "limit", "PATCH .*composite", {}),
]


@pytest.mark.parametrize(
    ("system", "kind", "match", "options"),
    BAD_DAYS,
    ids=[f"{s}-{k}-{m}" for s, k, m, _ in BAD_DAYS],
)
def test_after_a_bad_day_the_next_run_finishes(
    tmp_path: Path, system: str, kind: str, match: str, options: dict[str, object]
) -> None:
    """Whatever the first run could not do is done by the second; a third has nothing to do."""
    sandbox = Sandbox.start(people=60, seed=9, limits=False)
    try:
        admin = Admin(tmp_path, sandbox, {"KAKEHASHI_SYNC__LANDING_WINDOW": "0"})
        assert admin.run("init").code == 0
        org = sandbox.hubspot if system == "hubspot" else sandbox.salesforce
        org.faults.order({"kind": kind, "match": match, "times": 2, **options})
        first = admin.run("resync", "--yes")
        assert first.code in {0, 1, 3}
        assert "Traceback" not in first.err
        org.faults.clear()
        assert admin.run("resync", "--yes").code in {0, 1}
        assert admin.run("plan", "--json").json["changes"] == []
        assert twins(sandbox) == {}
    finally:
        sandbox.stop()
