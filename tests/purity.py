"""Finds calls that read a clock, the environment or dice, in source text. Used by the architecture test."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Names whose value differs from one call to the next, or from one machine to the next. A name that
# ends in a dot stands for everything below it.
FORBIDDEN = (
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "os.environ",
    "os.getenv",
    "os.urandom",
    "random.",
    "secrets.",
    "time.",
    "uuid.uuid1",
    "uuid.uuid4",
)


def impurities(source: str) -> list[str]:
    """``line: name`` for every use of a forbidden name, whatever it was imported as."""
    tree = ast.parse(source)
    aliases = dict(_imported(tree))
    found = (
        (node.lineno, name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and (name := _full_name(node, aliases))
    )
    return [f"{line}: {name}" for line, name in sorted(set(found)) if _is_forbidden(name)]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Local name -> the full name it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield (one.asname, one.name) if one.asname else (one.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def _full_name(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """``dt.now`` -> ``datetime.datetime.now`` after ``from datetime import datetime as dt``."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id)
    if isinstance(node, ast.Attribute):
        above = _full_name(node.value, aliases)
        return above and f"{above}.{node.attr}"
    return None


def _is_forbidden(name: str) -> bool:
    return any(name.startswith(bad) if bad.endswith(".") else name == bad for bad in FORBIDDEN)
