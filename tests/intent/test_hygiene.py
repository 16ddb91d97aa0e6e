"""What is stored of addresses, titles and networks, and what never is."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.hygiene import (
    LONGEST_SEGMENT,
    NoAddress,
    address_of,
    clean_domain,
    clean_email,
    clean_text,
    clean_url,
    page_of,
    path_of,
    truncated,
)

KEPT = frozenset({"utm_*", "doc"})
SITE = "https://www.example.com"

LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])
MAILS = st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9-]{1,10}\.(com|co\.jp)", fullmatch=True)
ESCAPED_MAILS = MAILS.map(lambda mail: mail.replace("@", "%40")) | MAILS.map(
    lambda mail: mail.replace("@", "%2540").replace(".", "%2E")
)
SEGMENTS = st.text(LETTERS, max_size=30) | MAILS | ESCAPED_MAILS
QUERIES = st.lists(
    st.tuples(st.sampled_from(["utm_source", "doc", "email", "t", ""]), SEGMENTS), max_size=4
)


@given(st.lists(SEGMENTS, max_size=4), QUERIES, SEGMENTS)
def test_neither_a_mail_address_nor_a_query_beyond_the_list_survives(
    path: list[str], query: list[tuple[str, str]], fragment: str
) -> None:
    """However it is escaped, in whatever alphabet; and what is clean stays as it is."""
    asked = "&".join(f"{name}={value}" for name, value in query)
    told = f"https://ann:secret@www.example.com/{'/'.join(path)}?{asked}#{fragment}"
    try:
        found = clean_url(told, KEPT)
    except NoAddress:
        return  # a line end or a bracket made something else of it
    readable = unicodedata.normalize("NFKC", unquote(unquote(found)))
    assert "@" not in readable
    assert "secret" not in found
    assert "#" not in found
    names = {name for name, _ in parse_qsl(urlsplit(found).query)}
    assert names <= {"utm_source", "doc"}
    assert clean_url(found, KEPT) == found


@given(st.text(LETTERS, max_size=300))
def test_any_text_is_an_address_or_is_none(told: str) -> None:
    """Nothing else is raised."""
    for text in (told, f"https://{told}", f"{SITE}/{told}"):
        try:
            found = clean_url(text, KEPT)
        except NoAddress:
            continue
        assert clean_url(found, KEPT) == found


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("https://ann:pw@WWW.Example.com:443/a?b=1#c", "https://www.example.com/a"),
        ("http://www.example.com:8080", "http://www.example.com:8080/"),
        (f"{SITE}/料金/%E8%B3%87%E6%96%99", f"{SITE}/料金/資料"),
        (f"{SITE}/مرحبا/بالعالم?q=1", f"{SITE}/مرحبا/بالعالم"),
        ("http://[2001:db8::1]:81/a", "http://[2001:db8::1]:81/a"),
        (f"{SITE}/a;jsessionid=1234/b", f"{SITE}/a/b"),
        (f"{SITE}/u/ann%2540example.com/x", f"{SITE}/u/~mail/x"),
        (f"{SITE}/u/ａｎｎ＠example.com", f"{SITE}/u/~mail"),
        (f"{SITE}/@ann", f"{SITE}/~mail"),
        (f"{SITE}/call/03-1234-5678", f"{SITE}/call/~phone"),
        (f"{SITE}/call/+81 90 1234 5678", f"{SITE}/call/~phone"),
        (f"{SITE}/orders/12345678", f"{SITE}/orders/~number"),
        (f"{SITE}/news/20261128/spring-2026", f"{SITE}/news/20261128/spring-2026"),
        (f"{SITE}/news/2026-11-28-10", f"{SITE}/news/2026-11-28-10"),
        (f"{SITE}/r/550e8400-e29b-41d4-a716-446655440000", f"{SITE}/r/~token"),
        (f"{SITE}/r/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", f"{SITE}/r/~token"),
        (f"{SITE}/r/9f86d081884c7d65", f"{SITE}/r/~token"),
        (
            f"{SITE}/blog/How-to-use-HubSpot-and-Salesforce-in-2026",
            f"{SITE}/blog/How-to-use-HubSpot-and-Salesforce-in-2026",
        ),
        (f"{SITE}/{'long' * 20}", f"{SITE}/~token"),
        (f"{SITE}/{'long-' * 60}", f"{SITE}/~long"),
        (f"{SITE}/100%25", f"{SITE}/100%25"),
        (f"{SITE}/a?utm_source=news&doc=7&email=x", f"{SITE}/a?utm_source=news&doc=7"),
        (f"{SITE}/a?utm_content=ann%40example.com&doc=0312345678", f"{SITE}/a"),
        (f"{SITE}/a?utm_id={'9' * 200}", f"{SITE}/a"),
    ],
)
def test_an_address_is_stored_without_what_names_a_person(told: str, stored: str) -> None:
    """Masks tell what kind of thing was there."""
    assert clean_url(told, KEPT) == stored


@pytest.mark.parametrize(
    "told",
    ["", "/pricing", "javascript:alert(1)", "mailto:a@example.com", "https://", "https://[::1",
     "https://a b/", "http://x:port/", "https://exa<mple.com/"],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(told: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(NoAddress):
        clean_url(told, KEPT)


def test_an_endless_path_is_cut() -> None:
    """Twenty segments of two hundred characters are the most."""
    found = clean_url(SITE + "/ab" * 1_000, KEPT)
    assert found.count("/ab") == 20
    assert len(clean_url(f"{SITE}/{'é' * LONGEST_SEGMENT}", KEPT)) < 300


@pytest.mark.parametrize(
    "same",
    ["https://www.example.com/a/", "http://example.com/a/index.html",
     "https://example.com/a?utm_source=x"],
)  # fmt: skip
def test_one_page_has_one_name(same: str) -> None:
    """Whatever campaign led there."""
    assert page_of(clean_url(same, KEPT)) == "example.com/a"


def test_what_tells_pages_apart_tells_them_apart() -> None:
    """In any order of the parameters."""
    kept = frozenset({"doc", "part"})
    first = page_of(clean_url(f"{SITE}/a?doc=1&part=2", kept))
    assert first == page_of(clean_url(f"{SITE}/a?part=2&doc=1", kept))
    assert first != page_of(clean_url(f"{SITE}/a?doc=2&part=2", kept))
    assert path_of(clean_url(f"{SITE}/%E6%96%99%E9%87%91/?doc=1", kept)) == "/料金"


@given(st.text(LETTERS, max_size=300), MAILS)
def test_no_title_holds_a_mail_address(around: str, mail: str) -> None:
    """Wherever it stands in it; the title fits its column."""
    found = clean_text(f"{around} {mail} {around}") or ""
    assert "@" not in found
    assert len(found) <= 200


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ("料金プラン | 株式会社アクメ", "料金プラン | 株式会社アクメ"),
        ("  a \n\t b ", "a b"),
        ("Welcome ann@example.com!", "Welcome ~mail"),
        ("Call 03-1234-5678 on 2026-11-28 10:30", "Call ~phone on 2026-11-28 10:30"),
        ("Order 12345678", "Order ~number"),
        ("\u202eevil", "evil"),
        ("   ", None),
    ],
)
def test_a_title_is_one_line_without_persons(told: str, stored: str | None) -> None:
    """Blank is none."""
    assert clean_text(told) == stored


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("ａｎｎ@example.com", "ann@example.com"),
        ("mailto:ann@example.com", "ann@example.com"),
        ("ann", None),
        ("ann@example", None),
        ("a b@example.com", None),
        ("a" * 250 + "@example.com", None),
        ("", None),
    ],
)
def test_a_mail_address_has_one_form(told: str, found: str | None) -> None:
    """What is none is none."""
    assert clean_email(told) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("https://WWW.Acme.co.jp/x", "acme.co.jp"),
        ("ann@acme.co.jp", "acme.co.jp"),
        ("例え.jp", "例え.jp"),
        ("acme", None),
        ("a b.jp", None),
        ("", None),
    ],
)
def test_a_domain_has_one_form(told: str, found: str | None) -> None:
    """Of an address or a mail address, too."""
    assert clean_domain(told) == found


@given(st.ip_addresses())
def test_an_address_is_never_left_whole(address: object) -> None:
    """/24, or /48 of IPv6."""
    found = address_of(str(address))
    assert found is not None
    left = truncated(found)
    assert re.search(r"\.0/24$" if found.version == 4 else r"::/48$", left)


def test_an_address_of_ipv4_in_ipv6_is_one_of_ipv4() -> None:
    """As servers write it that listen on both; a zone is no part of it."""
    mapped, local, none = map(address_of, ("::ffff:203.0.113.7", "fe80::1%eth0", "localhost"))
    assert mapped is not None
    assert truncated(mapped) == "203.0.113.0/24"
    assert local is not None
    assert none is None
