"""Email addresses (rules 2.5): the sweep decides as the library does."""

import os
import string
import unicodedata

import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdpweb.domain import emails
from tests.domain.columns import cells, one, read

LONG_LABEL = "a" * 63
AT_THE_LIMIT = f"{'x' * 58}@{LONG_LABEL}.{LONG_LABEL}.{LONG_LABEL}.com"


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("Anna.Smith@Mail.Example.COM", "anna.smith@mail.example.com"),
        ("steven.wilson000@yahoo.com", "steven.wilson000@yahoo.com"),
        ("a+tag@b-c.de", "a+tag@b-c.de"),
        ("o'neil@x.ie", "o'neil@x.ie"),
        ("1@1.com", "1@1.com"),
        ("a@b.c", "a@b.c"),
        ("Büro@Müller.de", "büro@müller.de"),
        ("buero@xn--mller-kva.de", "buero@müller.de"),
        ("u\u0308ber@x.de", "über@x.de"),
        ("иван@почта.рф", "иван@почта.рф"),
        (AT_THE_LIMIT, AT_THE_LIMIT),
    ],
)
def test_canonical_form(raw: str, canonical: str) -> None:
    """rules 2.5: normalised by email-validator and lower-cased, up to 254."""
    assert one(emails.parse, raw) == canonical
    assert emails.email(raw) == canonical


@pytest.mark.parametrize(
    "raw",
    [
        "n/a", "anna", "anna@", "@mail.com", "a@b", "a b@mail.com", "a@mail.com, b@mail.com", "a@mail.com;b@mail.com",
        "Anna <anna@mail.com>", "<anna@mail.com>", '"anna"@mail.com', '"an na"@mail.com', ".a@mail.com", "a.@mail.com",
        "a..b@mail.com", "a@-mail.com", "a@mail-.com", "a@mail..com", "a@.mail.com", "a@mail.com.", "a@@mail.com",
        "a@mail.c0m1", "a@mail.123", "a@127.0.0.1", "a@[127.0.0.1]", "a@shop.test", "a@printer.local", "a@x.localhost",
        "a@x.invalid", "a@hidden.onion", "a@1.in-addr.arpa", "A@SHOP.TEST", "a@ab--c.com", "a@x.ab--c.com",
        "a@xn--a.com", "a@mail.com\n", "a\nb@mail.com", "a@ma_il.com", "ann\u00e4@ab--c.de", "a@１＠b.com",
        f"a@{'a' * 64}.com", "x" + AT_THE_LIMIT, "ä" + AT_THE_LIMIT[1:],
    ],
)  # fmt: skip
def test_refused(raw: str) -> None:
    """rules 2.5: what the library refuses is skipped with a warning."""
    assert one(emails.parse, raw) == "email_invalid"
    assert emails.email(raw) is None


def test_a_cell_of_a_megabyte_is_refused_at_once() -> None:
    """rules 2.5: what cannot be an address is not looked at character by character."""
    assert one(emails.parse, "é" * 500_000 + "@mail.com") == "email_invalid"


def test_dashes_after_two_letters_are_fine_before_the_at_sign() -> None:
    """rules 2.5: the library looks for a false Punycode in the domain alone."""
    assert one(emails.parse, "x.ab--c@mail.com") == "x.ab--c@mail.com"


def test_absent_cells_stay_absent() -> None:
    assert read(emails.parse, None, "a@b.de", None) == [(None, ()), ("a@b.de", ()), (None, ())]
    assert emails.parse(cells([])).values.dtype == pl.String


def library(raw: str) -> str | None:
    """rules 2.5 spelled out."""
    try:
        canonical = unicodedata.normalize("NFC", validate_email(raw, check_deliverability=False).normalized.lower())
    except EmailNotValidError:
        return None
    return canonical if len(canonical.encode()) <= 254 else None


LABELS = st.sampled_from(
    ["a", "mail", "ab--c", "xn--mller-kva", "XN--MLLER-KVA", "xn--", "-a", "a-", "1", "müller", "ＭＡＩＬ", "test",
     "a_b", "x" * 63, "x" * 64, "ß", "faß", "\u212aelvin", "", "é", "אב", "a\u00adb"]
)  # fmt: skip
TOPS = st.sampled_from(
    [
        "com",
        "COM",
        "c",
        "1",
        "c0",
        "0c",
        "test",
        "Local",
        "localhost",
        "onion",
        "invalid",
        "arpa",
        "рф",
        "xn--p1ai",
        "de.",
    ]
)
LOCALS = st.one_of(
    st.text(string.ascii_letters + string.digits + "._+-'\"<>@ !#$%&*/=?^`{|}~(),:;[]\\", max_size=70),
    st.text(max_size=8),
    st.sampled_from(["info", "Иван", '"quoted"', '"qu oted"', "a" * 65, "u\u0308", "\u2126", "İ", "ＡＢ"]),
)
ADDRESSES = st.builds(
    lambda local, labels, top: f"{local}@{'.'.join([*labels, top])}", LOCALS, st.lists(LABELS, max_size=3), TOPS
)


COLUMNS = int(os.environ.get("CDPWEB_TESTS_COLUMNS", "100"))
"""How many columns of addresses are decided twice; `make campaign` takes 20,000."""


@settings(max_examples=COLUMNS, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(ADDRESSES, st.text(string.printable, max_size=20), st.none()), max_size=30))
def test_the_sweep_decides_as_the_library(texts: list[str | None]) -> None:
    """rules 2.5: the fast path may decide only what the library decides the same."""
    values = emails.parse(cells(texts)).values.to_list()
    assert values == [library(text) if text else None for text in texts]
    for value in filter(None, values):
        assert emails.email(value) == value
