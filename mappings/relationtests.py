"""A relation in the clothes of a mapping, for its `tests:` alone: its lines are decided like any others."""

from __future__ import annotations

from mappings.fieldbook import HUBSPOT, SALESFORCE
from mappings.matching import ignored
from mappings.relationform import HUBSPOT_TIES
from mappings.schema import CreateRule, Limits, Mapping, ObjectLines, Relation


def as_mapping(relation: Relation) -> Mapping:
    """What a rehearsal needs. In a test a new tie is a record that is created; keys there are none."""
    word = next(known for known in HUBSPOT_TIES if relation.hubspot.startswith(known))
    to_salesforce, to_hubspot = (relation.direction.goes_to(side) for side in (SALESFORCE, HUBSPOT))
    lines = ObjectLines(salesforce_object=relation.salesforce, lines=relation.lines, consent=())
    return Mapping(
        name=relation.name,
        hash=relation.hash,
        mode=relation.mode,
        hubspot_object=word,
        salesforce_objects=(relation.salesforce,),
        only={},
        match=(),
        match_ignore=ignored(()),
        several="park",
        first_pairing="fill_blanks",
        create_in_salesforce=(CreateRule(relation.salesforce),) if to_salesforce else (),
        create_in_hubspot=(CreateRule(word),) if to_hubspot else (),
        when_deleted_in={},
        limits=Limits(),
        # A tie is told by its ends: nothing of it is a key.
        keys={HUBSPOT: "", SALESFORCE: ""},
        objects={relation.salesforce: lines},
        fields={
            (HUBSPOT, word): relation.fields[HUBSPOT],
            (SALESFORCE, relation.salesforce): relation.fields[SALESFORCE],
        },
        address={},
        tests=relation.tests,
        path=relation.path,
    )
