"""Pictures of the page while one lead goes her way: ``python -m tests.walk.pictures docs/story``.

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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
