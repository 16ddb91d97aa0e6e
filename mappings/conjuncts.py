"""The conditions of an expression that have to hold together, each as it was written. Pure."""

from __future__ import annotations

from mappings.expressions import TOKEN

OPENS, CLOSES = frozenset("(["), frozenset(")]")


def conjuncts(source: str) -> tuple[str, ...]:
    """The parts that an `and` joins; the whole text where an `or` has the last word, or nothing is joined.

    `source` is a text that compiles. All parts hold if and only if the whole does.
    """
    text = source.strip()
    cuts: list[tuple[int, int]] = []
    depth = at = 0
    while (found := TOKEN.match(text, at)) is not None:
        kind = str(found.lastgroup)
        word = found.group(kind)
        if kind == "sign":
            depth += (word in OPENS) - (word in CLOSES)
        elif kind == "name" and depth == 0 and word == "or":
            return (text,)
        elif kind == "name" and depth == 0 and word == "and":
            cuts.append((found.start(kind), found.end(kind)))
        at = found.end()
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    return tuple(text[start:end].strip() for start, end in zip(starts, ends, strict=True))
