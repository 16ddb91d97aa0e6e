"""An admin's first hour with systems that are not as both vendors deliver them."""

from __future__ import annotations

from pathlib import Path

from sandbox.serve import Sandbox
from sync.install import SHIPPED
from tests.walk.command import Admin


def test_init_tells_which_shipped_file_does_not_fit_and_what_to_do(tmp_path: Path) -> None:
    """A pipeline that this portal does not have, say; nobody is told that all is ready."""
    sandbox = Sandbox.start(people=3, seed=5, limits=False)
    try:
        folder = tmp_path / "mappings"
        folder.mkdir()
        deals = (SHIPPED / "deals.yaml").read_text("utf-8")
        foreign = deals.replace("pipeline default:", "pipeline 新規営業:")
        assert foreign != deals
        (folder / "deals.yaml").write_text(foreign, "utf-8")
        done = Admin(tmp_path, sandbox).run_from_nothing("init")
        assert done.code == 1, done
        assert "新規営業" in done.err
        assert "deals.yaml: " in done.err.splitlines()[-1]
        assert "ready" not in done.out
    finally:
        sandbox.stop()
