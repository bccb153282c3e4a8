"""Text, IDs, yes or no, and what the catalog knows (rules 2.1, 2.4, 2.8, 2.10)."""

import re
import unicodedata
from decimal import Decimal
from functools import partial

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain import numbers, values
from cdpweb.domain.catalog import Choice, CustomField, FieldType
from tests.domain.columns import Reading, cells, one, read, readings

SPORTS = CustomField("Sports", "Sports", FieldType.CHOICE, choices=(Choice("run", "Running"), Choice("Swim", "run")))
OPEN_SPORTS = CustomField("Sports", "Sports", FieldType.CHOICE, create_missing=True, choices=SPORTS.choices)


def test_cells_are_trimmed() -> None:
    """rules 2.1: white space of every script, and the byte-order mark between two files put together."""
    raw = cells(["\u00a0 a\tb \u3000", "\ufeff\u2003a\ufeff", "\u2028", "\ufeff", "'x ", None, ""])
    columns = pl.DataFrame({"plain": cells([" x "] * len(raw)), "marked": raw})
    assert values.trim(columns).to_dict(as_series=False) == {
        "plain": ["x"] * len(raw), "marked": ["a\tb", "a", "", "", "'x", None, ""]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a  b", "a  b"),
        ("Jose\u0301", "Jos\u00e9"),
        ("'t Hooft", "'t Hooft"),
        ("#####", "#####"),
        ("5E+3", "5E+3"),
        ("x" * 1000, "x" * 1000),
        ("e\u0301" * 1000, "\u00e9" * 1000),
        ("x" * 1001, "text_too_long"),
    ],
)
def test_custom_text(raw: str, expected: str) -> None:
    """rules 2.4: NFC, up to 1000 characters, otherwise as it is."""
    assert one(values.text, raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("abc", "abc"),
        ("ABC", "ABC"),
        ("007", "007"),
        ("'007", "007"),
        ("' 007", "007"),
        ("''7", "'7"),
        ("A\u030a1", "\u00c51"),
        ("ж" * 1000, "ж" * 1000),
        ("1.23457E+11", "scientific_notation"),
        ("1.25E+1", "scientific_notation"),
        ("1E+05", "scientific_notation"),
        ("1E5", "1E5"),
        ("3f2e-11", "3f2e-11"),
        ("1.23456E+05", ("123456", "scientific_repaired")),
        ("1,234567E+6", ("1234567", "scientific_repaired")),
        ("####", "hash_signs"),
        ("#A1", "#A1"),
        ("a\tb", "text_has_control_characters"),
        ("a\u0085b", "text_has_control_characters"),
        ("x" * 1001, "text_too_long"),
        ("ж" * 1000 + "x", "text_too_long"),
        ("€" * 667, "text_too_long"),
        ("1234567890123450", "1234567890123450"),
    ],
)
def test_external_ids(raw: str, expected: object) -> None:
    """rules 2.4, 2.10: up to 1000 characters and 2000 bytes, case kept, nothing that merges two customers."""
    assert one(values.external_id, raw) == expected


def test_rounded_ids_are_named() -> None:
    """rules 2.10: where the column was rounded, IDs beyond fifteen digits are skipped, all others kept."""
    parse = partial(values.external_id, rounded=True)
    assert read(parse, "1234567890123450", "'12345678901234500", "123456789012345", "123456789012340", "A1") == [
        (None, ("digits_rounded",)),
        (None, ("digits_rounded",)),
        ("123456789012345", ()),
        ("123456789012340", ()),
        ("A1", ()),
    ]


@pytest.mark.parametrize(
    ("raw", "number"),
    [("7", 7), ("007", 7), ("'7", 7), ("7.0", 7), ("9223372036854775807", 2**63 - 1)],
)
def test_customer_ids(raw: str, number: int) -> None:
    """rules 2.10, 5.0: whole numbers from 1."""
    assert one(values.customer_id, raw) == number


def test_malformed_customer_ids() -> None:
    """rules 5.0: what is none says nothing more than that; the row's error names it."""
    malformed = ["0", "-7", "+7", "1.5", "7.000", "x", "٧", "1.2E+3", "###", "9223372036854775808", "1" * 40, "'", None]
    assert read(values.customer_id, *malformed) == [(None, ())] * len(malformed)
    assert one(values.customer_id, "1.234E+3") == (1234, "scientific_repaired")


def test_booleans_and_sex() -> None:
    """rules 2.8: true/false, yes/no, 1/0; male/female, m/f, m/w; in any case."""
    assert read(values.boolean, "true", "YES", "1", "False", "no", "0", None) == [
        (value, ()) for value in (True, True, True, False, False, False, None)
    ]
    assert read(values.sex, "Male", "M", "female", "F", "w", None) == [
        (value, ()) for value in ("male", "male", "female", "female", "female", None)
    ]
    for other in ("ja", "2", "y", "on", "'1", "\u212a"):
        assert one(values.boolean, other) == "boolean_invalid"
        assert one(values.sex, other) == "sex_invalid"


