"""Pictures of the page while one lead goes her way: ``python -m tests.walk.pictures docs/story``.

With the address of a page of ``make run``, that of one edit: ``… docs/page.png http://127.0.0.1:8080``.

Real processes, a real browser. `CHROMIUM` names it where it does not lie where Debian puts it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from sandbox.serve import Sandbox
from tests.walk.story import Story, begun

BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT = 980, 900
# Steps that are worth a look, and what to look at: parts of field names.
ALWAYS = "lastname, shared_stage, cycle_no, sales_verdict"
STEPS = {
    "mql": f"{ALWAYS}, handed_to, sla_status, handoff, outward_ja",
    "sent_back": f"{ALWAYS}, recycle, reactivate_on, nurture",
    "rests": f"{ALWAYS}, recycle_reason, surge, reactivate_on, internal_en",
    "returned": f"{ALWAYS}, handoff, is_returned, reactivation_reason, recycle_reason, comment, handed_to",
    "sql": f"{ALWAYS}, completeness, missing, need_problem, timeframe, decision_maker, next_step",
    "won": f"{ALWAYS}, is_returned, recycle_count, sla_status",
}

# What is worth a look of somebody who was just handed over, and the edit that is watched.
FRONT = (
    "name, jobtitle, intent_score, fit, band, top_topic, outward, shared_stage, verdict, handed_to"
)
EDITED = ("hubspot jobtitle", "Chief Bridge Officer")


def take(page: Page, story: Story, fields: str, into: Path) -> None:
    """One picture of both records, only these fields."""
    asked = urlencode({"mapping": "people", "record": story.pair.contact, "fields": fields})
    page.goto(f"{story.live.url}/?{asked}")
    table = page.locator("table")
    table.wait_for()
    table.screenshot(path=into)


def main(into: Path) -> None:
    """Walk the whole way, and stop for a picture at each of these steps."""
    into.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox.start(people=20, seed=11, limits=False)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as browsers:
        story = begun(Path(folder), sandbox)
        browser = browsers.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for number, step in enumerate(story.way(), start=1):
            if step in STEPS:
                take(page, story, STEPS[step], into / f"{number}-{step.replace('_', '-')}.png")
        browser.close()
        story.live.stop()
    sandbox.stop()


def front(into: Path, url: str) -> None:
    """One picture of somebody with a score, right after an edit in HubSpot arrived in Salesforce."""
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT + 60})
        record = scored(page, url)
        page.goto(f"{url}/?{urlencode({'mapping': 'people', 'record': record, 'fields': FRONT})}")
        page.fill(f"td[aria-label='{EDITED[0]}']", EDITED[1])
        page.keyboard.press("Enter")
        page.wait_for_selector("td.arrived")
        page.screenshot(path=into)
        browser.close()


def scored(page: Page, url: str) -> str:
    """The address of the first person on the page who was handed over with a sentence to say."""
    after: int | None = 0
    while after is not None:
        told = page.request.get(f"{url}/pairs/people?after={after}").json()
        for row in told["rows"]:
            held = {line["line"]: line["hubspot"] for line in row["lines"]}
            if held.get("shared_stage") == "mql" and held.get("shared_reason_outward_en"):
                return str(held["email"])
        after = told["more"]
    raise LookupError("nobody was handed over yet: wait a minute")


if __name__ == "__main__":
    if len(sys.argv) > 2:  # the file, and the address of the page
        front(Path(sys.argv[1]), sys.argv[2])
    else:
        main(Path(sys.argv[1]))
