"""Whatever an admin's editor leaves behind: faults with places, never a trace."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mappings.builders import faults_of, write

SHIPPED = Path(__file__).parents[2] / "mappings"
TEXTS = [
    path.read_text("utf-8")
    for path in sorted(SHIPPED.glob("**/*.yaml"))
    if "name:" in path.read_text("utf-8")
]
SCRAPS = [
    "",
    ":",
    "{",
    "}",
    "[",
    "]",
    "- ",
    "'",
    '"',
    "\n",
    "  ",
    "&a ",
    "*a",
    "!!int ",
    "|",
    "~",
    "<->",
    "：",
    "null",
]


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_a_damaged_file_is_told_and_not_thrown(data: st.DataObject) -> None:
    """Any cut or scrap in a good file compiles or gives faults that have both languages."""
    text = data.draw(st.sampled_from(TEXTS))
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 12))
    damaged = text[:at] + data.draw(st.sampled_from(SCRAPS)) + text[at + gone :]
    with TemporaryDirectory() as folder:
        write(Path(folder), damaged)
        for fault in faults_of(Path(folder)):
            assert fault.message("en")
            assert fault.message("ja")
            assert fault.as_json("ja")["line"] >= 1


@given(st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_told_and_not_thrown(raw: bytes) -> None:
    """A file that is no mapping at all is no crash either."""
    with TemporaryDirectory() as folder:
        write(Path(folder), raw)
        assert faults_of(Path(folder))
