"""Where settings come from: `kakehashi.yaml`, files that hold a secret, the environment.

The result is one nested dict of raw values, with a note of where each came from, so that a fault
can name what the person wrote. The environment wins over the file. An environment variable that is
set to nothing counts as not set. Neither the process's environment nor its working folder is read:
both arrive as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sync.settings_faults import HIDDEN, SettingsFault, nearest

FILE_NAME = "kakehashi.yaml"
PREFIX = "KAKEHASHI_"
# Variables of the test suite are no settings (the URL of a PostgreSQL to test on, for example).
NOT_SETTINGS = "KAKEHASHI_TEST_"

SettingPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist: every setting's path, those that are secrets, those a file may hold."""

    paths: frozenset[SettingPath]
    secrets: frozenset[SettingPath]
    from_file: frozenset[SettingPath]

    def variables(self) -> dict[str, tuple[SettingPath, bool]]:
        """Environment name -> the setting's path, and whether the value names a file that holds it."""
        plain = {variable(path): (path, False) for path in self.paths}
        return plain | {variable(path) + "_FILE": (path, True) for path in self.from_file}

    def groups(self) -> frozenset[str]:
        """The names that have further names below them."""
        return frozenset(path[0] for path in self.paths if len(path) > 1)

    def keys(self, group: str | None) -> list[str]:
        """What may stand in the file at the top (None) or below a group."""
        if group is None:
            tops = [p for p in self.paths if len(p) == 1]
            return sorted({*_file_keys(tops, self), *self.groups()})
        return sorted(_file_keys([p for p in self.paths if len(p) > 1 and p[0] == group], self))


@dataclass(slots=True)
class Raw:
    """Raw values by path, where each came from, and what was wrong on the way."""

    values: dict[SettingPath, Any] = field(default_factory=dict)
    names: dict[SettingPath, str] = field(default_factory=dict)
    faults: list[SettingsFault] = field(default_factory=list)

    def name_of(self, path: SettingPath) -> str:
        """What a person has to change to change this setting."""
        return self.names.get(path, variable(path))

    def nested(self) -> dict[str, Any]:
        """The values as a dict of dicts."""
        tree: dict[str, Any] = {}
        for path, value in self.values.items():
            place = tree
            for part in path[:-1]:
                place = place.setdefault(part, {})
            place[path[-1]] = value
        return tree


def variable(path: SettingPath) -> str:
    """The environment name of a setting: ``("hubspot", "base_url")`` -> ``KAKEHASHI_HUBSPOT__BASE_URL``."""
    return PREFIX + "__".join(part.upper() for part in path)


def read_sources(folder: Path, environ: Mapping[str, str], known: Known) -> Raw:
    """Both sources in one, the environment on top. Faults are gathered, never raised."""
    raw = Raw()
    _read_file(folder, known, raw)
    _read_environment(folder, environ, known, raw)
    return raw


def _file_keys(paths: Iterable[SettingPath], known: Known) -> Iterator[str]:
    for path in paths:
        if path not in known.secrets:
            yield path[-1]
        if path in known.from_file:
            yield path[-1] + "_file"


# The environment ---------------------------------------------------------------------------------


def _read_environment(folder: Path, environ: Mapping[str, str], known: Known, raw: Raw) -> None:
    variables = known.variables()
    given: dict[SettingPath, str] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS) or not environ[name]:
            continue
        if name not in variables:
            close = nearest(name, list(variables))
            raw.faults.append(SettingsFault(code="unknown_variable", name=name, nearest=close))
            continue
        path, is_file = variables[name]
        if path in given:
            fault = SettingsFault(code="given_twice", name=name, words={"other": given[path]})
            raw.faults.append(fault)
            continue
        given[path] = name
        _take(path, environ[name], name, folder if is_file else None, raw)


def _take(path: SettingPath, value: Any, name: str, folder: Path | None, raw: Raw) -> None:
    """Note a value; with a `folder` it names a file there that holds the real one."""
    if folder is not None:
        value = _secret_from(folder / str(value), name, raw)
        if value is None:
            return
    raw.values[path] = value
    raw.names[path] = name


