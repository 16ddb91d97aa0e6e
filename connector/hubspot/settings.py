"""What one connection to one HubSpot account needs to know. Frozen, and checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connector.http import RetryPolicy, checked_base_url

DATED = re.compile(r"20\d\d-(?:03|09)(?:-beta)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings:
    """Address, identity and patience.

    Either `access_token` (a service key or a private app's token), or the three values of an OAuth
    app. `app_id` is how our own writes are told apart in a property's history; without it nobody can
    say who wrote. Time-outs are in seconds: to connect, and between two bytes of an answer. `proxy`
    and `ca_bundle` come from the environment through `connector.http.proxy_for` and `ca_bundle_of`.
    `search_per_second` is the account's limit for searches of all kinds together.
    """

    base_url: str = "https://api.hubapi.com"
    api_version: str = "v3"
    access_token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    app_id: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    pool_size: int = 16
    search_per_second: int = 5
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", checked_base_url(self.base_url))
        if self.api_version != "v3" and not DATED.fullmatch(self.api_version):
            raise ValueError(
                f"HubSpot API version {self.api_version!r} is not `v3` or like `2026-09`"
            )
        if not self.access_token and not self.is_oauth:
            raise ValueError(
                "HubSpot needs an access token, or a client id, client secret and refresh token"
            )

    @property
    def is_oauth(self) -> bool:
        """Whether tokens are fetched with a refresh token. A fixed access token wins over that."""
        return not self.access_token and bool(
            self.client_id and self.client_secret and self.refresh_token
        )
