"""The public address, as servers of all kinds tell it."""

from __future__ import annotations

import pytest

from webhooks.parts import public_address

LOCAL = "http://127.0.0.1:8080/"
PUBLIC = "https://bridge.example.com"


@pytest.mark.parametrize(
    ("environ", "public", "expected"),
    [
        ({"REQUEST_URI": "/a%20b?c=%2F"}, PUBLIC, f"{PUBLIC}/a%20b?c=%2F"),
        ({"RAW_URI": "/a?b"}, PUBLIC, f"{PUBLIC}/a?b"),
        ({"REQUEST_URI": "http://inner:1/a?b=1"}, PUBLIC, f"{PUBLIC}/a?b=1"),
        ({"REQUEST_URI": "http://inner:1"}, PUBLIC, f"{PUBLIC}/"),
        ({"PATH_INFO": "/a b", "QUERY_STRING": "c=%2F"}, PUBLIC, f"{PUBLIC}/a%20b?c=%2F"),
        ({"PATH_INFO": "/\u00e6\u009e\u00b6"}, PUBLIC, f"{PUBLIC}/%E6%9E%B6"),
        ({"REQUEST_URI": "/a"}, None, "http://127.0.0.1:8080/a"),
        ({"REQUEST_URI": "/a"}, f"{PUBLIC}/k/", f"{PUBLIC}/k/a"),
        ({"REQUEST_URI": "/k/a", "SCRIPT_NAME": "/k"}, f"{PUBLIC}/k", f"{PUBLIC}/k/a"),
        ({"REQUEST_URI": "/k/a", "SCRIPT_NAME": "/k"}, PUBLIC, f"{PUBLIC}/k/a"),
        ({"PATH_INFO": "/a", "SCRIPT_NAME": "/k"}, f"{PUBLIC}/k", f"{PUBLIC}/k/a"),
    ],
)
def test_the_address_is_the_public_one_with_path_and_query_as_sent(
    environ: dict[str, str], public: str | None, expected: str
) -> None:
    """Raw where the server tells it, else rebuilt; a path in front is there once."""
    assert public_address(environ, public, LOCAL) == expected
