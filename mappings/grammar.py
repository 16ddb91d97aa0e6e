"""The words of the mapping language. These tables *are* the grammar: reading, checking and the JSON
Schema for editors are all made from them.
"""

from __future__ import annotations

import re

from mappings.normal import COMPARE_WORDS

Words = tuple[str, ...]

TOP_KEYS: Words = (
    "version",
    "name",
    "between",
    "mode",
    "only",
    "match",
    "first_pairing",
    "create",
    "duplicates",
    "when_deleted_in",
    "when_merged_in",
    "when_erased_in",
    "when_ended_in",
    "limits",
    "consent",
    "keys",
    "stages",
    "fields",
    "links",
    "relation",
    "tests",
)
REQUIRED_TOP_KEYS: Words = ("version", "name", "between")
# What a file about ties instead of records may say; the first one makes it such a file.
RELATION = "relation"
RELATION_FILE_KEYS: Words = (
    "version",
    "name",
    "between",
    "mode",
    RELATION,
    "when_ended_in",
    "limits",
    "fields",
    "tests",
)
RELATION_KEYS: Words = ("left", "right", "direction")
WHEN_ENDED_KEY = "when_ended_in"
# Links to `owners` find people by e-mail and need no mapping.
OWNERS = "owners"

SIDES: Words = ("hubspot", "salesforce")
BY_DIRECTION: Words = ("to_hubspot", "to_salesforce")
ARROWS: Words = ("<->", "->", "<-")
MODES: Words = ("live", "observe", "off")
FIRST_PAIRING: Words = ("fill_blanks", "hubspot", "salesforce", "newest", "park")
BOTH_CHANGED: Words = ("newest", "hubspot", "salesforce", "park", "larger", "smaller", "union")
WHEN_BLANK: Words = ("clear", "keep", "fill_only")
OTHERWISE: Words = ("park", "pass", "blank")
LINK_OTHERWISE: Words = ("park", "keep", "blank")
SEVERAL: Words = ("park", "latest_activity", "oldest")
WHEN_DELETED: Words = ("unlink", "delete", "park")
WHEN_MERGED: Words = ("list", "merge")
WHEN_ERASED: Words = ("erase", "delete", "park")
WHEN_ENDED: Words = ("end", "keep")
DUPLICATES: Words = ("park", "use")
PROJECTION: Words = ("strict", "high_water")
CONSENT_KEYS: Words = (*SIDES, "evidence")
EVIDENCE_KEYS: Words = ("at", "source", "basis")
EDITS: Words = ("restore", "request", "keep")
MATCH_KEYS: Words = ("by", "ignore", "several")
RULE_KEYS: Words = ("all", "then")
THEN: Words = ("suggest", "pair")
CREATE_KEYS: Words = ("in_salesforce", "in_hubspot")
CREATE_RULE_KEYS: Words = ("as", "when")
NEVER = "never"
# A side whose records cannot carry the other's id: `keys: {hubspot: none}`.
NO_KEY = "none"
NATIVE_RULE = "native ids"
LIMIT_KEYS: Words = ("creates", "deletes", "blanked")

COMMON_LINE_KEYS: Words = (
    "id",
    "hubspot",
    "salesforce",
    "direction",
    "both_changed",
    "when_blank",
    "first_pairing",
    "only_if",
    "otherwise",
    "mode",
    "purpose",
    "note",
)
FIELD_KEYS: Words = (
    *COMMON_LINE_KEYS,
    "from",
    "edits",
    "if_empty_on_create",
    "values",
    "compare",
    "to_salesforce",
    "to_hubspot",
    "projection",
    "currency",
)
LINK_KEYS: Words = (*COMMON_LINE_KEYS, "to")
LINE_CHOICES: dict[str, Words] = {
    "direction": ARROWS,
    "both_changed": BOTH_CHANGED,
    "first_pairing": FIRST_PAIRING,
    "compare": COMPARE_WORDS,
    "mode": MODES,
    "edits": EDITS,
    "projection": PROJECTION,
}

TEST_KEYS: Words = ("name", "agreed", "now", "at", "expect")
REQUIRED_TEST_KEYS: Words = ("name", "expect")
# Where a test says what we hold ourselves: `now: {kakehashi: {intent.score: "72"}}`.
OWN_SECTION = "kakehashi"
EXPECT_WORDS: Words = ("create", "conflicts", "parked", "open", "filtered")
FOUND_KEYS: dict[str, Words] = {"conflicts": ("line", "winner"), "parked": ("line", "cause")}

ARROW = re.compile(r"^\s*(.+?)\s*(<->|->|<-)\s*(.+?)\s*$")
# ``pipeline 新規営業 <-> record type New_Business``, or the pipeline alone.
PIPELINE = re.compile(r"^\s*pipeline\s+(.+?)(?:\s*<->\s*record type\s+(.+?))?\s*$")
MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
EQUALS = re.compile(r"^\s*([\w.]+)\s*=\s*([\w.]+)\s*$")
# Arrows that people paste, and what the language calls them.
PASTED_ARROWS = {
    "↔": "<->",
    "⇔": "<->",
    "→": "->",
    "⇒": "->",
    "←": "<-",
    "⇐": "<-",
    "＜": "<",
    "＞": ">",
}
