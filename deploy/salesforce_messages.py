"""The outbound messages of Salesforce that ring at our door, as files to deploy. Pure.

Per object one message that carries the record's id and nothing else, and a flow that sends it when a
record is created or saved. What must not wait has a message of its own: its address names the lane.
A flow cannot send one when a record is deleted; deletions are found by asking.
https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_workflow.htm
https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_visual_workflow.htm
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree

from mappings.schema import Mapping as FieldMapping
from sync.lanes import Lane

API_VERSION: Final = "62.0"
NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
DOOR: Final = "/webhooks/salesforce"
# A seller's answer to a hand-off is a change of one of these.
HANDED_OFF: Final[Mapping[str, tuple[str, ...]]] = {"Lead": ("OwnerId", "Status")}


@dataclass(frozen=True, slots=True)
class Sender:
    """Where to, as whom. `token` is the secret part of the door's address, None without one.

    `user` is the name of the user under whom messages are sent. `active`: the flows are switched on
    by the deployment; otherwise a person does it.
    """

    public_url: str
    user: str
    token: str | None = field(default=None, repr=False)
    active: bool = False

    def address(self, lane: Lane | None) -> str:
        """The door's public address, for what has to go through this lane."""
        secret = f"/{quote(self.token, safe='')}" if self.token else ""
        return f"{self.public_url}{DOOR}{secret}" + (f"?lane={lane}" if lane else "")


@dataclass(frozen=True, slots=True)
class Message:
    """One outbound message and its flow. `watched`: only a change of these fields sends it."""

    object: str
    lane: Lane | None = None
    watched: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name, unique for the object."""
        return f"Kakehashi_{self.lane.value.title() if self.lane else 'Changed'}"

    @property
    def flow(self) -> str:
        """The name of its flow. Two underscores in a row are not allowed in there."""
        plain = re.sub("_+", "_", self.object).strip("_")
        return f"Kakehashi_{plain}_{self.name.removeprefix('Kakehashi_')}"


def messages(mappings: Iterable[FieldMapping]) -> list[Message]:
    """What has to be sent so that nothing mapped changes in silence, by object."""
    consent: dict[str, set[str]] = {}
    for mapping in mappings:
        if mapping.mode != "off":
            for name, lines in mapping.objects.items():
                consent.setdefault(name, set()).update(one.salesforce for one in lines.consent)
    return [one for name in sorted(consent) for one in _of_object(name, sorted(consent[name]))]


def _of_object(name: str, opt_outs: Sequence[str]) -> Iterator[Message]:
    yield Message(name)
    if opt_outs:
        yield Message(name, Lane.CONSENT, tuple(opt_outs))
    if name in HANDED_OFF:
        yield Message(name, Lane.HANDOFF, HANDED_OFF[name])


def package_files(mappings: Iterable[FieldMapping], sender: Sender) -> dict[str, str]:
    """Path in the package -> text, in the form of the Metadata API."""
    sent = messages(mappings)
    objects = dict.fromkeys(message.object for message in sent)
    files = {"package.xml": _package(sent)}
    for name in objects:
        mine = [message for message in sent if message.object == name]
        files[f"workflows/{name}.workflow"] = _workflow(mine, sender)
    files |= {f"flows/{message.flow}.flow": _flow(message, sender) for message in sent}
    return files


def _package(sent: Sequence[Message]) -> str:
    """Names our messages one by one, so that whatever else the objects have stays as it is."""
    root = ElementTree.Element("Package", xmlns=NAMESPACE)
    for kind, members in (
        ("WorkflowOutboundMessage", [f"{one.object}.{one.name}" for one in sent]),
        ("Flow", [one.flow for one in sent]),
    ):
        types = ElementTree.SubElement(root, "types")
        for member in sorted(members):
            _add(types, members=member)
        _add(types, name=kind)
    _add(root, version=API_VERSION)
    return _text(root)


def _workflow(sent: Sequence[Message], sender: Sender) -> str:
    root = ElementTree.Element("Workflow", xmlns=NAMESPACE)
    for message in sent:
        _add(
            ElementTree.SubElement(root, "outboundMessages"),
            fullName=message.name,
            apiVersion=API_VERSION,
            description="Tells Kakehashi which record to look at. Carries its id only.",
            endpointUrl=sender.address(message.lane),
            fields="Id",
            # A session id is a live credential, and the door has no use for one.
            includeSessionId="false",
            integrationUser=sender.user,
            name=message.name.replace("_", " "),
            protected="false",
            useDeadLetterQueue="false",
        )
    return _text(root)


def _flow(message: Message, sender: Sender) -> str:
    """One step after the save. The order of the elements is the one that Salesforce writes."""
    full_name = f"{message.object}.{message.name}"
    label = message.flow.replace("_", " ")
    root = ElementTree.Element("Flow", xmlns=NAMESPACE)
    _add(
        ElementTree.SubElement(root, "actionCalls"),
        name="Ring",
        label="Ring",
        locationX="176",
        locationY="287",
        actionName=full_name,
        actionType="outboundMessage",
        # Sent when the save is final: what is rolled back rings nobody.
        flowTransactionModel="CurrentTransaction",
        nameSegment=full_name,
    )
    _add(
        root,
        apiVersion=API_VERSION,
        description="Rings at Kakehashi. Made from the mapping files.",
        environments="Default",
        interviewLabel=f"{label} {{!$Flow.CurrentDateTime}}",
        label=label,
        processType="AutoLaunchedFlow",
    )
    start = ElementTree.SubElement(root, "start")
    _add(start, locationX="50", locationY="0")
    _add(ElementTree.SubElement(start, "connector"), targetReference="Ring")
    if message.watched:
        # ISCHANGED may stand in the entry condition of a flow for updates only.
        asked = ", ".join(f"ISCHANGED({{!$Record.{one}}})" for one in message.watched)
        _add(start, filterFormula=f"OR({asked})" if len(message.watched) > 1 else asked)
    _add(
        start,
        object=message.object,
        recordTriggerType="Update" if message.watched else "CreateAndUpdate",
        triggerType="RecordAfterSave",
    )
    _add(root, status="Active" if sender.active else "Draft")
    return _text(root)


def _add(parent: ElementTree.Element, **children: str) -> None:
    for tag, text in children.items():
        ElementTree.SubElement(parent, tag).text = text


def _text(root: ElementTree.Element) -> str:
    ElementTree.indent(root, "    ")
    body = ElementTree.tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
