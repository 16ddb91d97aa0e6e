"""`stages:`: labels and ids looked up, one joined line made, and no stage that cannot come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import ObjectSchema, Pipeline, RecordType, Stage, System
from mappings.faults import MappingFault
from mappings.schema import Fault, Line
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    back,
    compiled,
    faults_of,
    options,
    schema,
    text,
    there,
    write,
)

HEAD = "version: 1\nname: deals\nbetween: {hubspot: deals, salesforce: Opportunity}\n"
SALES = Pipeline(
    "p1", "新規営業", (Stage("s1", "商談化"), Stage("s2", "提案"), Stage("s3", "再提案"))
)
RENEWALS = Pipeline("p2", "更新", (Stage("s4", "提案"), Stage("s5", "受注"), Stage("s6", "提案")))
TYPES = (RecordType("012A", "New_Business", "New Business"), RecordType("012B", "Renewal", "更新"))


def world(
    pipelines: tuple[Pipeline, ...] = (SALES, RENEWALS), types: tuple[RecordType, ...] = TYPES
) -> dict[tuple[System, str], ObjectSchema]:
    """Deals with two pipelines, opportunities with two record types and three stages."""
    stages = options("Prospecting", "Proposal", "Closed Won")
    deals = schema(HUBSPOT, "deals", text("pipeline"), text("dealstage"))
    opportunities = schema(
        SALESFORCE,
        "Opportunity",
        text("StageName", kind="picklist", options=stages, required=True, length=255),
        text("RecordTypeId", kind="reference"),
    )
    return {
        (HUBSPOT, "deals"): ObjectSchema(HUBSPOT, "deals", deals.fields, pipelines=pipelines),
        (SALESFORCE, "Opportunity"): ObjectSchema(
            SALESFORCE, "Opportunity", opportunities.fields, record_types=types
        ),
    }


def block(*pipelines: str) -> str:
    """A file of deals with these pipelines: the head, then ``stage <-> name`` after each ``;``."""
    told = ""
    for written in pipelines:
        head, *stages = (part.strip() for part in written.split(";"))
        told += f"  - {head}:\n" + "".join(f"      - {stage}\n" for stage in stages)
    return f"{HEAD}stages:\n{told}"


def stage_line(folder: Path, written: str, *, live: bool = True) -> Line:
    """The line that a block becomes."""
    made = compiled(folder, written, world() if live else None).mappings[0]
    (line,) = made.objects["Opportunity"].lines
    return line


def told(folder: Path, written: str, *, live: bool = True) -> dict[str, MappingFault]:
    """The faults of a block, by code."""
    write(folder, written)
    return {fault.code: fault for fault in faults_of(folder, world() if live else None)}


def test_a_block_becomes_one_joined_line_with_ids(tmp_path: Path) -> None:
    """Labels and ids of HubSpot and names of record types travel as what the systems store."""
    made = stage_line(
        tmp_path,
        block(
            "pipeline 新規営業 <-> record type New_Business; 商談化 <-> Prospecting; s2 <-> Proposal",
            "pipeline p2 <-> record type Renewal; 受注 <-> Closed Won",
        ),
    )
    assert (made.id, made.direction.value) == ("stages", "<->")
    assert made.hubspot.fields == ("pipeline", "dealstage")
    assert made.salesforce.fields == ("RecordTypeId", "StageName")
    assert there(made, ("p1", "s1")) == ("012A", "Prospecting")
    assert there(made, ("p2", "s5")) == ("012B", "Closed Won")
    assert back(made, ("012A", "Proposal")) == ("p1", "s2")
    assert made.mode == "live"


def test_without_record_types_the_stage_stands_alone(tmp_path: Path) -> None:
    """Two fields here, one there, and the way back finds both."""
    made = stage_line(tmp_path, block("pipeline 新規営業; 商談化 <-> Prospecting"))
    assert made.salesforce.fields == ("StageName",)
    assert there(made, ("p1", "s1")) == "Prospecting"
    assert back(made, "Prospecting") == ("p1", "s1")


@pytest.mark.parametrize("cell", [("p1", "s3"), ("p2", "s1"), ("p1", None), (None, "s1")])
def test_a_stage_that_the_block_does_not_name_parks_its_line(
    tmp_path: Path, cell: tuple[str | None, str | None]
) -> None:
    """Other pipelines, new stages and half-filled deals wait for a person; nothing is guessed."""
    made = stage_line(tmp_path, block("pipeline 新規営業; 商談化 <-> Prospecting"))
    parked = there(made, cell)
    assert isinstance(parked, Fault)
    assert parked.cause == "unknown_option"
    assert "stages:" in parked.advice
    assert isinstance(made.hubspot.carry("Closed Won", CONTEXT), Fault)


def test_a_deal_without_a_stage_carries_a_blank(tmp_path: Path) -> None:
    """HubSpot allows a deal without pipeline and stage; Salesforce needs one, so nothing is blanked."""
    made = stage_line(tmp_path, block("pipeline 新規営業; 商談化 <-> Prospecting"))
    assert there(made, None) is None
    assert not made.salesforce.may_be_blank


def test_offline_labels_and_ids_stand_as_written(tmp_path: Path) -> None:
    """Tests of a file need no account."""
    made = stage_line(
        tmp_path,
        block("pipeline 新規営業 <-> record type New_Business; 商談化 <-> Prospecting"),
        live=False,
    )
    assert there(made, ("新規営業", "商談化")) == ("New_Business", "Prospecting")
    assert back(made, ("New_Business", "Prospecting")) == ("新規営業", "商談化")


def test_several_stages_may_share_a_name_when_one_is_the_way_back(tmp_path: Path) -> None:
    """``->`` goes there and never comes back; ``<-`` comes back and never goes there."""
    made = stage_line(
        tmp_path,
        block(
            "pipeline 新規営業; 提案 <-> Proposal; 再提案 -> Proposal; "
            "商談化 <-> Prospecting; 商談化 <- Closed Won"
        ),
    )
    assert there(made, ("p1", "s3")) == "Proposal"
    assert back(made, "Proposal") == ("p1", "s2")
    assert back(made, "Closed Won") == ("p1", "s1")
    assert there(made, ("p1", "s1")) == "Prospecting"


def test_one_way_blocks_need_no_way_back(tmp_path: Path) -> None:
    """A block of ``->`` alone makes a line of that direction."""
    made = stage_line(tmp_path, block("pipeline 新規営業; 提案 -> Proposal; 再提案 -> Proposal"))
    assert made.direction.value == "->"
    assert there(made, ("p1", "s3")) == "Proposal"


BROKEN = [
    ("pipeline 新規営業; 提案 <-> Proposal; 再提案 <-> Proposal", "stage_not_one_to_one", "Proposal", None),
    ("pipeline 新規営業; 提案 <-> Proposal; 提案 -> Closed Won", "stage_twice", "提案", None),
    ("pipeline 新規営業; s1 <-> Prospecting; s3 -> Proposal", "stage_without_way_back", "Proposal", None),
    ("pipeline 更新; 提案 <-> Proposal", "ambiguous_label", "提案", None),
    ("pipeline 新規営行; 商談化 <-> Prospecting", "unknown_label", "新規営行", "新規営業"),
    ("pipeline 新規営業; 商談 <-> Prospecting", "unknown_label", "商談", "商談化"),
    ("pipeline 新規営業; 商談化 <-> Prospectin", "unknown_label", "Prospectin", "Prospecting"),
    ("pipeline p1 <-> record type Newbusine; s1 <-> Proposal", "unknown_label", "Newbusine", "New_Business"),
    ("pipe 新規営業; 商談化 <-> Prospecting", "bad_pipeline", "pipe 新規営業", None),
    ("pipeline 新規営業; 商談化 Prospecting", "bad_stage", "商談化 Prospecting", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN)
def test_a_block_that_could_not_work_is_refused(
    tmp_path: Path, written: str, code: str, found: str, nearest: str | None
) -> None:
    """Each fault names the word, the nearest right one, and says it in both languages."""
    faults = told(tmp_path, block(written))
    assert code in faults
    assert faults[code].found == found
    assert faults[code].nearest == nearest or nearest is None
    assert faults[code].message("en") != faults[code].message("ja")
    assert faults[code].place.line > 3


def test_an_ambiguous_label_is_answered_with_the_ids_to_write(tmp_path: Path) -> None:
    """The message lists what the label may mean, and an id settles it."""
    fault = told(tmp_path, block("pipeline 更新; 提案 <-> Proposal"))["ambiguous_label"]
    assert fault.allowed == ("s4", "s6")
    made = stage_line(tmp_path, block("pipeline 更新; s6 <-> Proposal"))
    assert there(made, ("p2", "s6")) == "Proposal"


def test_a_system_that_shows_no_pipelines_is_told_apart_from_a_wrong_word(tmp_path: Path) -> None:
    """Without the right to see them every word would look wrong."""
    write(tmp_path, block("pipeline 新規営業; 商談化 <-> Prospecting"))
    (fault,) = faults_of(tmp_path, world(pipelines=()))
    assert (fault.code, fault.found) == ("no_labels", "新規営業")
    assert "rights" in fault.message("en")


def test_record_types_are_named_by_all_pipelines_or_by_none(tmp_path: Path) -> None:
    """A pipeline without one would leave the record type to chance."""
    faults = told(
        tmp_path,
        block(
            "pipeline p1 <-> record type New_Business; s1 <-> Prospecting",
            "pipeline p2; s5 <-> Closed Won",
        ),
    )
    assert faults["record_type_missing"].found == "p2"


@pytest.mark.parametrize(
    ("between", "found"),
    [
        ("{hubspot: contacts, salesforce: Contact}", "contacts"),
        ("{hubspot: deals, salesforce: Account}", "Account"),
    ],
)
def test_stages_are_refused_where_there_are_none(tmp_path: Path, between: str, found: str) -> None:
    """Contacts have no pipelines and accounts no stages."""
    written = block("pipeline p1; s1 <-> Prospecting")
    written = written.replace("{hubspot: deals, salesforce: Opportunity}", between)
    assert told(tmp_path, written, live=False)["stages_elsewhere"].found == found


def test_leads_of_hubspot_have_stages_too(tmp_path: Path) -> None:
    """They keep them in two properties of other names."""
    written = block("pipeline p1; s1 <-> Prospecting").replace("hubspot: deals", "hubspot: leads")
    made = stage_line(tmp_path, written, live=False)
    assert made.hubspot.fields == ("hs_pipeline", "hs_pipeline_stage")


def test_a_renamed_stage_voids_no_baseline_and_another_id_does(tmp_path: Path) -> None:
    """The hash follows what travels: ids, not labels."""
    by_label = stage_line(tmp_path, block("pipeline 新規営業; 商談化 <-> Prospecting"))
    by_id = stage_line(tmp_path, block("pipeline p1; s1 <-> Prospecting"))
    other = stage_line(tmp_path, block("pipeline p1; s2 <-> Prospecting"))
    assert by_label.hash == by_id.hash
    assert by_label.hash != other.hash
