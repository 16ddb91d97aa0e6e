"""A short definition and what can be written into it, for tests of the files."""

from __future__ import annotations

from pathlib import Path

from intent import load as interest_file
from intent.definition import Definition as Interest
from lifecycle.definition import Definition
from lifecycle.load import load_definition

INTEREST = interest_file.load_definition(interest_file.SHIPPED)
SHORT = """\
version: 1
definition:
  id: qualified_lead
  version: 1
  effective_from: 2026-04-01
  owners: {marketing: m.sato, sales: k.tanaka}
mql:
  any:
    - {id: hand, when: hard_event is filled}
  none:
    - {id: colleague, when: employee}
gate:
  questions:
    need_problem: {ja: 課題, en: problem, weight: 3, core: true}
    timeframe: {ja: 時期, en: timeframe, weight: 2, core: true}
    decision_maker: {ja: 決裁者, en: decision maker, weight: 2, core: true}
    next_step: {ja: 次の一手, en: next step, weight: 0}
"""


def loaded(source: str | Path, interest: Interest = INTEREST) -> Definition:
    return load_definition(source, interest).definition


def with_(more: str) -> str:
    return f"{SHORT}{more}\n"


def instead(old: str, new: str) -> str:
    assert old in SHORT
    return SHORT.replace(old, new)


def rule(when: str) -> str:
    """The short file with this condition, quoted."""
    return instead("when: hard_event is filled", f'when: "{when}"')


def reason(line: str) -> str:
    return with_("reasons: {" + line + "}")


def sla(line: str) -> str:
    return with_("sla: {" + line + "}")
