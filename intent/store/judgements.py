"""Why an event does not count, and who said so, in one text: ``employee``, ``test by hand``, ``burst by 3f``.

Without a name it was seen at the door. What rules took out late may be judged anew by others.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import and_, or_
from sqlalchemy.sql import ColumnElement

from intent.model import BY_HAND, Discard
from intent.store.tables import event

BY = " by "


def judgement(why: Discard, by: str) -> str:
    """The text."""
    return f"{why}{BY}{by}"


def judged(text: str | None) -> tuple[Discard | None, str | None]:
    """The inverse of `judgement`: why, and by whom."""
    why, _, by = (text or "").partition(BY)
    return cast("Discard | None", why or None), by or None


def may_be_taken_out(by: str) -> ColumnElement[bool]:
    """Events that count, and those that others took out late: a person's word stands before that of rules."""
    discard = event.c.discard
    others = and_(
        discard.contains(BY), ~discard.endswith(f"{BY}{by}"), ~discard.endswith(f"{BY}{BY_HAND}")
    )
    return or_(discard.is_(None), others)
