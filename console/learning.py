"""`intent train`, `intent evaluate`, `intent tune-half-life`: what outcomes teach, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from console.language import language, say
from console.output import Output
from console.session import Session, command
from intent.learning.fitting import InstallLearning
from intent.learning.half_life import HALF_LIVES, Dated, study
from intent.learning.model import Model, UnknownModel, as_json, from_json
from intent.learning.outcomes import Columns, Lead, NotEnough, last_known
from intent.learning.reading import FixTheFile, columns_of, read_columns, read_events, read_leads
from intent.learning.recalibrating import Recalibration
from intent.learning.trial import Judged, Report, evaluate, put_right, train
from sync.interest import intent_store

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DATE = click.DateTime(["%Y-%m-%d"])
PLACE = Path("var") / "intent-model.json"
# Above this expected error people should not read probabilities as such.
ECE_TOO_HIGH = 0.10


def names_columns(function: F) -> F:
    """The options that say which column of a CSV file is what."""
    for option in reversed(
        [
            click.option("--columns", type=FILE, help="A YAML file that names the columns."),
            click.option("--id", "id_", help="Column: who it is."),
            click.option("--decided-at", help="Column: when it was decided about."),
            click.option("--outcome", help="Column: what became of it, 1 or 0."),
            click.option("--outcome-at", help="Column: when that was."),
            click.option("--rules", help="Column: the score by rules at that time."),
            click.option("--recency", help="Column: higher is fresher."),
            click.option("--feature", "features", multiple=True, help="Only these features."),
            click.option("--leave-out", multiple=True, help="A column that is no feature."),
            click.option("--keep", multiple=True, help="A column to use though it looks odd."),
            click.option("--as-of", type=DATE, help="The day of the file; else its latest date."),
            click.option("--seed", default=1, show_default=True, help="Same seed, same result."),
        ]
    ):
        function = option(function)
    return function


@command("train")
@click.argument("file", type=FILE)
@names_columns
@click.option(
    "--horizon", default=90, show_default=True, type=click.IntRange(1, 1000), help="Days."
)
@click.option("--out", default=PLACE, show_default=True, type=click.Path(path_type=Path))
def train_(session: Session, /, file: Path, horizon: int, out: Path, **words: Any) -> int:
    """Learn from a CSV file of outcomes, and tell honestly what it is worth.

    Exit code 1: the model is no better than rules, and is not to be used.
    """
    lang = language(session.output.lang)
    with _explained():
        columns, leads = _read(file, words)
        model, report = train(
            leads,
            columns,
            horizon=timedelta(days=horizon),
            as_of=_as_of(words, leads),
            made_at=datetime.now(UTC),
            seed=words["seed"],
        )
    _write(out, model)
    _show(session, report)
    session.output.line(say("learning.written", lang, file=out))
    return 0 if model.useful else 1


@command("evaluate")
@click.argument("model_file", metavar="MODEL", type=FILE)
@click.argument("file", type=FILE)
@names_columns
@click.option(
    "--recalibrate",
    "out",
    type=click.Path(path_type=Path),
    help="Write the model with its probabilities put right here, where that holds on the later half.",
)
def evaluate_(
    session: Session, /, model_file: Path, file: Path, out: Path | None, **words: Any
) -> int:
    """How a model fares on a CSV file of leads that it has not seen, beside rules and recency.

    The earlier half of them recalibrates it, the later half tells whether that puts its probabilities right.
    """
    lang = language(session.output.lang)
    with _explained():
        model = read_model(model_file)
        _columns, leads = _read(file, words)
        report = evaluate(model, leads, as_of=_as_of(words, leads), seed=words["seed"])
    _show(session, report)
    found = report.recalibration
    if out is not None and found is not None and found.is_better:
        _write(out, put_right(model, found))
        session.output.line(say("learning.written", lang, file=out))
    return 0 if report.verdict == "beats_rules" else 1


@command("tune-half-life")
@click.argument("file", type=FILE, required=False)
@click.option("--subject", help="Column: who came.")
@click.option("--at", help="Column: when.")
@click.option(
    "--horizon", default=14, show_default=True, type=click.IntRange(1, 1000), help="Days."
)
@click.option(
    "--half-life", "half_lives", multiple=True, type=click.IntRange(1, 3650), help="Days."
)
@click.option("--cuts", default=6, show_default=True, type=click.IntRange(1, 50))
def tune_half_life(
    session: Session,
    file: Path | None,
    subject: str | None,
    at: str | None,
    horizon: int,
    half_lives: tuple[int, ...],
    cuts: int,
) -> int:
    """Which half-life tells best who comes back: of the people on file, or in a CSV file of dated events."""
    lang = language(session.output.lang)
    if file is not None and (subject is None or at is None):
        raise click.UsageError(say("learning.name_columns", lang))
    with _explained():
        found = study(
            _visits(session) if file is None else read_events(file, str(subject), str(at)),
            horizon_days=horizon,
            half_lives=half_lives or HALF_LIVES,
            cuts=cuts,
        )
    if session.output.json:
        cut_rows = [{**cut._asdict(), "auc": dict(cut.auc)} for cut in found.cuts]
        session.output.document({"mean_auc": dict(found.mean), "cuts": cut_rows})
        return 0
    title = say("learning.half_life", lang, days=horizon, cuts=len(found.cuts))
    session.output.table(
        title, (say("learning.way", lang), "AUC"), [(n, f"{x:.3f}") for n, x in found.mean.items()]
    )
    session.output.say("learning.best", way=found.best)
    return 0


def _visits(session: Session) -> list[Dated]:
    """On which days people were on the website, as it is on file."""
    store = intent_store(session.bridge().ledger)
    return [Dated(subject.key, at) for subject, at in store.days_of_people()]


def _write(out: Path, model: Model) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(orjson.dumps(as_json(model), option=orjson.OPT_INDENT_2))


def read_model(file: Path) -> Model:
    """The model in a file. Raises `UnknownModel`."""
    try:
        return from_json(orjson.loads(file.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise UnknownModel(f"{file} holds no model ({error}): train a new one") from error


class _explained:  # noqa: N801 - read as a word after `with`
    """Errors that a person can act on leave as a message instead of as a bug."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, NotEnough | FixTheFile | UnknownModel | InstallLearning):
            raise click.ClickException(str(error)) from error


