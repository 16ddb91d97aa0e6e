"""Somebody presses Ctrl-C in the middle of a compare."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from sandbox.serve import Sandbox
from tests.walk.command import Admin, twins


def test_ctrl_c_stops_politely_and_the_next_run_finishes(tmp_path: Path) -> None:
    """No trace on the screen; the same command goes on from there."""
    sandbox = Sandbox.start(people=200, seed=3, limits=False)
    try:
        admin = Admin(tmp_path, sandbox, {"KAKEHASHI_SYNC__LANDING_WINDOW": "0"})
        assert admin.run("init").code == 0
        # Slow enough that the interrupt meets the compare at work.
        sandbox.hubspot.faults.order({"kind": "slow", "match": "GET .*contacts", "seconds": 2})
        sandbox.hubspot.calls.clear()
        process = admin.start("resync", "--yes")
        while not sandbox.hubspot.calls.as_json()["total"] and process.poll() is None:
            time.sleep(
                0.01
            )  # until it is at work: how long it takes to start is the machine's business
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1, err
        assert "Nothing is lost" in err
        assert "Traceback" not in err
        assert admin.run("resync", "--yes").code in {0, 1}
        assert admin.run("plan", "--json").json["changes"] == []
        assert twins(sandbox) == {}
    finally:
        sandbox.stop()
