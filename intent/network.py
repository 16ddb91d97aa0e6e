"""The company behind a network address, out of a MaxMind DB file that the admin supplies. No network.

Files of different makers name things differently; the names below are those of MaxMind's ASN, ISP, Domain
and Enterprise databases and of the like that others publish. What an access provider's customers do is
nobody's interest in particular: such a network has no company.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import maxminddb

from intent.hygiene import address_of
from intent.identity import Network, company_domain

# Kinds of networks, as the makers call them: computers for rent, and people at home.
HOSTING = frozenset({"hosting", "content_delivery_network", "cdn", "datacenter", "data_centre"})
AT_HOME = frozenset({"residential", "cellular", "isp", "consumer_privacy_network", "traveler"})
DOMAINS = ("domain", "company_domain", "as_domain")
NUMBERS = ("autonomous_system_number", "asn")
KINDS = ("user_type", "type", "company_type", "as_type")


class UnreadableNetworks(Exception):
    """The file cannot be read as a MaxMind DB; the message names it and the setting."""


class NetworkBook:
    """Looks network addresses up in a file. Safe to share between threads."""

    def __init__(self, file: Path) -> None:
        """Raises `UnreadableNetworks`."""
        try:
            self._reader = maxminddb.open_database(str(file))
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise UnreadableNetworks(
                f"{file} is no MaxMind DB that can be read ({type(error).__name__}): correct "
                "KAKEHASHI_INTENT__NETWORK_FILE, or unset it"
            ) from error

    def look_up(self, told: str) -> Network | None:
        """What the file knows of an address, IPv4 or IPv6; None where it knows nothing."""
        address = address_of(told)
        if address is None or not address.is_global:
            return None
        try:
            found = self._reader.get(address)
        except ValueError:
            return None  # an address of IPv6, and the file knows IPv4 alone
        return _network(found) if isinstance(found, dict) else None

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> NetworkBook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _network(found: Mapping[str, Any]) -> Network:
    traits = found.get("traits")
    told = {**found, **traits} if isinstance(traits, dict) else found
    kinds = {str(told.get(name, "")).lower() for name in KINDS}
    hosting = told.get("is_hosting_provider") is True or bool(kinds & HOSTING)
    named = next((str(told[name]) for name in DOMAINS if told.get(name)), None)
    domain = None if named is None or hosting or kinds & AT_HOME else company_domain(named)
    return Network(domain, _number(told), hosting)


def _number(told: Mapping[str, Any]) -> int | None:
    """``64500``, or ``AS64500``."""
    found = next((told[name] for name in NUMBERS if told.get(name)), None)
    digits = str(found or "").upper().removeprefix("AS")
    return int(digits) if digits.isdecimal() else None
