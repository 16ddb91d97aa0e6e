"""What one connection to one Salesforce org needs to know. Frozen, and checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connector.http import RetryPolicy, checked_base_url

VERSION = re.compile(r"\d{2,3}\.0")
RULE = re.compile(r"01Q[a-zA-Z0-9]{12}(?:[a-zA-Z0-9]{3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings:
    """Address, identity and patience.

    `client_id` with `client_secret` is the client-credentials flow; with `username` and `private_key`
    (PEM text) it is JWT bearer. Time-outs are in seconds. `allow_duplicates` answers alert rules of
    duplicate detection with "save anyway"; blocking rules stay blocking. `assignment_rules`: whether the
    org's active assignment rules choose the owner of what we create, or the id of the rule that does
    (``01Q...``); updates never move an owner.
    """

    login_url: str | None
    client_id: str | None
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    private_key: str | None = field(default=None, repr=False)
    api_version: str = "62.0"
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    pool_size: int = 16
    allow_duplicates: bool = False
    assignment_rules: bool | str = False
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None

    @property
    def auto_assign(self) -> str:
        """What ``Sforce-Auto-Assign`` says when a record is created (REST guide, "Assignment Rule Header").

        The default of Salesforce is TRUE, ours is FALSE.
        """
        rule = self.assignment_rules
        return rule if isinstance(rule, str) else str(rule).upper()

    def __post_init__(self) -> None:
        if not self.login_url:
            raise ValueError(
                "Salesforce needs an address: set KAKEHASHI_SALESFORCE__LOGIN_URL to your My Domain, "
                "like https://acme.my.salesforce.com"
            )
        object.__setattr__(self, "login_url", checked_base_url(self.login_url))
        if not VERSION.fullmatch(self.api_version):
            raise ValueError(f"Salesforce API version {self.api_version!r} is not like 62.0")
        rule = self.assignment_rules
        if isinstance(rule, str) and not RULE.fullmatch(rule):
            raise ValueError(
                f"assignment rules {rule!r} is neither true nor false nor the id of an assignment "
                "rule, like 01Q5g000000AbCdEAK (KAKEHASHI_SALESFORCE__ASSIGNMENT_RULES)"
            )
        if not self.client_id or not (self.client_secret or (self.username and self.private_key)):
            raise ValueError(
                "Salesforce needs a client id with a client secret, or a client id with a user name "
                "and a private key file (KAKEHASHI_SALESFORCE__...)"
            )
