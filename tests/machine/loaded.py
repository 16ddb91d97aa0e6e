"""Importing this loads all that `kakehashi` ever loads: see `tests.machine.commands`.

Modules and whole files of ours: no settings, no connection, nothing of one installation.
"""

from __future__ import annotations

from importlib import import_module

from console import language
from console.cli import COMMANDS
from mappings import faults
from mappings.compile import objects_needed
from sync.install import SHIPPED
from tests.machine.disk import wait_for_no_disk

# Loaded by rooms in which it is not always needed.
LATER = (
    "hubspot.discovery.crm.objects.discovery",
    "phonenumbers.data.region_JP",
    "phonenumbers.data.region_US",
    "sync.ledger.migrating",
)

for _room in {place.partition(":")[0] for place in COMMANDS.values()}.union(LATER):
    import_module(_room)
language.catalogue()
faults.catalogue()
objects_needed(SHIPPED)
wait_for_no_disk()
