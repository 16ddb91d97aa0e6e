"""Threads that put something on file at the same moment share a turn, and each hears the truth."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync.clerk import Clerk
from tests.sync.embedded import soon

SECONDS = 30


class Shelf:
    """What is on file, turn by turn. A turn waits until it may go on."""

    def __init__(self) -> None:
        self.turns: list[list[int]] = []
        self.entered = threading.Semaphore(0)
        self.may_go_on = threading.Semaphore(0)

    def write(self, items: Sequence[int]) -> None:
        self.entered.release()
        assert self.may_go_on.acquire(timeout=SECONDS)
        if 13 in items:
            raise OSError("the disk is full")
        self.turns.append(list(items))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_who_comes_during_a_turn_shares_the_next_one(shelf: Shelf) -> None:
    """One write for all of them, and nobody is answered before it."""
    clerk = Clerk(shelf.write)
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(clerk.put, 0)
        assert shelf.entered.acquire(timeout=SECONDS)
        others = [pool.submit(clerk.put, number) for number in range(1, 15) if number != 13]
        assert soon(lambda: len(clerk._waiting) == len(others))
        assert not any(other.done() for other in (first, *others))
        shelf.may_go_on.release(2)
        for one in (first, *others):
            one.result(SECONDS)
    assert [len(turn) for turn in shelf.turns] == [1, len(others)]


def test_a_turn_that_fails_is_told_to_all_who_shared_it_and_to_nobody_else(shelf: Shelf) -> None:
    """They were not put on file: their senders come again."""
    clerk = Clerk(shelf.write)
    shelf.may_go_on.release(3)
    clerk.put(1)
    with pytest.raises(OSError, match="full"):
        clerk.put(13)
    clerk.put(2)
    assert shelf.turns == [[1], [2]]


def test_everything_is_put_on_file_once_whoever_comes_when(shelf: Shelf) -> None:
    """Many threads, many items."""
    clerk = Clerk(shelf.write)
    shelf.may_go_on.release(1_000)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(clerk.put, range(100, 600)))
    assert sorted(item for turn in shelf.turns for item in turn) == list(range(100, 600))
