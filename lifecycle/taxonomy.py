"""`reasons.yaml` and what a definition changes of it -> reasons by code; every fault at once. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from intent.forms import Form, Word, filled, flag, label, many, one_of, text, whole
from lifecycle.definition import NOT_WORKED, Reason, ReasonClass
from lifecycle.forms import rest
from lifecycle.model import Trigger
from mappings.document import check_version
from mappings.faults import FaultList
from mappings.source import Node, entries

FILE_NAME = "reasons.yaml"
SHIPPED = Path(__file__).parent / FILE_NAME
CLASSES: tuple[str, ...] = get_args(ReasonClass)
# Whoever comes back by hand is brought by a person, whatever the reason: no reason has to allow it.
TRIGGERS = tuple(one for one in get_args(Trigger) if one != "by_hand")
# A list that is longer is not read by anybody who is in a hurry (domain sheet, 2.7).
MOST = 20
# What a reason says of how somebody comes back.
RECYCLED = ("cool_off", "months", "before_renewal", "by_timeframe", "triggers", "topics")


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Reads reasons. `topics` are those of the definition of interest."""

    topics: Collection[str]

    def shipped(self, root: Node | None, faults: FaultList) -> dict[str, Reason]:
        """The reasons of a taxonomy file. A topic that this company does not have brings nobody back."""
        blocks = None if root is None else entries(root, ("version", "reasons"), faults)
        if root is None or blocks is None:
            return {}
        check_version(root, blocks.get("version"), faults)
        found = self.changed(blocks.get("reasons"), {}, faults, form=_form(None))
        known = frozenset(self.topics)
        return {code: replace(one, topics=one.topics & known) for code, one in found.items()}

    def changed(
        self,
        node: Node | None,
        before: Mapping[str, Reason],
        faults: FaultList,
        form: Form | None = None,
    ) -> dict[str, Reason]:
        """The reasons before, with the lines of a block laid over them."""
        found = dict(before)
        for code, one in (entries(node, None, faults) or {}).items():
            values = filled(one, form or _form(self.topics), faults)
            if values is None:
                continue
            if values.pop("leave_out", False):
                found.pop(code, None)
                continue
            reason = _reason(code, one, values, before, faults)
            if reason is not None:
                found[code] = reason
        if node is not None and len(found.keys() - {NOT_WORKED}) > MOST:
            faults.add("too_many_reasons", node.place, str(len(found) - 1), most=str(MOST))
        return found


def _form(topics: Collection[str] | None) -> Form:
    """The words of a reason; None: the taxonomy is written for any topics."""
    return {
        "ja": Word("ja", label),
        "en": Word("en", label),
        "class": Word("kind", one_of(CLASSES)),
        "blames": Word("blames", flag),
        "cool_off": Word("cool_off", rest),
        "months": Word("months", many(whole(1, 12))),
        "before_renewal": Word("before_renewal", rest),
        "by_timeframe": Word("by_timeframe", flag),
        "triggers": Word("triggers", many(one_of(TRIGGERS))),
        "topics": Word("topics", many(text if topics is None else one_of(topics))),
        "times": Word("times", whole(1, 100)),
        "status": Word("status", text),
        "leave_out": Word("leave_out", flag),
    }


def _reason(
    code: str, node: Node, values: dict[str, Any], before: Mapping[str, Reason], faults: FaultList
) -> Reason | None:
    for name in ("triggers", "topics"):
        if name in values:
            values[name] = frozenset(values[name])
    if "months" in values:
        values["months"] = tuple(sorted(set(values["months"])))
    if code in before:
        return _fitting(replace(before[code], **values), node, faults)
    missing = [name for name in ("ja", "en", "class") if _field(name) not in values]
    for name in missing:
        # A code that is only misspelt gets its nearest right word.
        if before:
            faults.add("unknown_reason", node.place, code, before, missing=name)
        else:
            faults.add("missing_key", node.place, name)
    return None if missing else _fitting(Reason(code=code, **values), node, faults)


def _fitting(reason: Reason, node: Node, faults: FaultList) -> Reason | None:
    """Whoever is recycled rests for a time and is brought back by something; nobody else is."""
    if reason.kind == "recycle":
        if reason.cool_off is None:
            faults.add("missing_key", node.place, "cool_off")
            return None
        return reason
    idle = [name for name in RECYCLED if getattr(reason, name)]
    for name in idle:
        faults.add("not_for_class", node.place, name, kind=reason.kind)
    return None if idle else reason


def _field(word: str) -> str:
    return "kind" if word == "class" else word
