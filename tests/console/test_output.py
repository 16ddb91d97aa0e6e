"""How commands speak: to people, to pipes, to programs; in two languages; and with which exit code."""

from __future__ import annotations

import io
from string import Formatter

import click
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from console import exits
from console.language import LANGUAGES, catalogue, language, say
from console.output import Output, printable
from mappings.faults import MappingFaults
from sync.ledger import LedgerUnavailable, WrongLedger
from sync.settings import SettingsFaults


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Ticks:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """An output and what it said."""

    def __init__(self, *, json: bool = False, terminal: bool = False, screen: bool = False) -> None:
        self.out = io.StringIO()
        self.err: io.StringIO = Screen() if screen else io.StringIO()
        self.clock = Ticks()
        self.output = Output(
            json=json, terminal=terminal, out=self.out, err=self.err, clock=self.clock
        )


ROWS = [("people", "山田 太郎", None), ("companies", "Example KK", 3)]
COLUMNS = ("mapping", "name", "count")


def test_a_pipe_gets_whole_values_in_columns() -> None:
    """Columns line up by the width that characters take on a screen, and nothing is cut."""
    heard = Heard()
    heard.output.table("Records", COLUMNS, [*ROWS, ("x", "v" * 300, 1)])
    lines = heard.out.getvalue().splitlines()
    assert lines[0] == "Records"
    assert "v" * 300 in lines[4]
    # Four double-width characters and a blank take nine columns: the next one starts alike.
    assert lines[2].index("山田") == lines[3].index("Example")
    assert not any(line.endswith(" ") for line in lines)


def test_a_terminal_gets_a_drawn_table() -> None:
    """The same rows, with lines around them."""
    heard = Heard(terminal=True)
    heard.output.table("Records", COLUMNS, ROWS)
    told = heard.out.getvalue()
    assert "山田 太郎" in told
    assert "│" in told


@pytest.mark.parametrize("terminal", [True, False])
def test_text_from_the_systems_is_shown_and_not_obeyed(terminal: bool) -> None:
    """A company called `[red]` keeps its brackets, and no value moves the cursor."""
    heard = Heard(terminal=terminal)
    heard.output.table("T", ("name",), [("[red]Ltd :smile:",), ("a\x1b[2Jb",), ("two\nlines",)])
    heard.output.line("\x1b]0;title\x07 [bold]")
    told = heard.out.getvalue()
    assert "[red]Ltd :smile:" in told
    assert "[bold]" in told
    assert "two lines" in told
    assert "\x1b[2J" not in told
    assert "\x07" not in told


@given(st.text())
def test_printable_text_never_holds_a_control_character(text: str) -> None:
    """Whatever a record holds, it stays on its line."""
    told = printable(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in told)
    assert len(told) == len(text)


def test_json_is_one_document_and_nothing_else() -> None:
    """Lines and tables stay away from standard output; errors go to the other stream."""
    heard = Heard(json=True)
    heard.output.line("hello")
    heard.output.table("Records", COLUMNS, ROWS)
    heard.output.document({"name": "架け橋", "changes": []})
    heard.output.error("careful")
    assert orjson.loads(heard.out.getvalue()) == {"name": "架け橋", "changes": []}
    assert heard.err.getvalue() == "careful\n"


def test_a_second_document_is_our_bug() -> None:
    """Two documents on one stream would be none."""
    heard = Heard(json=True)
    heard.output.document({})
    with pytest.raises(RuntimeError):
        heard.output.document({})


def test_progress_in_a_pipe_is_sparse_and_on_standard_error() -> None:
    """A line every ten seconds at most, with the count so far."""
    heard = Heard()
    with heard.output.working():
        for _ in range(30):
            heard.output.advance("people:hubspot", 1_000)
            heard.clock.now += 1
    assert heard.out.getvalue() == ""
    assert heard.err.getvalue().splitlines() == [
        "people:hubspot: 11,000 so far",
        "people:hubspot: 21,000 so far",
    ]


def test_progress_on_a_terminal_leaves_standard_output_alone() -> None:
    """Counters are drawn on standard error and wiped in the end, also after an error."""
    heard = Heard(terminal=True, screen=True)
    with pytest.raises(ValueError, match="broken"), heard.output.working():
        heard.output.advance("people:hubspot", 7)
        raise ValueError("broken")
    heard.output.advance("people:hubspot", 7)
    assert heard.out.getvalue() == ""


def test_progress_outside_of_work_says_nothing() -> None:
    """A part that reports while nobody waits does no harm."""
    heard = Heard()
    heard.output.advance("people:plan", 5)
    assert heard.err.getvalue() == ""


# Language ----------------------------------------------------------------------------------------


def test_every_sentence_stands_in_both_languages_with_the_same_places() -> None:
    """No sentence is missing in one language, and no value is told in one of them only."""
    for key, told in catalogue().items():
        assert set(told) == set(LANGUAGES), key
        places = [
            {name for _, name, _, _ in Formatter().parse(told[lang]) if name} for lang in LANGUAGES
        ]
        assert places[0] == places[1], key


def test_a_sentence_is_said_in_the_language_asked_for() -> None:
    """The catalogue's two voices, and the output's."""
    assert say("plan.title", "en", plan_id="p-7") == "Plan p-7"
    assert say("plan.title", "ja", plan_id="p-7") == "計画 p-7"
    heard = Heard()
    heard.output.lang = "ja"
    heard.output.say("up.stopping")
    assert heard.out.getvalue() == "停止します。\n"


def test_an_open_place_or_an_unknown_sentence_is_our_bug() -> None:
    """Nobody reads a sentence with a hole in it."""
    with pytest.raises(KeyError):
        say("plan.title", "en")
    with pytest.raises(KeyError):
        say("no.such", "en")


@pytest.mark.parametrize(
    ("wanted", "got"), [("ja_JP.UTF-8", "ja"), ("ja", "ja"), ("C", "en"), ("", "en"), (None, "en")]
)
def test_the_language_follows_the_persons_locale(wanted: str | None, got: str) -> None:
    """What we do not speak is told in English."""
    assert language(wanted) == got


# Exit codes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 1),
        (click.Abort(), 1),
        (Rejected("refused", system="hubspot"), 1),
        (click.UsageError("what?"), 2),
        (SettingsFaults([]), 2),
        (MappingFaults([]), 2),
        (WrongLedger("another pair"), 2),
        (LedgerUnavailable("locked"), 2),
        (SystemBlocked("x", system="hubspot", cause="wrong_account", advice="y"), 2),
        (SystemBlocked("x", system="hubspot", cause="credentials", advice="y"), 3),
        (TryLater("busy", system="salesforce"), 3),
        (OutcomeUnknown("silence", system="salesforce"), 3),
        (ZeroDivisionError(), 70),
        (ValueError("a slip"), 70),
    ],
)
def test_an_exit_code_tells_what_to_do_next(error: BaseException, code: int) -> None:
    """1 look, 2 mend your input, 3 wait or ask for access, 70 report it to us."""
    assert exits.exit_code_for(error) == code


def test_click_keeps_the_code_it_was_given() -> None:
    """`--help` ends with 0."""
    assert exits.exit_code_for(click.exceptions.Exit(0)) == 0
