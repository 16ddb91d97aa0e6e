"""Where a history leads to, until the machine's own fold is here."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.model import Entry, Standing


def fold(entries: Sequence[Entry]) -> Standing:
    """What the last entry says of itself."""
    last = entries[-1]
    return Standing(
        subject=last.subject,
        stage=last.stage,
        since=last.entered_at,
        number=last.number,
        cycle=last.cycle,
        previous=last.previous,
        comment=last.comment,
        reason=last.reason,
        definition=last.definition,
    )
