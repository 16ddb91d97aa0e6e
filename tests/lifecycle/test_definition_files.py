"""A folder of definitions, and the hash by which one text is told from another."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from intent import load as interest_file
from lifecycle import taxonomy
from lifecycle.definition import Kept
from lifecycle.folder import read_definitions
from lifecycle.load import SHIPPED, load_definition
from lifecycle.shelf import Texts, packed, whole_of
from mappings.faults import MappingFaults
from tests.lifecycle.definitions import INTEREST, SHORT, instead, loaded, reason, rule, with_

PAGE = SHIPPED.parents[2] / "docs" / "definition.md"
BEGAN = datetime(2026, 4, 1, tzinfo=UTC)

# A folder --------------------------------------------------------------------------------------------


def in_folder(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_a_folder_holds_versions_of_one_definition(tmp_path: Path) -> None:
    """The highest comes last; samples are not loaded; faults of all files come at once."""
    second = instead("  version: 1\n", "  version: 2\n")
    (tmp_path / "samples").mkdir()
    in_folder(tmp_path / "samples", broken="nonsense")
    found = read_definitions(in_folder(tmp_path, b=SHORT, a=second), INTEREST)
    assert [one.definition.version for one in found] == [1, 2]
    in_folder(tmp_path, c=rule("fitt > 1"), d=rule("intnt > 1"))
    with pytest.raises(MappingFaults) as caught:
        read_definitions(tmp_path, INTEREST)
    assert [one.found for one in caught.value.faults] == ["fitt", "intnt"]


def test_a_text_that_was_approved_stays_readable_with_a_word_that_no_record_says() -> None:
    """Nobody writes it anew; what is in force goes on."""
    old = rule("consent.email is 'objected'")
    texts = Texts(
        old, interest_file.SHIPPED.read_text("utf-8"), taxonomy.SHIPPED.read_text("utf-8")
    )
    kept = Kept("qualified_lead v1", "h1", packed(texts), BEGAN, BEGAN)
    assert whole_of(kept).definition.mql_any[0].when == "consent.email is 'objected'"
    with pytest.raises(MappingFaults):
        loaded(old)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "no_definition"),
        ({"a": SHORT, "b": SHORT}, "duplicate_definition"),
        ({"a": SHORT, "b": instead("qualified_lead", "hot_lead")}, "several_definitions"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(
    tmp_path: Path, files: dict[str, str], code: str
) -> None:
    """No definition, two versions with one number, and two that both departments cannot share."""
    with pytest.raises(MappingFaults) as caught:
        read_definitions(in_folder(tmp_path, **files), INTEREST)
    assert [one.code for one in caught.value.faults] == [code]
    assert caught.value.faults[0].message("ja") != caught.value.faults[0].message("en")


# The hash --------------------------------------------------------------------------------------------


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same meaning with its keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    return [shuffled(one, dice) for one in value] if isinstance(value, list) else value


@settings(max_examples=15, deadline=None)
@given(dice=st.randoms(use_true_random=False), remark=st.text("あa #:", max_size=12))
def test_the_hash_is_that_of_the_meaning(dice: random.Random, remark: str) -> None:
    """Comments, layout and the order of keys need no approval."""
    plain = YAML(typ="safe").load(SHORT)
    out = StringIO()
    YAML().dump(shuffled(plain, dice), out)
    laid_out = f"# {remark}\n" + out.getvalue()
    assert loaded(laid_out).hash == loaded(SHORT).hash


@pytest.mark.parametrize(
    "other",
    [
        rule("hard_event is filled and fit > 0"),
        instead("m.sato", "k.suzuki"),
        instead("weight: 3", "weight: 4"),
        instead("2026-04-01", "2026-04-02"),
        instead("  version: 1\n", "  version: 2\n"),
        reason("no_budget: {cool_off: 121d}"),
        with_("coming_back: {most: 4}"),
    ],
)
def test_another_meaning_has_another_hash(other: str) -> None:
    """Whatever changes, both have to agree anew."""
    assert loaded(other).hash != loaded(SHORT).hash


def test_the_points_and_the_taxonomy_belong_to_what_was_approved() -> None:
    """A changed intent.yaml, or another list of reasons, needs both approvals too; its comments do not."""
    text = interest_file.SHIPPED.read_text("utf-8")
    louder = interest_file.load_definition(text.replace("points: 40, family", "points: 41, family"))
    same = interest_file.load_definition(text + "\n# said in passing\n")
    assert loaded(SHORT, louder).hash != loaded(SHORT).hash == loaded(SHORT, same).hash
    reasons = taxonomy.SHIPPED.read_text("utf-8").replace("cool_off: 60d", "cool_off: 61d")
    assert load_definition(SHORT, INTEREST, reasons=reasons).definition.hash != loaded(SHORT).hash


def test_the_page_about_the_definition_shows_what_the_shipped_one_says() -> None:
    """With the owners that the page writes down, it has the digits that stand there."""
    owned = SHIPPED.read_text("utf-8").replace("marketing@example.com", "m.sato@acme.test")
    found = loaded(owned.replace("sales@example.com", "k.tanaka@acme.test"))
    assert f"{found.name} ({found.hash[:12]}) is right." in PAGE.read_text("utf-8")
