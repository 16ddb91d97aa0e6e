"""How commands speak: tables and colours to a terminal, plain text to a pipe, JSON to a program.

With `--json` standard output carries one JSON document and nothing else. Errors and progress always
go to standard error. Text from the systems is shown as it is: nothing in it is taken for markup, and
control characters, which could move a terminal's cursor, are replaced.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from console.language import Language, say

# Seconds between two lines of progress in a pipe: enough to see life, too few to fill a log.
QUIET = 10.0
# Columns of a terminal that a long value may take in a table where it is not what was asked for.
LONG = 60
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Output:
    """One command's voice. `terminal`: standard output is one. `lang` may be set once it is known."""

    def __init__(
        self,
        *,
        json: bool,
        terminal: bool,
        lang: Language = "en",
        out: TextIO | None = None,
        err: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.json = json
        self.terminal = terminal
        self.lang: Language = lang
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._clock = clock
        self._console = Console(file=self._out, markup=False, highlight=False, emoji=False)
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._counts: Counter[str] = Counter()
        self._told_at: float | None = None
        self._documented = False

    def say(self, key: str, **values: object) -> None:
        """A sentence of the catalogue on a line of its own."""
        self.line(say(key, self.lang, **values))

    def line(self, text: str) -> None:
        """Plain text on lines of its own; unsaid with `--json`, since the document tells it."""
        if not self.json:
            self._out.write(_lines(text))

    def error(self, text: str) -> None:
        """A line on standard error, in every mode."""
        self._err.write(_lines(text))
        self._err.flush()

    def document(self, value: object) -> None:
        """The one JSON document of `--json`. A second one is our bug (`RuntimeError`)."""
        if self._documented:
            raise RuntimeError("a command has one JSON document")
        self._documented = True
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
        self._out.write(text.decode() + "\n")
        self._out.flush()

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows under their headings. In a pipe nothing is cut, so that a search finds whole values."""
        if self.json:
            return
        cells = [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
        if self.terminal:
            self._drawn(title, columns, cells)
        else:
            self._plain(title, columns, cells)

    def _drawn(self, title: str, columns: Sequence[str], cells: list[list[str]]) -> None:
        table = Table(title=Text(printable(title), style="bold"), title_justify="left")
        for column in columns:
            table.add_column(Text(column), overflow="fold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(table)

    def _plain(self, title: str, columns: Sequence[str], cells: list[list[str]]) -> None:
        lines = [list(columns), *cells]
        widths = [max(cell_len(cell) for cell in column) for column in zip(*lines, strict=True)]
        self.line(title)
        for row in lines:
            padded = [
                cell + " " * (width - cell_len(cell))
                for cell, width in zip(row, widths, strict=True)
            ]
            self.line("  ".join(padded).rstrip())

    # Progress ------------------------------------------------------------------------------------

    @contextmanager
    def working(self) -> Iterator[None]:
        """While this lasts, `advance` is shown: as counters on a terminal, as sparse lines in a pipe."""
        self._counts.clear()
        self._tasks.clear()
        self._told_at = self._clock()
        if not self._err.isatty():
            yield
            return
        console = Console(file=self._err, markup=False, highlight=False, emoji=False)
        shown = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(*shown, console=console, transient=True) as bars:
            self._bars = bars
            try:
                yield
            finally:
                self._bars = None

    def advance(self, stage: str, count: int) -> None:
        """`count` more records of a stage are done."""
        self._counts[stage] += count
        if self._told_at is None:
            return
        text = say("output.progress", self.lang, stage=stage, count=f"{self._counts[stage]:,}")
        if self._bars is not None:
            self._show(self._bars, stage, text)
        elif self._clock() - self._told_at >= QUIET:
            self._told_at = self._clock()
            self.error(text)

    def _show(self, bars: Progress, stage: str, text: str) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = bars.add_task(text, total=None)
        bars.update(self._tasks[stage], description=text)


def printable(text: str) -> str:
    """The text on one line, with what a terminal would obey replaced by what it can show."""
    return CONTROL.sub(
        lambda found: " " if found[0] in "\r\n\t" else "\N{REPLACEMENT CHARACTER}", text
    )


def shortened(text: str, width: int = LONG) -> str:
    """The text on one line of at most so many columns, with "…" where more of it stands in the document."""
    line = Text(printable(text))
    line.truncate(width, overflow="ellipsis")
    return line.plain


def _lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines() or [""]) + "\n"