def _secret_from(file: Path, name: str, raw: Raw) -> str | None:
    try:
        text = file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raw.faults.append(SettingsFault(code="not_utf8", name=name, found=str(file)))
        return None
    except OSError as error:
        raw.faults.append(_unreadable(name, file, error))
        return None
    if not text:
        raw.faults.append(SettingsFault(code="empty_file", name=name, found=str(file)))
        return None
    return text


def _unreadable(name: str, file: Path, error: OSError) -> SettingsFault:
    why = error.strerror or type(error).__name__
    return SettingsFault(code="unreadable_file", name=name, found=str(file), words={"why": why})


# The file ----------------------------------------------------------------------------------------


def _read_file(folder: Path, known: Known, raw: Raw) -> None:
    tree = _load(folder / FILE_NAME, raw)
    if tree is None:
        return
    for key, value, name in _entries(tree, ()):
        if key in known.groups():
            _read_group(folder, key, value, name, known, raw)
        else:
            _read_key(folder, (key,), value, name, known, raw)


def _load(file: Path, raw: Raw) -> CommentedMap | None:
    """The file's top, or None where it is absent, empty or faulty."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raw.faults.append(SettingsFault(code="not_utf8", name=FILE_NAME, found=str(file)))
        return None
    except OSError as error:
        raw.faults.append(_unreadable(FILE_NAME, file, error))
        return None
    return _parse(text, raw)


def _parse(text: str, raw: Raw) -> CommentedMap | None:
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        # Only the problem itself: the full text of the error quotes the file, secrets included.
        why = str(error.problem or type(error).__name__).split("\n")[0]
        fault = SettingsFault(code="not_yaml", name=FILE_NAME + line, words={"why": why})
        raw.faults.append(fault)
        return None
    except YAMLError as error:
        why = type(error).__name__
        raw.faults.append(SettingsFault(code="not_yaml", name=FILE_NAME, words={"why": why}))
        return None
    if tree is None or isinstance(tree, CommentedMap):
        return tree
    kind = "a list" if isinstance(tree, list) else "a single value"
    raw.faults.append(SettingsFault(code="not_keys", name=FILE_NAME, found=kind))
    return None


def _entries(tree: CommentedMap, above: SettingPath) -> Iterator[tuple[str, Any, str]]:
    """Key, value, and the name a fault carries, for everything that is not blank."""
    for key, value in tree.items():
        if value is None:
            continue
        line = tree.lc.key(key)[0] + 1
        yield str(key), value, f"{FILE_NAME}:{line} {'.'.join((*above, str(key)))}"


def _read_group(folder: Path, group: str, value: Any, name: str, known: Known, raw: Raw) -> None:
    if not isinstance(value, CommentedMap):
        keys = tuple(known.keys(group))
        raw.faults.append(SettingsFault(code="not_a_group", name=name, allowed=keys))
        return
    for key, below, full_name in _entries(value, (group,)):
        _read_key(folder, (group, key), below, full_name, known, raw)


def _read_key(
    folder: Path, path: SettingPath, value: Any, name: str, known: Known, raw: Raw
) -> None:
    if path in known.secrets:
        words = {"variable": variable(path), "key": path[-1]}
        fault = SettingsFault(code="secret_in_file", name=name, found=HIDDEN, words=words)
        raw.faults.append(fault)
    elif path in known.paths:
        _take_first(path, value, name, None, raw)
    elif (held := _held_by(path)) in known.from_file:
        _take_first(held, value, name, folder, raw)
    else:
        allowed = known.keys(path[0] if len(path) > 1 else None)
        close = nearest(path[-1], allowed)
        raw.faults.append(
            SettingsFault(code="unknown_key", name=name, allowed=tuple(allowed), nearest=close)
        )


def _held_by(path: SettingPath) -> SettingPath:
    """``("hubspot", "access_token_file")`` -> ``("hubspot", "access_token")``."""
    return (*path[:-1], path[-1].removesuffix("_file"))


def _take_first(path: SettingPath, value: Any, name: str, folder: Path | None, raw: Raw) -> None:
    if path in raw.names:
        words = {"other": raw.names[path]}
        raw.faults.append(SettingsFault(code="given_twice", name=name, words=words))
        return
    _take(path, value, name, folder, raw)
