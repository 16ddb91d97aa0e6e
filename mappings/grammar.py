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
    "when_deleted_in",
    "limits",
    "consent",
    "keys",
    "fields",
    "links",
    "tests",
    "stages",
    "relation",
    "projection",
)
REQUIRED_TOP_KEYS: Words = ("version", "name", "between")
# Part of the language, not yet of this version.
LATER_KEYS: Words = ("stages", "relation", "projection")
LATER_HUBSPOT_OBJECTS: Words = ("list memberships", "associations")
LATER_SALESFORCE_OBJECTS: Words = ("CampaignMember", "OpportunityContactRole")
# What a link may refer to; `owners` are people matched by e-mail and need no mapping.
OWNERS = "owners"
LINK_TARGETS: Words = ("companies", OWNERS)

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
EDITS: Words = ("restore", "request")
MATCH_KEYS: Words = ("by", "ignore", "several")
RULE_KEYS: Words = ("all", "then")
THEN: Words = ("suggest", "pair")
CREATE_KEYS: Words = ("in_salesforce", "in_hubspot")
CREATE_RULE_KEYS: Words = ("as", "when")
NEVER = "never"
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
)
LINK_KEYS: Words = (*COMMON_LINE_KEYS, "to")
LINE_CHOICES: dict[str, Words] = {
    "direction": ARROWS,
    "both_changed": BOTH_CHANGED,
    "first_pairing": FIRST_PAIRING,
    "compare": COMPARE_WORDS,
    "mode": MODES,
    "edits": EDITS,
}

TEST_KEYS: Words = ("name", "agreed", "now", "at", "expect")
REQUIRED_TEST_KEYS: Words = ("name", "expect")
EXPECT_WORDS: Words = ("create", "conflicts", "parked", "open", "filtered")
FOUND_KEYS: dict[str, Words] = {"conflicts": ("line", "winner"), "parked": ("line", "cause")}

ARROW = re.compile(r"^\s*(.+?)\s*(<->|->|<-)\s*(.+?)\s*$")
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
