"""CSV files of outcomes and of dated events -> values; a row that cannot be read is told with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from intent.learning.features import number_of
from intent.learning.half_life import Dated
from intent.learning.outcomes import Columns, Lead
from intent.model import millis

YES = frozenset({"1", "true", "yes", "y", "won", "t", "はい"})
NO = frozenset({"", "0", "false", "no", "n", "lost", "f", "いいえ"})
LISTS = ("features", "leave_out", "keep")
WORDS = ("id", "decided_at", "outcome", "outcome_at", "rules", "recency")
# So many lines of one file are told; who mends those finds the others.
TOLD = 5


class FixTheFile(Exception):
    """A file of outcomes, or the description of its columns, cannot be read as it is."""


def read_columns(file: Path) -> dict[str, Any]:
    """The words of a description of columns (YAML). Raises `FixTheFile`."""
    try:
        found = YAML(typ="safe").load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise FixTheFile(f"{file}: {error}") from error
    if not isinstance(found, dict):
        raise FixTheFile(f"{file}: write `id: COLUMN` and so on, one word a line")
    if unknown := sorted(set(map(str, found)) - {*WORDS, *LISTS}):
        known = ", ".join((*WORDS, *LISTS))
        raise FixTheFile(f"{file}: {', '.join(unknown)} is not known; known: {known}")
    return {
        word: tuple(map(str, value)) if word in LISTS else str(value)
        for word, value in found.items()
    }


def columns_of(words: Mapping[str, Any]) -> Columns:
    """Columns from their words. Raises `FixTheFile` for those that have to be named and are not."""
    needed = ("id", "decided_at", "outcome")
    if missing := [word for word in needed if not words.get(word)]:
        raise FixTheFile(f"say which column is what: {', '.join(missing)} is missing")
    return Columns(**{word: value for word, value in words.items() if value})


def read_leads(file: Path, columns: Columns) -> list[Lead]:
    """Every row of a file. Raises `FixTheFile` with the first lines that cannot be read."""
    leads: list[Lead] = []
    faults: list[str] = []
    for line, row in _rows(file, columns):
        try:
            leads.append(_lead(row, columns))
        except ValueError as error:
            faults.append(f"line {line}: {error}")
    if faults:
        more = f" (and {len(faults) - TOLD} more)" if len(faults) > TOLD else ""
        raise FixTheFile(f"{file}: {'; '.join(faults[:TOLD])}{more}")
    if not leads:
        raise FixTheFile(f"{file}: there is no row in it")
    return leads


def read_events(file: Path, subject: str, at: str) -> list[Dated]:
    """Dated events of a file. Raises `FixTheFile`."""
    columns = Columns(id=subject, decided_at=at, outcome=subject)
    try:
        return [Dated(row[subject], millis(moment_of(row[at]))) for _, row in _rows(file, columns)]
    except ValueError as error:
        raise FixTheFile(f"{file}: {error}") from error


def _rows(file: Path, columns: Columns) -> Iterator[tuple[int, dict[str, str]]]:
    named = (
        columns.id,
        columns.decided_at,
        columns.outcome,
        columns.outcome_at,
        columns.rules,
        columns.recency,
        *columns.features,
        *columns.keep,
        *columns.leave_out,
    )
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            there = reader.fieldnames or ()
            if absent := [one for one in named if one and one not in there]:
                known = ", ".join(there)
                raise FixTheFile(f"{file}: no column {', '.join(absent)}; there are: {known}")
            for row in reader:
                yield reader.line_num, {k: v or "" for k, v in row.items() if k}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FixTheFile(f"{file}: {error}") from error


def _lead(row: Mapping[str, str], columns: Columns) -> Lead:
    won_at = row[columns.outcome_at].strip() if columns.outcome_at else ""
    return Lead(
        id=row[columns.id],
        decided_at=moment_of(row[columns.decided_at]),
        won=outcome_of(row[columns.outcome]),
        won_at=moment_of(won_at) if won_at else None,
        features=row,
        rules=number_of(row[columns.rules]) if columns.rules else None,
        recency=number_of(row[columns.recency]) if columns.recency else None,
    )


def moment_of(cell: str) -> datetime:
    """An ISO date or time, UTC where it names no zone. Raises `ValueError`."""
    try:
        found = datetime.fromisoformat(cell.strip())
    except ValueError:
        raise ValueError(f"{cell!r} is no date like 2026-11-28 or 2026-11-28T09:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def outcome_of(cell: str) -> bool:
    """Yes or no. Raises `ValueError`."""
    word = cell.strip().lower()
    if word in YES or word in NO:
        return word in YES
    raise ValueError(f"{cell!r} is no outcome: write 1 or 0, yes or no, won or lost")
