"""With `--json` standard output is one document, whatever is logged on the way."""

from __future__ import annotations

from pathlib import Path

from sandbox.serve import Sandbox
from tests.walk.command import Admin

NOBODY = "redis://127.0.0.1:1/0"


def test_what_a_command_logs_does_not_stand_in_its_document(tmp_path: Path) -> None:
    """Here: that the budget is not shared while Redis is away. It goes to standard error."""
    sandbox = Sandbox.start(people=3, seed=5, limits=False)
    try:
        done = Admin(tmp_path, sandbox, {"KAKEHASHI_REDIS_URL": NOBODY}).run_from_nothing(
            "init", "--json"
        )
        assert "budget.alone" in done.out + done.err, done
        assert done.json
        assert "budget.alone" in done.err
    finally:
        sandbox.stop()
