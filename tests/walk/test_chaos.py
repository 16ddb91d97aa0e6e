"""The parts are killed again and again while people edit. The long version: `python -m tests.walk.chaos`."""

from __future__ import annotations

from pathlib import Path

from tests.walk.chaos import wreak


def test_killed_parts_lose_nothing_and_make_nobody_twice(tmp_path: Path) -> None:
    """Worker, web part and scheduler die a few times, the queue is emptied: at the end all is in line."""
    found = wreak(tmp_path, kills=5, seed=11, people=30, flushes=2)
    assert found.fine, found
    assert found.edits > 0
    assert sum(found.killed.values()) == 5
