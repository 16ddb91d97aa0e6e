"""A Salesforce practice org served over loopback, and the real client library pointed at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from sandbox.salesforce.org import SalesforceOrg

MORNING = datetime(2026, 4, 1, 9, 0, 30, 500_000, tzinfo=UTC)


class Hands:
    """A clock that tests set by hand."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


class ToPractice(HTTPAdapter):
    """The library knows https and salesforce.com only: this sends its calls to the practice org."""

    def __init__(self, base: str) -> None:
        self._base = base
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(str(request.url))
        request.headers.setdefault("Host", parts.netloc)
        request.url = self._base + str(request.url)[len(parts.scheme) + 3 + len(parts.netloc) :]
        return super().send(request, *args, **kwargs)


class Served:
    """The org, its clock and address, and clients for it."""

    def __init__(self, org: SalesforceOrg, clock: Hands, url: str) -> None:
        self.org = org
        self.clock = clock
        self.url = url

    def session(self) -> requests.Session:
        session = requests.Session()
        session.mount("https://", ToPractice(self.url))
        return session

    def client(self, *, person: bool = False, **more: Any) -> Salesforce:
        """A client that fetched its token with client credentials."""
        org = self.org
        return Salesforce(
            consumer_key=org.person_client_id if person else org.client_id,
            consumer_secret=org.person_client_secret if person else org.client_secret,
            domain="practice.my",
            version="62.0",
            session=self.session(),
            **more,
        )


def lead(**fields: Any) -> dict[str, Any]:
    """A Lead that nothing is wrong with."""
    return {"LastName": "Lee", "Company": "Example", **fields}


def refused(error: SalesforceError) -> dict[str, Any]:
    """The first entry of an error body."""
    return dict(error.content[0])
