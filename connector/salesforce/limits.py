"""What Salesforce's answers tell of the day's API calls. Pure. Reference sheet, sections 1.7 and 6."""

from __future__ import annotations

import re

USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


def told(header: str | None) -> dict[str, int]:
    """``api-usage=25/5000; per-app-api-usage=17/250(appName=x)`` under the names of `Toll.told`.

    An app's own quota counts where less of it is left. Empty for a header that is missing or strange.
    """
    usages = [(int(used), int(limit)) for used, limit in USAGE.findall(header or "")]
    if not usages:
        return {}
    used, limit = min(usages, key=lambda usage: usage[1] - usage[0])
    return {"daily_used": used, "daily_limit": limit}
