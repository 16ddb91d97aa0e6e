"""What a rehearsal with sellers needs beforehand: a definition that a practice company agreed on."""

from __future__ import annotations

from pathlib import Path

from intent.load import FILE_NAME as INTEREST_FILE
from intent.load import SHIPPED as SHIPPED_INTEREST
from intent.load import definition_of
from lifecycle.approval import objection
from lifecycle.definition import Approval
from lifecycle.load import SHIPPED, load_definition
from lifecycle.shelf import kept_of, texts_of, versions_of
from lifecycle.store import SqlLifecycleStore
from sync.wiring import Bridge

# The mappings of a rehearsal with visitors and sellers, by the files that they stand for.
SAMPLES = {"people": "people-with-handoff", "companies": "companies-with-intent"}
MARKETING, SALES = "m.sato@practice.test", "k.tanaka@practice.test"
# In a rehearsal nobody waits for months: whoever shows new interest may come back at once.
QUICK = "reasons: {timing: {cool_off: 0d}, no_response: {cool_off: 0d}}"


def agree(bridge: Bridge) -> None:
    """Write the practice definition, unless one is there, and let both owners approve it."""
    path = _written(bridge.folder / bridge.settings.definitions)
    found = load_definition(path, definition_of(bridge.folder)).definition
    own = bridge.folder / INTEREST_FILE
    store, now = SqlLifecycleStore(bridge.ledger.engine), bridge.clock()
    store.put(kept_of(found, texts_of(path, own if own.exists() else SHIPPED_INTEREST), now))
    for department, owner in found.owners.items():
        if objection(found, department, owner, versions_of(store)) is None:
            store.approve(Approval(found.hash, department, owner, now))


def _written(folder: Path) -> Path:
    """The shipped definition with owners who may approve, and with short rests."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SHIPPED.name
    if not path.exists():
        text = SHIPPED.read_text("utf-8").replace("reasons: {}", QUICK)
        text = text.replace("marketing@example.com", MARKETING).replace("sales@example.com", SALES)
        path.write_text(text, "utf-8")
    return path
