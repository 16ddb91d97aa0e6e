"""The mapping language as a JSON Schema, so that editors complete keys and underline mistakes.

Made from the same tables that `check` reads; `check` knows more (fields, writers, circles).
Scalars may be written as editors see them (``creates: 500``), since every value is read as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mappings import grammar
from mappings.transforms import ARGUMENT_WORDS, PLAIN_WORDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

SCALAR: Schema = {"type": ["string", "number", "integer", "boolean", "null"]}
TEXT: Schema = {"type": ["string", "number", "integer", "boolean"]}


def schema() -> Schema:
    """The schema of one mapping file."""
    blocks: dict[str, Schema] = {
        "version": {"enum": [1, "1"]},
        "name": TEXT,
        "between": _entries(
            {"hubspot": TEXT, "salesforce": _one_or_many(TEXT)}, required=grammar.SIDES
        ),
        "mode": _words(grammar.MODES),
        "only": _sides(TEXT),
        "match": _match(),
        "first_pairing": _words(grammar.FIRST_PAIRING),
        "create": _entries(dict.fromkeys(grammar.CREATE_KEYS, _create())),
        "duplicates": _words(grammar.DUPLICATES),
        "when_deleted_in": _sides(_words(grammar.WHEN_DELETED)),
        "when_merged_in": _sides(_words(grammar.WHEN_MERGED)),
        "when_erased_in": _sides(_words(grammar.WHEN_ERASED)),
        "when_ended_in": _sides(_words(grammar.WHEN_ENDED)),
        "limits": _entries(
            {key: {"type": ["integer", "string"], "minimum": 0} for key in grammar.LIMIT_KEYS}
        ),
        "consent": _map_of(_consent()),
        "keys": _sides(TEXT),
        "stages": _list_of(_pipeline()),
        "fields": _list_of(_line(grammar.FIELD_KEYS)),
        "links": _list_of(_line(grammar.LINK_KEYS)),
        "relation": _entries(
            {"left": TEXT, "right": TEXT, "direction": _words(grammar.ARROWS)},
            required=("left", "right"),
        ),
        "tests": _list_of(_test()),
    }
    return {
        "$schema": DIALECT,
        "title": "Kakehashi mapping",
        "description": "HubSpot stands left, Salesforce right. `kakehashi check` tells more.",
        **_entries(
            {key: blocks[key] for key in grammar.TOP_KEYS}, required=grammar.REQUIRED_TOP_KEYS
        ),
    }


def _words(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


def _entries(properties: Mapping[str, Schema], *, required: Iterable[str] = ()) -> Schema:
    found: Schema = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }
    needed = list(required)
    return {**found, "required": needed} if needed else found


def _map_of(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def _list_of(item: Schema) -> Schema:
    return {"type": ["array", "null"], "items": item}


def _one_or_many(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _sides(value: Schema) -> Schema:
    return _entries(dict.fromkeys(grammar.SIDES, value))


def _by_direction(words: Iterable[str]) -> Schema:
    one = _words(words)
    return {"anyOf": [one, _entries(dict.fromkeys(grammar.BY_DIRECTION, one))]}


def _consent() -> Schema:
    evidence = _sides(_entries(dict.fromkeys(grammar.EVIDENCE_KEYS, TEXT)))
    ends = dict.fromkeys(grammar.SIDES, TEXT)
    return _entries({**ends, "evidence": evidence}, required=grammar.SIDES)


def _pipeline() -> Schema:
    """`pipeline A <-> record type B:` with its stages below."""
    return {
        "type": "object",
        "patternProperties": {
            grammar.PIPELINE.pattern: _list_of(_pattern(grammar.ARROW.pattern)),
        },
        "additionalProperties": False,
        "maxProperties": 1,
    }


def _match() -> Schema:
    rule = _entries(
        {"all": _one_or_many(TEXT), "then": _words(grammar.THEN)},
        required=("all",),
    )
    by = {"anyOf": [_words([grammar.NATIVE_RULE]), _pattern(grammar.EQUALS.pattern), rule]}
    return _entries(
        {
            "by": _list_of(by),
            "ignore": _one_or_many(TEXT),
            "several": _words(grammar.SEVERAL),
        }
    )


def _pattern(pattern: str) -> Schema:
    return {"type": "string", "pattern": pattern}


def _create() -> Schema:
    rule = _entries(
        dict(zip(grammar.CREATE_RULE_KEYS, (TEXT, TEXT), strict=True)), required=("as",)
    )
    return {"anyOf": [TEXT, {"type": "array", "items": rule}]}


def _line(keys: Iterable[str]) -> Schema:
    """An arrow alone, an arrow with options, or the long form."""
    options = _entries({key: _option(key) for key in keys})
    arrow = _pattern(grammar.ARROW.pattern)
    with_options = {
        "type": "object",
        "patternProperties": {grammar.ARROW.pattern: {"anyOf": [options, {"type": "null"}]}},
        "additionalProperties": False,
        "maxProperties": 1,
    }
    return {"anyOf": [arrow, with_options, options]}


def _option(key: str) -> Schema:
    if key in grammar.LINE_CHOICES:
        return _words(grammar.LINE_CHOICES[key])
    special: dict[str, Schema] = {
        "hubspot": _one_or_many(TEXT),
        "salesforce": _one_or_many(TEXT),
        "when_blank": _by_direction(grammar.WHEN_BLANK),
        "otherwise": _otherwise(),
        "values": _map_of(TEXT),
        "currency": _sides(TEXT),
        "to": TEXT,
    }
    if key in grammar.BY_DIRECTION:
        argument = _entries(dict.fromkeys(ARGUMENT_WORDS, TEXT))
        return _one_or_many({"anyOf": [_words(PLAIN_WORDS), argument]})
    return special.get(key, TEXT)


def _otherwise() -> Schema:
    """A word, or the address of the owner who takes what has none."""
    words = _words(dict.fromkeys((*grammar.OTHERWISE, *grammar.LINK_OTHERWISE)))
    one = {"anyOf": [words, _pattern(grammar.MAIL.pattern)]}
    return {"anyOf": [one, _entries(dict.fromkeys(grammar.BY_DIRECTION, one))]}


def _test() -> Schema:
    """Records are named by `hubspot` and by the objects of `between`, which a schema cannot know."""
    records = _map_of(_map_of(SCALAR))
    found = {
        word: _list_of(_entries(dict.fromkeys(keys, SCALAR)))
        for word, keys in grammar.FOUND_KEYS.items()
    }
    expect: Schema = {
        "type": ["object", "null"],
        "properties": {
            "create": TEXT,
            "open": _list_of(TEXT),
            "filtered": {"enum": [True, False, "true", "false"]},
            **found,
        },
        "additionalProperties": _map_of(SCALAR),
    }
    blocks = {"name": TEXT, "agreed": records, "now": records, "at": records, "expect": expect}
    return _entries(
        {key: blocks[key] for key in grammar.TEST_KEYS}, required=grammar.REQUIRED_TEST_KEYS
    )
