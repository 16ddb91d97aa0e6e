"""What a reason says of a surge: its number and its topic, on the ground of events of that week."""

from __future__ import annotations

from dataclasses import replace

from intent.definition import SurgeRule
from intent.explain import internal
from intent.surge import LONG, Surge, surge
from tests.intent.definitions import DEFINITION, NOW, contribution
from tests.intent.test_explain import SURGE, said


def test_a_surge_without_an_event_on_file_is_not_told() -> None:
    """Its number would have no ground."""
    old = [contribution("a", "form_submit_handraise", 20)]
    assert "急上昇" not in said(internal(DEFINITION, old, NOW, surge=SURGE))[0]
    calm = Surge(False, 1, 1.0, 1.0, 0.1, 1)
    new = [contribution("a", "form_submit_handraise", 1)]
    assert "急上昇" not in said(internal(DEFINITION, new, NOW, surge=calm))[0]


def test_a_surge_on_a_topic_names_it_where_an_event_of_that_week_grounds_it() -> None:
    """And its number is that of the topic."""
    of_pricing = Surge(True, 3, 0.1, 9.87, 6.0, 3, topic="pricing")
    events = [contribution(n, "pricing_view", int(n), topic="pricing") for n in "123"]
    ja, en = said(internal(DEFINITION, events, NOW, surge=of_pricing))
    assert ja.endswith("会社として「料金」への関心が急上昇(通常の9.9倍)。")
    assert en.endswith("Interest of the company in “pricing” surges: 9.9 times the usual.")
    other = [contribution("a", "form_submit_handraise", 1)]
    assert "急上昇" not in said(internal(DEFINITION, other, NOW, surge=of_pricing))[0]
    gone = Surge(True, 3, 0.1, 9.87, 6.0, 3, topic="no longer defined")
    assert "急上昇" not in said(internal(DEFINITION, events, NOW, surge=gone))[0]


def test_whoever_was_never_seen_before_is_new_and_not_so_many_times_the_usual() -> None:
    """Three first days ever: there is no usual to compare with, whatever the formula's ratio is."""
    first = surge(SurgeRule(), [0] * LONG + [0, 0, 0, 0, 1, 1, 1])
    assert (first.is_surge, first.is_new, first.days) == (True, True, 3)
    events = [contribution(n, "pricing_view", int(n), topic="pricing") for n in "123"]
    ja, en = said(internal(DEFINITION, events, NOW, surge=first))
    assert ja.endswith("会社としての訪問は新規(直近7日のうち3日、その前の90日はなし)。")
    assert en.endswith("are new: on 3 days of the last week, none in the 90 days before.")
    about = replace(first, topic="pricing")
    ja, en = said(internal(DEFINITION, events, NOW, surge=about))
    assert ja.endswith("「料金」への関心は新規(直近7日のうち3日、その前の90日はなし)。")
    assert "in “pricing” is new: on 3 days" in en
    assert not surge(SurgeRule(), [1] + [0] * (LONG - 1) + [0, 0, 0, 0, 1, 1, 1]).is_new
