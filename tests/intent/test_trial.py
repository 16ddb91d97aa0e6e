"""A model is learnt from the past, judged by what came after, and told honestly what it is worth."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from console.learning import evaluate_, read_model, train_, tune_half_life
from intent.learning import fitting
from intent.learning.calibrating import sigmoid
from intent.learning.fitting import InstallLearning, fit_boosting, fit_logistic
from intent.learning.model import UnknownModel, as_json, from_json
from intent.learning.outcomes import Case, Lead
from intent.learning.recalibrating import recalibrated
from tests.intent.test_learning import START

SHAPE = (
    "--id", "id", "--decided-at", "decided", "--outcome", "won", "--outcome-at", "won_at",
    "--horizon", "30", "--rules", "rules", "--recency", "fresh",
)  # fmt: skip


def rows(count: int, *, seed: int = 7, worth: float = 1.5) -> list[dict[str, str]]:
    """Leads of a year: visits and the industry tell, rules know half of it, a contract is filled in later."""
    dice, made = Random(seed), []
    for n in range(count):
        visits, industry = dice.gauss(0, 1), dice.choice(["it", "retail", "farm"])
        won = dice.random() < sigmoid(worth * (visits + (industry == "it")) - 1)
        decided = START + timedelta(days=365 * n / count)
        made.append(
            {
                "id": f"l{n}",
                "decided": decided.isoformat(),
                "won": "1" if won else "0",
                "won_at": (decided + timedelta(days=5)).isoformat() if won else "",
                "rules": str(visits + dice.gauss(0, 1.5)),
                "fresh": str(dice.random()),
                "visits": "" if n % 20 == 0 else str(visits),
                "industry": industry,
                "contract": "yes" if won else "",
            }
        )
    return made


def write(file: Path, made: Sequence[dict[str, str]]) -> str:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(made[0]))
        writer.writeheader()
        writer.writerows(made)
    return str(file)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with leads, a model, and what was told about it."""
    folder = tmp_path_factory.mktemp("trained")
    file = write(folder / "leads.csv", rows(900))
    out = str(folder / "model.json")
    done = CliRunner().invoke(train_, [file, *SHAPE, "--out", out, "--json"])
    assert done.exit_code == 0, done.output
    (folder / "report.json").write_text(done.output, "utf-8")
    return folder


def test_a_model_is_judged_beside_rules_and_recency(trained: Path) -> None:
    """By the latest quarter, with intervals; what is filled in afterwards is left out by itself."""
    report = json.loads((trained / "report.json").read_text("utf-8"))
    assert [(one["column"], one["why"], one["bans"]) for one in report["odd"]] == [
        ("visits", "telling", False),
        ("contract", "filled_for_winners", True),
    ]
    judged = report["judged"]
    assert set(judged) == {"model", "rules", "recency"}
    assert judged["model"]["auc"] > judged["rules"]["auc"] > judged["recency"]["auc"]
    low, high = judged["model"]["intervals"]["auc"]
    assert low < judged["model"]["auc"] < high
    assert judged["model"]["skill"] > 0.1
    assert report["verdict"] == "beats_rules"
    assert report["chosen"] == "logistic"
    assert report["unripe"] > 0
    assert 200 < report["judged_cases"] < 240
    assert len(report["months"]) >= 3


def test_the_file_of_a_model_tells_all_of_it_and_scores_alike(trained: Path) -> None:
    """Without the package that fitted it; what moved a score can be told."""
    model = read_model(trained / "model.json")
    assert from_json(json.loads(json.dumps(as_json(model)))) == model
    keen = {"visits": "2", "industry": "it"}
    assert model.probability(keen) > 0.8
    assert model.probability({"visits": "-2"}) < 0.3
    assert model.reasons(keen, 2)[0][0] == "visits"
    assert model.useful
    assert model.known_for["left_out"] == ["contract"]
    assert model.horizon_days == 30


def test_a_model_on_file_is_looked_at_with_later_leads(trained: Path, tmp_path: Path) -> None:
    """Where the world has changed, that is what it says."""
    model, same = str(trained / "model.json"), write(tmp_path / "same.csv", rows(400, seed=8))
    shape = [*SHAPE[:8], *SHAPE[10:]]
    done = CliRunner().invoke(evaluate_, [model, same, *shape])
    assert (done.exit_code, "ranks better than the rules" in done.output) == (0, True), done.output
    turned = write(tmp_path / "turned.csv", rows(400, seed=8, worth=-1.5))
    done = CliRunner().invoke(evaluate_, [model, turned, *shape])
    assert (done.exit_code, "do not use it" in done.output) == (1, True)
    assert "Read no probabilities off it" in done.output


