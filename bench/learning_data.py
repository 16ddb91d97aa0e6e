"""Puts public data into the shape that `kakehashi intent train` reads; it stays outside of the repository.

::

    python -m bench.learning_data leads Leads.csv > leads.csv
    python -m bench.learning_data bank bank-full.csv > bank.csv

Neither file has whole dates. Leads come in the order of their numbers, which are spread evenly over the 365
days before 2018-12-31: months are then slices of equal size, no more. Calls to the bank's customers come in
the order of time with day and month; the year, from 2008 on, goes up where the month falls back. Rules are
what an admin might have written down beforehand; nothing was tuned.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LAST = datetime(2018, 12, 31, tzinfo=UTC)


def leads(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Leads of a teaching case: X Education."""
    ordered = sorted(rows, key=lambda row: int(row["Lead Number"]))
    for place, row in enumerate(ordered):
        passed = timedelta(days=365) * (1 - place / len(ordered))
        rules = (
            30 * (row["What is your current occupation"] == "Working Professional")
            + 30 * (row["Lead Source"] in {"Reference", "Welingak Website"})
            + 20 * (row["Lead Origin"] == "Lead Add Form")
            + 20 * (float(row["Total Time Spent on Website"] or 0) > 600)
            - 30 * (row["Do Not Email"] == "Yes")
        )
        kept = {name: value for name, value in row.items() if name}
        yield {**kept, "decided_at": (LAST - passed).date().isoformat(), "rules": str(rules)}


def bank(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Calls of a bank, 2008 to 2010, in the order of time."""
    year, before = 2008, 0
    for place, row in enumerate(rows):
        month = MONTHS.index(row["month"]) + 1
        year += month < before
        before = month
        called_before = row["poutcome"] == "success"
        rules = 60 * called_before + 10 * (row["housing"] == "no") + 10 * (row["loan"] == "no")
        fresh = -int(row["pdays"]) if row["pdays"] != "-1" else -9_999
        yield {
            "id": str(place),
            "decided_at": f"{year}-{month:02}-{int(row['day']):02}",
            "rules": str(rules + 10 * (row["contact"] == "cellular")),
            "recency": str(fresh),
            **row,
        }


def main(words: list[str]) -> None:
    """One file in, one file out."""
    way = {"leads": leads, "bank": bank}[words[0]]
    with Path(words[1]).open(encoding="utf-8-sig", newline="") as opened:
        made = list(way(list(csv.DictReader(opened))))
    writer = csv.DictWriter(sys.stdout, fieldnames=list(made[0]))
    writer.writeheader()
    writer.writerows(made)


if __name__ == "__main__":
    main(sys.argv[1:])
