"""Who changed a property when, from its history. Pure.

A history is newest first: ``[{"value", "timestamp", "sourceType", "sourceId"}]``. What an app writes
carries the app's id in `sourceId`. Reference sheet, section 7.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import dropwhile
from typing import Any, Final

from connector.hubspot.names import from_wire
from connector.hubspot.wire import moment
from connector.port import Edit, Value

OUR_SOURCES: Final = frozenset({"INTEGRATION", "API"})

Version = Mapping[str, Any]


def is_ours(version: Version, app_id: str | None) -> bool | None:
    """Whether our app made this change. None: an app did, and we do not know our own id."""
    if version.get("sourceType") not in OUR_SOURCES:
        return False
    if app_id is None:
        return None
    return str(version.get("sourceId")) == app_id


def newest_edit(versions: Sequence[Version], app_id: str | None) -> Edit | None:
    """When somebody else last changed the property, and whether its newest change was ours."""
    if not versions:
        return None
    others = (version for version in versions if not is_ours(version, app_id))
    latest = next(others, None)
    at = None if latest is None else moment(latest.get("timestamp"))
    return Edit(at, is_ours(versions[0], app_id))


def overwritten_value(
    versions: Sequence[Version], app_id: str | None, since: datetime
) -> tuple[Value] | None:
    """What somebody else set after `since` and our newest change replaced; in a tuple of one.

    None where nothing was lost. Several changes of ours in a row count as one.
    """
    if not versions or not is_ours(versions[0], app_id):
        return None
    earlier = next(dropwhile(lambda version: bool(is_ours(version, app_id)), versions), None)
    if earlier is None:
        return None
    at = moment(earlier.get("timestamp"))
    return (from_wire(earlier.get("value")),) if at is not None and at > since else None