def test_areas_and_time_zones() -> None:
    """rules 2.8: an area by its external ID, a time zone by its IANA name in any case."""
    area = partial(values.area, external_ids=["nyc", "Caf\u00e9"])
    assert read(area, "nyc", "Cafe\u0301", None) == [("nyc", ()), ("Caf\u00e9", ()), (None, ())]
    for unknown in ("NYC", "New York"):
        assert one(area, unknown) == "area_unknown"
    assert read(values.time_zone, "Europe/Berlin", "europe/berlin", "UTC", "america/new_york", None) == [
        (zone, ()) for zone in ("Europe/Berlin", "Europe/Berlin", "UTC", "America/New_York", None)
    ]
    for unknown in ("Berlin", "CEST", "+02:00", "localtime", "Factory", "../etc/passwd"):
        assert one(values.time_zone, unknown) == "time_zone_unknown"


def test_choices() -> None:
    """rules 2.8: by external ID, which is exact and goes first, or by name in any case; unknown: skipped or made."""
    parse = partial(values.choice, field=SPORTS)
    assert read(parse, "run", "running", "Swim", "RUN", None) == [
        (value, ()) for value in ("run", "run", "Swim", "Swim", None)
    ]
    assert one(parse, "swim") == "choice_unknown"
    make = partial(values.choice, field=OPEN_SPORTS)
    assert read(make, "running", "Chess", "x" * 1001) == [("run", ()), ("Chess", ()), (None, ("text_too_long",))]


def test_several_values() -> None:
    """rules 2.8: joined by |; order and repetition do not matter; one bad value skips them all."""
    parse = partial(values.multiple, parse=partial(values.choice, field=SPORTS))
    assert read(parse, "run|Swim", "Swim | running|run|", "run", "run|chess|golf", "|", " | ", None) == [
        ("Swim|run", ()),
        ("Swim|run", ()),
        ("run", ()),
        (None, ("choice_unknown",)),
        (None, ()),
        (None, ()),
        (None, ()),
    ]


def test_warnings_of_several_values() -> None:
    """rules 2.8, 2.10: a repair is told once a cell; where a value is skipped, only why."""
    parse = partial(values.multiple, parse=numbers.decimal)
    assert read(parse, "2,50|1.25E+1|1.5E+1", "1.25E+1|x", "10|9", "#|x") == [
        ("12.5|15|2.5", ("scientific_repaired",)),
        (None, ("number_invalid",)),
        ("10|9", ()),
        (None, ("hash_signs",)),
    ]


@pytest.mark.parametrize("parse", [values.text, values.external_id, values.customer_id, values.boolean, values.sex])
def test_columns_without_values(parse: object) -> None:
    """A column of absent cells, and one of no rows, is read like any other."""
    assert read(parse, None, None) == [(None, ()), (None, ())]  # type: ignore[arg-type]
    assert read(parse) == []  # type: ignore[arg-type]
    assert read(partial(values.multiple, parse=parse), None) == [(None, ())]  # type: ignore[arg-type]


def external_id_twin(raw: str) -> Reading:
    """rules 2.4, 2.10 spelled out for one cell."""
    given = unicodedata.normalize("NFC", raw[1:].strip(" \t\n\r\v\f\x85\u2028\u3000") if raw.startswith("'") else raw)
    warnings: tuple[str, ...] = ()
    if written := re.fullmatch(r"([+-]?)([0-9]+)(?:[.,]([0-9]+))?[eE]([+-][0-9]{1,3})", given):
        if int(written[4]) > len(written[3] or ""):
            return None, ("scientific_notation",)
        number = Decimal(f"{written[1]}{written[2]}.{written[3] or 0}").scaleb(int(written[4]))
        if number != int(number):
            return None, ("scientific_notation",)
        given, warnings = str(int(number)), ("scientific_repaired",)
    if not given:
        return None, ()
    if set(given) == {"#"}:
        return None, ("hash_signs",)
    if any(unicodedata.category(character) == "Cc" for character in given):
        return None, ("text_has_control_characters",)
    if len(given) > 1000 or len(given.encode()) > 2000:
        return None, ("text_too_long",)
    return given, warnings


IDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=8),
    st.text("0123'#.,eE+- \u0301a", max_size=12),
    st.builds("{}.{}E{}{}".format, st.integers(0, 9), st.integers(0, 10**8), st.sampled_from("+-"), st.integers(0, 12)),
).map(lambda raw: values.trim(cells([raw]).to_frame()).item())


@given(st.lists(IDS))
def test_external_ids_by_the_rules(raws: list[str]) -> None:
    """rules 2.4, 2.10: the column says what the rules say of each cell."""
    column = cells([raw or None for raw in raws])
    assert readings(values.external_id(column)) == [external_id_twin(raw) if raw else (None, ()) for raw in raws]


@given(st.lists(st.lists(st.sampled_from(["run", "Running", "swim", "SWIM", " ", "run ", "x"])), max_size=8))
def test_the_order_of_several_values_does_not_matter(sets: list[list[str]]) -> None:
    """rules 2.8: a cell and its reverse, its repetition, are one set."""
    parse = partial(values.multiple, parse=values.text)
    there, back = (readings(parse(cells(["|".join(one[::way]) or None for one in sets]))) for way in (1, -1))
    assert there == back
    assert there == [("|".join(sorted({part.strip() for part in one} - {""})) or None, ()) for one in sets]