def test_probabilities_are_put_right_by_the_earlier_half_and_judged_by_the_later(
    trained: Path, tmp_path: Path
) -> None:
    """Where half of what was won is won no more; the order stays, and the new model can be written."""
    dice, made = Random(3), rows(1_200, seed=8)
    for row in made:
        if row["won"] == "1" and dice.random() < 0.5:
            row |= {"won": "0", "won_at": "", "contract": ""}
    model, later, out = trained / "model.json", tmp_path / "later.csv", tmp_path / "new.json"
    shape = [*SHAPE[:8], *SHAPE[10:]]
    words = [str(model), write(later, made), *shape, "--recalibrate", str(out)]
    done = CliRunner().invoke(evaluate_, [*words, "--json"])
    found = json.loads(done.output)["recalibration"]
    assert found["before"]["ece"] > 0.1
    assert found["after"]["ece"] < 0.06
    assert found["after"]["skill"] > found["before"]["skill"]
    assert found["is_better"]
    assert [len(found[when]["bins"]) for when in ("before", "after")] == [10, 10]
    assert sum(one["cases"] for one in found["after"]["bins"]) == found["judged_cases"]
    old, new = read_model(model), read_model(out)
    assert new.scorer == old.scorer
    assert new.calibrator != old.calibrator
    assert new.known_for["recalibrated_to"][:10] == found["until"][:10]
    told = CliRunner().invoke(evaluate_, words).output
    assert "Reliability on the later half" in told
    assert "Recalibrated by the cases up to" in told


def test_a_half_with_one_outcome_recalibrates_nothing(trained: Path) -> None:
    """There is nothing to learn from it."""
    model = read_model(trained / "model.json")
    lead = Lead("a", START, won=True, won_at=START, features={"visits": "1"})
    lost = lead._replace(decided_at=START + timedelta(days=1), won=False, won_at=None)
    cases = [Case(lead, positive=True)] * 5 + [Case(lost, positive=False)] * 5
    assert recalibrated(model, cases) is None


def test_too_little_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """With how much is missing."""
    file = write(tmp_path / "few.csv", rows(100))
    done = CliRunner().invoke(train_, [file, *SHAPE, "--out", str(tmp_path / "model.json")])
    assert done.exit_code != 0
    assert "at least 100 in 3 are needed" in done.output
    assert not (tmp_path / "model.json").exists()


def test_a_description_of_the_columns_may_stand_in_a_file(tmp_path: Path) -> None:
    """A word that is none is named with those that are; so is a column that is not there."""
    file, columns = write(tmp_path / "few.csv", rows(50)), tmp_path / "columns.yaml"
    columns.write_text("id: id\ndecided_at: decided\noutcome: won\nleave_out: [contract]\n")
    done = CliRunner().invoke(train_, [file, "--columns", str(columns)])
    assert "positive outcomes" in done.output
    columns.write_text("id: id\ndecided: decided\n")
    done = CliRunner().invoke(train_, [file, "--columns", str(columns)])
    assert "decided is not known; known: id, decided_at" in done.output
    columns.write_text("id: nobody\ndecided_at: decided\noutcome: won\n")
    done = CliRunner().invoke(train_, [file, "--columns", str(columns)])
    assert "no column nobody" in done.output
    assert "outcome is missing" in CliRunner().invoke(train_, [file, "--id", "id"]).output


def test_rows_that_cannot_be_read_are_told_with_their_lines(tmp_path: Path) -> None:
    """Nothing is guessed: neither dates nor outcomes."""
    made = rows(4)
    made[1]["won"], made[2]["decided"] = "maybe", "last week"
    done = CliRunner().invoke(train_, [write(tmp_path / "odd.csv", made), *SHAPE])
    assert "line 3: 'maybe' is no outcome" in done.output
    assert "line 4: 'last week' is no date" in done.output


def test_boosted_trees_score_as_they_were_fitted() -> None:
    """Node by node, without the package."""
    dice = Random(9)
    values = [[dice.gauss(0, 1), dice.gauss(0, 1)] for _ in range(300)]
    labels = [abs(a) + abs(b) > 1.5 for a, b in values]
    forest, line = fit_boosting(values, labels, 1), fit_logistic(values, labels)
    far, near = forest.raw([2, 2]), forest.raw([0.1, 0.1])
    assert far > 2 > -2 > near
    assert abs(line.raw([2, 2]) - line.raw([0.1, 0.1])) < 1
    assert forest == fit_boosting(values, labels, 1)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that brings it."""
    monkeypatch.setattr(fitting, "find_spec", lambda _name: None)
    with pytest.raises(InstallLearning, match=r"kakehashi\[learning\]"):
        fit_logistic([[0.0], [1.0]], [False, True])


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    """Whatever it is instead."""
    for number, text in enumerate(["", "[]", '{"format": 9}', '{"format": 1}']):
        file = tmp_path / f"{number}.json"
        file.write_text(text)
        with pytest.raises(UnknownModel, match="train a new one"):
            read_model(file)


def test_the_half_life_is_tuned_on_dated_events(tmp_path: Path) -> None:
    """In a table for people, in numbers for programs."""
    dice = Random(5)
    made = [
        {"who": f"p{n}", "when": (START + timedelta(days=day)).isoformat()}
        for n in range(150)
        for day in range(120)
        if dice.random() < n / 1_000
    ]
    words = [write(tmp_path / "visits.csv", made), "--subject", "who", "--at", "when"]
    done = CliRunner().invoke(tune_half_life, [*words, "--half-life", "7", "--cuts", "2"])
    assert "Best decayed sum: half-life 7 d" in done.output
    done = CliRunner().invoke(tune_half_life, [*words, "--cuts", "2", "--json"])
    assert json.loads(done.output)["mean_auc"]["half-life 14 d"] > 0.6
