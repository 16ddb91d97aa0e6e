"""Who gets a lead: the routes of the definition, room, turns, never straight back to who sent it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lifecycle.coming_back import straight_back
from lifecycle.definition import Definition
from lifecycle.model import Evidence, Standing


def seller_for(
    definition: Definition,
    fitting: Collection[str],
    load: Mapping[str, int],
    standing: Standing,
    evidence: Evidence,
) -> str | None:
    """The first of the fitting routes with room: there, whoever has least to do; None: nobody has any.

    `fitting` are the ids of the routes whose condition holds, `load` how many leads each seller has open.
    """
    for route in definition.routes:
        if route.id not in fitting:
            continue
        free = [
            seller
            for seller in route.to
            if not straight_back(standing, evidence, seller)
            and (definition.capacity is None or load.get(seller, 0) < definition.capacity)
        ]
        if free:
            return min(free, key=lambda one: (load.get(one, 0), route.to.index(one)))
    return None
