"""One mapping file written into a folder and compiled, for tests of the rooms that use mappings."""

from __future__ import annotations

from pathlib import Path

from mappings.compile import Compiled, Schemas, compile_folder
from mappings.transforms import Locale

HEAD = "version: 1\nname: people\nbetween: {hubspot: contacts, salesforce: [Contact, Lead]}\n"


def compile_text(folder: Path, text: str, schemas: Schemas | None = None) -> Compiled:
    """Compile one file."""
    (folder / "people.yaml").write_text(text, "utf-8")
    return compile_folder(folder, schemas, Locale())