def _read(file: Path, words: dict[str, Any]) -> tuple[Columns, list[Lead]]:
    """The columns as the file of `--columns` names them, overruled by options; and the rows."""
    named = read_columns(words["columns"]) if words["columns"] else {}
    told = {
        "id": words["id_"],
        **{
            name: words[name]
            for name in ("decided_at", "outcome", "outcome_at", "rules", "recency")
        },
        **{name: tuple(words[name]) for name in ("features", "leave_out", "keep")},
    }
    columns = columns_of({**named, **{name: value for name, value in told.items() if value}})
    return columns, read_leads(file, columns)


def _as_of(words: dict[str, Any], leads: list[Lead]) -> datetime:
    told: datetime | None = words["as_of"]
    return last_known(leads) if told is None else told.replace(tzinfo=UTC)


def _show(session: Session, report: Report) -> None:
    if session.output.json:
        session.output.document(report_json(report))
        return
    output, lang = session.output, language(session.output.lang)
    for odd in report.odd:
        why = say(f"learning.why.{odd.why}", lang, number=f"{odd.number:.2f}")
        output.say("learning.odd" if odd.bans else "learning.telling", column=odd.column, why=why)
    title = say(
        "learning.judged", lang, cases=f"{report.judged_cases:,}", rate=f"{report.judged_rate:.1%}"
    )
    heads = ("", "AUC", "AP", "lift@10%", "capture@20%", "Brier", "BSS", "ECE")
    output.table(title, heads, [_row(name, one) for name, one in report.judged.items()])
    output.table(
        say("learning.months", lang),
        (
            say("learning.month", lang),
            say("learning.cases", lang),
            say("learning.rate", lang),
            say("learning.said", lang),
            "AUC",
            "ECE",
        ),
        [
            (
                m.month,
                f"{m.cases:,}",
                f"{m.rate:.1%}",
                f"{m.said:.1%}",
                "-" if m.auc is None else f"{m.auc:.3f}",
                f"{m.ece:.3f}",
            )
            for m in report.months
        ],
    )
    output.say("learning.chosen", kind=report.chosen)
    output.say(f"learning.{report.verdict}")
    found = report.judged["model"].calibration
    if found is not None and found.ece > ECE_TOO_HIGH:
        output.say("learning.miscalibrated", ece=f"{found.ece:.2f}")
    if report.recalibration is not None:
        _show_reliability(output, report.recalibration)


def _show_reliability(output: Output, found: Recalibration) -> None:
    lang = language(output.lang)
    heads = [say("learning.cases", lang)] + [
        f"{say(f'learning.{what}', lang)} ({say(f'learning.{when}', lang)})"
        for when in ("before", "after")
        for what in ("said", "rate")
    ]
    rows = [
        (f"{old.cases:,}", *(f"{x:.1%}" for x in (old.said, old.was, new.said, new.was)))
        for old, new in zip(found.before.bins, found.after.bins, strict=True)
    ]
    output.table(say("learning.reliability", lang, cases=f"{found.judged_cases:,}"), heads, rows)
    before, after = found.before.measures, found.after.measures
    output.say(
        "learning.recalibrated" if found.is_better else "learning.not_recalibrated",
        until=f"{found.until:%Y-%m-%d}",
        before=f"{before.ece:.3f}",
        after=f"{after.ece:.3f}",
        skill_before=f"{before.skill:.3f}",
        skill_after=f"{after.skill:.3f}",
    )


def _row(name: str, one: Judged) -> tuple[str, ...]:
    ranked = [
        f"{value:.3f} [{one.intervals[m].low:.3f}, {one.intervals[m].high:.3f}]"
        for m, value in one.ranking._asdict().items()
    ]
    if one.calibration is None:
        return (name, *ranked, "", "", "")
    return (name, *ranked, *(f"{value:.3f}" for value in one.calibration))


def report_json(report: Report) -> dict[str, Any]:
    """The report for a program."""
    return {
        "verdict": report.verdict,
        "chosen": report.chosen,
        "cases": len(report.cohort.cases),
        "unripe": report.cohort.unripe,
        "won_before": report.cohort.won_before,
        "judged_cases": report.judged_cases,
        "judged_rate": report.judged_rate,
        "odd": [{**one._asdict(), "bans": one.bans} for one in report.odd],
        "judged": {
            name: {
                **one.ranking._asdict(),
                "intervals": {m: list(found) for m, found in one.intervals.items()},
                **({} if one.calibration is None else one.calibration._asdict()),
            }
            for name, one in report.judged.items()
        },
        "ahead": {name: list(found) for name, found in report.ahead.items()},
        "boosting_ahead": None if report.boosting_ahead is None else list(report.boosting_ahead),
        "months": [one._asdict() for one in report.months],
        "recalibration": None
        if (found := report.recalibration) is None
        else {
            "fitted_cases": found.fitted_cases,
            "until": found.until.isoformat(),
            "judged_cases": found.judged_cases,
            "is_better": found.is_better,
            **{
                when: {**one.measures._asdict(), "bins": [each._asdict() for each in one.bins]}
                for when, one in (("before", found.before), ("after", found.after))
            },
        },
    }


LEARNING_COMMANDS = (train_, evaluate_, tune_half_life)
