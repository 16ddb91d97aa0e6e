"""A card as JSON, and back. Pure."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from intent.model import Card, Subject

MOMENTS = ("at", "last_at", "surge_at")


def card_json(card: Card) -> str:
    """Every field of a card by its name."""
    said = {one.name: getattr(card, one.name) for one in fields(card)}
    return orjson.dumps({**said, "subject": list(card.subject)}).decode()


def card_of(text: str) -> Card:
    """The inverse of `card_json`; fields that a card has no more are left out."""
    said: dict[str, Any] = orjson.loads(text)
    known = {one.name: said[one.name] for one in fields(Card) if one.name in said}
    for name in MOMENTS:
        if known.get(name) is not None:
            known[name] = datetime.fromisoformat(known[name])
    known["subject"] = Subject(*known["subject"])
    if known.get("raised") is not None:
        known["raised"] = tuple(known["raised"])
    known["topics"] = tuple((topic, score) for topic, score in known.get("topics", ()))
    return Card(**known)
