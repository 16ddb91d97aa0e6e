"""Where records went: the aliases of merged and converted ones, and pairs that follow them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, select, update

from connector.port import System
from sync.ledger.binding import Binding, pair_of_row, refuse_bound, tie_records
from sync.ledger.room import IN_FLIGHT_STATES, baseline_json, slices, within
from sync.ledger.tables import journal, pair, parked, record
from sync.model import Baseline, Pair, Scope


class Twins(NamedTuple):
    """Two records of one object and system that are the same person or company by now."""

    object: str
    winner: str
    loser: str


class Moves(Binding):
    """Many ids to one record: a record that went keeps its row, which names the survivor."""

    def went(self, mapping: str, system: System, old: str, new: str, *, kind: str) -> None:
        """Note that a record lives on in another one: `merged` (it is gone) or `converted`.

        Whoever went into `old` before, and whoever names it by an external key, means `new` from now on.
        """
        ours = and_(record.c.mapping == mapping, record.c.system == system.value)
        theirs = and_(record.c.mapping == mapping, record.c.system == system.other.value)
        with self._begin() as connection:
            gone = {"gone": "merged"} if kind == "merged" else {}
            connection.execute(
                update(record).where(ours, record.c.record_id == old).values(went_to=new, **gone)
            )
            connection.execute(
                update(record).where(ours, record.c.went_to == old).values(went_to=new)
            )
            connection.execute(
                update(record).where(theirs, record.c.external_key == old).values(external_key=new)
            )
            _let_whole_records_go(connection, mapping, system, (old, new))

    def move(
        self,
        pair_id: int,
        system: System,
        object_name: str,
        record_id: str,
        baseline: Baseline | None = None,
    ) -> None:
        """Let a pair follow its record of one system, which was converted or merged into another.

        The baseline stays (or becomes the one given), so that edits made meanwhile travel; writes in
        flight go with it. Raises `AlreadyBound` where the new record has another partner.
        """
        with self._begin() as connection:
            found = connection.execute(
                select(pair).where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
            ).one()
            old = pair_of_row(found)
            if system is System.HUBSPOT:
                moved = replace(old, hubspot_id=record_id)
            else:
                moved = replace(old, salesforce_object=object_name, salesforce_id=record_id)
            refuse_bound(connection, moved)
            connection.execute(
                update(pair)
                .where(pair.c.id == pair_id)
                .values(
                    hubspot_id=moved.hubspot_id,
                    salesforce_object=moved.salesforce_object,
                    salesforce_id=moved.salesforce_id,
                    clean=False,
                    baseline=found.baseline if baseline is None else baseline_json(baseline),
                )
            )
            connection.execute(
                update(record).where(record.c.pair_id == pair_id).values(pair_id=None)
            )
            tie_records(connection, moved.mapping, [moved], [pair_id])
            connection.execute(
                update(journal)
                .where(
                    journal.c.mapping == old.mapping,
                    journal.c.system == system.value,
                    journal.c.record_id == old.record_id(system),
                    journal.c.state.in_(IN_FLIGHT_STATES),
                )
                .values(object=object_name, record_id=record_id)
            )

    def recall(self, mapping: str, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs with what they agreed on before they ended, if they ever were: both are back."""
        if not pairs:
            return []
        baselines: dict[tuple[str, str], Baseline] = {}
        with self._look() as connection:
            for some in slices([one.hubspot_id for one in pairs]):
                rows = connection.execute(
                    select(pair)
                    .where(
                        pair.c.mapping == mapping,
                        pair.c.hubspot_id.in_(some),
                        pair.c.unbound_at.is_not(None),
                    )
                    .order_by(pair.c.id)
                )
                for row in rows:
                    baselines[row.hubspot_id, row.salesforce_id] = pair_of_row(row).baseline
        return [
            replace(one, baseline=baselines.get((one.hubspot_id, one.salesforce_id), one.baseline))
            for one in pairs
        ]

    def absorbed(self, mapping: str, pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
        """Ended pairs of which both records went into those of one of these pairs, by its HubSpot id, the
        latest first.
        """
        found: dict[str, list[Pair]] = {}
        with self._look() as connection:
            into = {side: _aliases(connection, mapping, side, pairs) for side in System}
            left, right = into[System.HUBSPOT], into[System.SALESFORCE]
            for some in slices(list(left)):
                rows = connection.execute(
                    select(pair)
                    .where(
                        pair.c.mapping == mapping,
                        pair.c.hubspot_id.in_(some),
                        pair.c.unbound_at.is_not(None),
                    )
                    .order_by(pair.c.id.desc())
                )
                for ended in map(pair_of_row, rows):
                    ends = left[ended.hubspot_id], right.get(ended.salesforce_id)
                    if any(ends == (one.hubspot_id, one.salesforce_id) for one in pairs):
                        found.setdefault(ends[0], []).append(ended)
        return found

    def agreed_last(self, mapping: str, system: System, record_id: str) -> Baseline:
        """What the last pair of a record agreed on, whether it has ended or not; of none, nothing."""
        held = pair.c.hubspot_id if system is System.HUBSPOT else pair.c.salesforce_id
        with self._look() as connection:
            found = connection.execute(
                select(pair)
                .where(pair.c.mapping == mapping, held == record_id)
                .order_by(pair.c.id.desc())
                .limit(1)
            ).one_or_none()
        return {} if found is None else pair_of_row(found).baseline

    def to_merge(self, mapping: str, side: System, scope: Scope = None) -> list[Twins]:
        """Records of the other side that stand for one since two of this side were merged.

        The loser's pair ended with the merge; the winner is paired with the survivor.
        """
        ended, bound = pair.alias("ended"), pair.alias("bound")
        alias, loser = record.alias("alias"), record
        here, there = ("hubspot_id", "salesforce_id")
        if side is System.SALESFORCE:
            here, there = there, here
        with self._look() as connection:
            rows = connection.execute(
                select(
                    loser.c.id,
                    loser.c.object,
                    loser.c.record_id,
                    bound.c[there].label("winner"),
                    bound.c.salesforce_object,
                )
                .distinct()
                .select_from(
                    ended.join(
                        alias,
                        and_(
                            alias.c.mapping == ended.c.mapping,
                            alias.c.system == side.value,
                            alias.c.record_id == ended.c[here],
                        ),
                    )
                    .join(
                        bound,
                        and_(
                            bound.c.mapping == ended.c.mapping,
                            bound.c[here] == alias.c.went_to,
                            bound.c.unbound_at.is_(None),
                        ),
                    )
                    .join(
                        loser,
                        and_(
                            loser.c.mapping == ended.c.mapping,
                            loser.c.system == side.other.value,
                            loser.c.record_id == ended.c[there],
                        ),
                    )
                )
                .where(
                    ended.c.mapping == mapping,
                    ended.c.unbound_why == "merged",
                    loser.c.pair_id.is_(None),
                    loser.c.gone.is_(None),
                    within(scope),
                )
                .order_by(loser.c.id)
            ).all()
        return [
            Twins(row.object, row.winner, row.record_id)
            for row in rows
            # A Contact and a Lead cannot be merged: that is for a person to sort out.
            if side is System.SALESFORCE or row.object == row.salesforce_object
        ]

    def unfollowed(self, mapping: str, ids: Collection[str] | None = None) -> list[str]:
        """Converted Leads of which it is not on file where they went, and that matter to somebody:
        bound ones, those that a key names, and (with `ids`) the ones asked for.
        """
        named = record.alias("named")
        matters = record.c.pair_id.is_not(None) | exists().where(
            named.c.mapping == mapping,
            named.c.external_key == record.c.record_id,
            named.c.system == System.HUBSPOT.value,
        )
        asked = matters if ids is None else record.c.record_id.in_(list(ids))
        with self._look() as connection:
            return list(
                connection.scalars(
                    select(record.c.record_id)
                    .where(
                        record.c.mapping == mapping,
                        record.c.system == System.SALESFORCE.value,
                        record.c.frozen,
                        record.c.went_to.is_(None),
                        record.c.gone.is_(None),
                        asked,
                    )
                    .order_by(record.c.id)
                )
            )


def _aliases(
    connection: Connection, mapping: str, side: System, pairs: Sequence[Pair]
) -> dict[str, str]:
    """Where the records of one side went that live on in these pairs, these themselves included."""
    ends = {one.record_id(side): one.record_id(side) for one in pairs}
    for some in slices(list(ends)):
        rows = connection.execute(
            select(record.c.record_id, record.c.went_to).where(
                record.c.mapping == mapping,
                record.c.system == side.value,
                record.c.went_to.in_(some),
            )
        )
        ends = {row.record_id: row.went_to for row in rows} | ends
    return ends


def resolve_aliases(
    connection: Connection, mapping: str, system: System, ids: Sequence[str]
) -> None:
    """Let these records' external keys mean the survivors of the records that they name."""
    alias = record.alias("alias")
    named = (
        select(alias.c.went_to)
        .where(
            alias.c.mapping == mapping,
            alias.c.system == system.other.value,
            alias.c.record_id == record.c.external_key,
            alias.c.went_to.is_not(None),
        )
        .scalar_subquery()
    )
    connection.execute(
        update(record)
        .where(
            record.c.mapping == mapping,
            record.c.system == system.value,
            record.c.record_id.in_(list(ids)),
            record.c.external_key.is_not(None),
            exists().where(
                alias.c.mapping == mapping,
                alias.c.system == system.other.value,
                alias.c.record_id == record.c.external_key,
                alias.c.went_to.is_not(None),
            ),
        )
        .values(external_key=named)
    )


def forget_alias(connection: Connection, mapping: str, system: System, survivor: str) -> None:
    """Somebody who had gone into this record is back: free records that name it may mean either.

    They are read anew, and until then no key of theirs decides anything.
    """
    connection.execute(
        update(record)
        .where(
            record.c.mapping == mapping,
            record.c.system == system.other.value,
            record.c.external_key == survivor,
            record.c.pair_id.is_(None),
        )
        .values(external_key=None, digest=b"")
    )


def _let_whole_records_go(
    connection: Connection, mapping: str, system: System, ids: Sequence[str]
) -> None:
    """What was parked of a record as a whole was said of what it was before."""
    connection.execute(
        parked.delete().where(
            parked.c.mapping == mapping,
            parked.c.system == system.value,
            parked.c.record_id.in_(list(ids)),
            parked.c.line == "",
        )
    )
