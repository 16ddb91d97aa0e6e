"""The company behind a network address, by the file that an admin supplies."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.identity import Network
from intent.network import NetworkBook, UnreadableNetworks
from tests.intent.mmdb import Stored, write_networks

OFFICE: Stored = {"domain": "www.acme.co.jp", "autonomous_system_number": 64496}


@pytest.mark.parametrize(
    ("stored", "known"),
    [
        (OFFICE, Network("acme.co.jp", 64496)),
        ({"autonomous_system_number": 64497}, Network(None, 64497)),
        ({"asn": "AS64498", "as_domain": "acme.com"}, Network("acme.com", 64498)),
        ({"traits": {"domain": "acme.com", "user_type": "business"}}, Network("acme.com")),
        ({"domain": "cloud.example.com", "type": "hosting"}, Network(None, None, hosting=True)),
        ({"traits": {"is_hosting_provider": True}}, Network(None, None, hosting=True)),
        ({"domain": "acme.com", "traits": {"user_type": "residential"}}, Network()),
        ({"domain": "ocn.ne.jp", "asn": "AS1"}, Network(None, 1)),
        ({"domain": "not a domain"}, Network()),
    ],
)
def test_what_files_of_different_makers_say_is_understood(
    tmp_path: Path, stored: Stored, known: Network
) -> None:
    """A company; computers for rent; people at home, who are no company."""
    file = write_networks(tmp_path / "n.mmdb", {"1.2.3.0/24": stored, "2a00:1::/32": stored})
    with NetworkBook(file) as book:
        assert book.look_up("1.2.3.77") == known
        assert book.look_up("::ffff:1.2.3.77") == known
        assert book.look_up("2a00:1:2::9") == known


@pytest.mark.parametrize(
    "told", ["1.2.4.1", "2a00:2::1", "127.0.0.1", "10.1.2.3", "::1", "fe80::1%eth0", "nobody", ""]
)
def test_what_the_file_does_not_know_is_not_known(tmp_path: Path, told: str) -> None:
    """Nor are addresses that are nobody's in the world, or none at all."""
    everything = {"10.0.0.0/8": OFFICE, "127.0.0.0/8": OFFICE, "1.2.3.0/24": OFFICE}
    with NetworkBook(write_networks(tmp_path / "n.mmdb", everything)) as book:
        assert book.look_up(told) is None


def test_a_file_of_ipv4_knows_nothing_of_ipv6(tmp_path: Path) -> None:
    """And does not fall over it."""
    file = write_networks(tmp_path / "n.mmdb", {"1.2.3.0/24": OFFICE}, version=4)
    with NetworkBook(file) as book:
        assert book.look_up("2a00:1:2::9") is None
        assert book.look_up("1.2.3.4") == Network("acme.co.jp", 64496)


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_file_that_cannot_be_read_is_named_with_its_setting(
    tmp_path: Path, content: bytes | None
) -> None:
    """Whether it is missing, empty or something else."""
    file = tmp_path / "n.mmdb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UnreadableNetworks, match="KAKEHASHI_INTENT__NETWORK_FILE"):
        NetworkBook(file)
