"""Engines with one fault each: the histories of `life_machine` find every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from connector.port import Fate, Record, System
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync import decide
from sync.decide import Decision, EditTimes, Ends
from sync.following import Follower
from sync.ledger import Agreement, Ledger
from sync.ledger.tables import record
from sync.model import LineBaseline
from sync.sighting import Glance, Lookout
from tests.sync.life_machine import Life
from tests.sync.test_life import search

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def is_found(folder: Path, number: int) -> bool:
    """Whether a history of this number breaks a promise; with the engine as it is, none of them does."""

    class Histories(Life):
        pass

    Histories.folder = folder
    with pytest.raises(AssertionError):
        search(Histories, number)
    return True


def test_a_baseline_that_both_sides_share_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What HubSpot holds is noted as what Salesforce holds, too: its shorter titles come back."""
    agree = Ledger.agree

    def shared(ledger: Ledger, agreements: Sequence[Agreement], *rest: object) -> None:
        noted = [
            replace(
                one,
                baseline={
                    name: LineBaseline(base.line_hash, base.hubspot, base.hubspot, base.open)
                    for name, base in one.baseline.items()
                },
            )
            for one in agreements
        ]
        agree(ledger, noted, *rest)  # type: ignore[arg-type]  # the time

    monkeypatch.setattr(Ledger, "agree", shared)
    assert is_found(tmp_path, 1)


def test_an_export_before_the_import_of_a_newer_edit_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HubSpot's edits go out before anybody looks at what was edited in Salesforce."""
    two_way = decide._two_way

    def export_first(ends: Ends, base: LineBaseline, times: EditTimes | None) -> Decision:
        if ends.changed(HUBSPOT, base):
            return decide._send(ends, SALESFORCE, "changed")
        return two_way(ends, base, times)

    monkeypatch.setattr(decide, "_two_way", export_first)
    assert is_found(tmp_path, 2)


def test_a_pair_that_is_dropped_on_delete_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the pair goes all memory of the partner: whoever is left looks like somebody new."""
    unbind = Ledger.unbind

    def drop(ledger: Ledger, pair_id: int, *rest: object) -> None:
        with ledger._begin() as connection:
            connection.execute(
                update(record).where(record.c.pair_id == pair_id).values(external_key=None)
            )
        unbind(ledger, pair_id, *rest)  # type: ignore[arg-type]  # why and when

    monkeypatch.setattr(Ledger, "unbind", drop)
    assert is_found(tmp_path, 2)


def test_a_converted_lead_that_is_created_again_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversion is not followed: the Lead's partner is free, and gets a new one."""
    follow = Follower.follow

    def lose(
        follower: Follower,
        mapping: FieldMapping,
        system: System,
        object_name: str,
        fates: Mapping[str, Fate | None],
    ) -> set[str]:
        for lead in (i for i, fate in fates.items() if fate and fate.kind == "converted"):
            if pair := follower.ledger.pair_of(mapping.name, system, lead):
                with follower.ledger._begin() as connection:
                    connection.execute(
                        update(record).where(record.c.pair_id == pair.id).values(external_key=None)
                    )
                follower.ledger.unbind(pair.id, "converted", follower.now)
        others = {i: f for i, f in fates.items() if f is None or f.kind != "converted"}
        return follow(follower, mapping, system, object_name, others)

    monkeypatch.setattr(Follower, "follow", lose)
    assert is_found(tmp_path, 2)


def test_edits_of_the_same_second_that_are_skipped_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record whose second of last change is known is taken for known."""
    glance = Lookout.glance
    known: dict[tuple[int, int, str], tuple[FieldMapping, Glance]] = {}

    def skip(lookout: Lookout, found: Record, context: Context) -> Glance:
        now = glance(lookout, found, context)
        if found.modified_at is None:
            return now
        # Histories repeat ids and times: each has mappings of its own, and so a memory of its own.
        mine = lookout._mapping
        place = (id(mine), int(found.modified_at.timestamp()), found.id)
        return known.setdefault(place, (mine, now))[1]

    monkeypatch.setattr(Lookout, "glance", skip)
    assert is_found(tmp_path, 1)
