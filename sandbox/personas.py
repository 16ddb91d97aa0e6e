"""Who visits the practice website, and what they do there: visits as lists of events. Pure.

Each persona comes several times, about a day apart, and behaves so that the bridge has something to tell
apart: interest, curiosity, job hunting, machines, and a wish to be left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

SITE = "https://www.example.com"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/149.0 Safari/537.36"
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
# A query as mail programs and forms leave it behind: none of it may ever be stored.
TRACES = "?utm_source=mail&token=practice-token&mail=someone%40example.com#top"


class Act(NamedTuple):
    """One thing that a visitor does. `path` is the page, `seconds` how long they stay."""

    type: str
    path: str
    title: str
    seconds: int = 60


def view(path: str, title: str, seconds: int = 60) -> Act:
    return Act("page_view", path, title, seconds)


HOME = view("/", "架け橋 - マーケと営業をつなぐ", 8)
PRICING = view("/pricing", "料金プラン", 140)
STORY = view("/customers/seizo", "導入事例: 製造業", 90)
SECURITY = view("/security", "セキュリティへの取り組み", 80)
INTEGRATION = view("/integrations/salesforce", "Salesforce 連携", 120)
COMPARE = view("/compare", "他社との比較", 100)
ARTICLE = view("/blog/nurturing", "見込み客を育てる五つの方法", 150)
DOCS = view("/docs/start", "Getting started", 200)
CAREERS = view("/careers/engineer", "採用情報: エンジニア", 90)
HELP = view("/support/login", "ログインできないとき", 60)
DEMO = Act("form_submit_handraise", "/contact", "お問い合わせ")
PAPER = Act("form_submit_content", "/papers/handoff", "資料: 引き渡しの実務")
WEBINAR = Act("webinar_register", "/webinars/intent", "ウェビナー申し込み")


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """How somebody behaves. `weight`: how many there are of them. `visits` are made one after the other.

    `is_known`: whether they tell who they are from the start; others are a cookie until they fill in a form.
    `says_no`: at the end of the last visit they take their consent back.
    """

    name: str
    weight: int
    visits: tuple[tuple[Act, ...], ...]
    is_known: bool = True
    agent: str = BROWSER
    says_no: bool = False


PERSONAS: Sequence[Persona] = (
    Persona(
        name="buyer",
        weight=3,
        visits=((HOME, STORY, PRICING), (PRICING, SECURITY), (PRICING, DEMO)),
    ),
    Persona(
        name="evaluator", weight=3, visits=((HOME, INTEGRATION, DOCS), (COMPARE, INTEGRATION, DOCS))
    ),
    Persona(name="reader", weight=4, visits=((ARTICLE, PAPER), (ARTICLE, WEBINAR), (ARTICLE,))),
    Persona(
        name="late_name",
        weight=2,
        visits=((HOME, PRICING), (COMPARE, PRICING, PAPER)),
        is_known=False,
    ),
    Persona(name="passer_by", weight=3, visits=((HOME,),), is_known=False),
    Persona(name="job_seeker", weight=1, visits=((CAREERS, CAREERS), (CAREERS,))),
    Persona(name="customer", weight=2, visits=((HELP, DOCS), (HELP,))),
    Persona(name="robot", weight=1, visits=((HOME, PRICING, STORY, SECURITY) * 5,), agent=ROBOT),
    Persona(name="objector", weight=1, visits=((HOME, PRICING), (PRICING,)), says_no=True),
)


class Visitor(NamedTuple):
    """Somebody in front of a browser. `cookie` is HubSpot's, `email` what they would write into a form."""

    number: int
    email: str
    cookie: str
    persona: Persona


def visitors(emails: Sequence[str], dice: Random) -> list[Visitor]:
    """One visitor for each address, of some persona; the same dice make the same ones."""
    weights = [one.weight for one in PERSONAS]
    return [
        Visitor(number, email, f"{dice.getrandbits(128):032x}", dice.choices(PERSONAS, weights)[0])
        for number, email in enumerate(emails)
    ]


def visit(who: Visitor, number: int, ends: datetime, dice: Random) -> list[dict[str, Any]]:
    """The events of one visit, oldest first. `number` counts from 0; after the last they begin anew."""
    persona = who.persona
    acts = persona.visits[number % len(persona.visits)]
    last = number % len(persona.visits) == len(persona.visits) - 1
    events: list[dict[str, Any]] = []
    at = ends
    for place, act in reversed(list(enumerate(acts))):
        events.append(_event(who, number, place, act, at))
        at -= timedelta(seconds=act.seconds + dice.randrange(5, 60))
    events.reverse()
    if last and persona.says_no:
        events.append(_no(who, number, ends))
    return events


def _event(who: Visitor, number: int, place: int, act: Act, at: datetime) -> dict[str, Any]:
    named = who.persona.is_known or act.type.startswith(("form", "webinar"))
    return {
        "event_id": f"practice-{who.cookie[:12]}-{number}-{place}",
        "type": act.type,
        "url": f"{SITE}{act.path}{TRACES if place == 0 else ''}",
        "title": act.title,
        "occurred_at": at.isoformat(),
        "hubspotutk": who.cookie,
        "user_agent": who.persona.agent,
        "consent": {"tracking": "granted"},
        "properties": {"seconds": act.seconds, "scrolled": 80},
        **({"email": who.email} if named else {}),
    }


def _no(who: Visitor, number: int, at: datetime) -> dict[str, Any]:
    return {
        "event_id": f"practice-{who.cookie[:12]}-{number}-no",
        "type": "unsubscribe",
        "occurred_at": at.isoformat(),
        "email": who.email,
        "hubspotutk": who.cookie,
        "consent": {"tracking": "opted_out", "profiling": "objected"},
    }
