"""Numbers (rules 2.8, 2.10): canonical text, never rounded."""

import re
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain import numbers
from tests.domain.columns import Reading, cells, one, read, readings


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("42", "42"),
        ("+007", "7"),
        ("-0", "0"),
        ("'-5", "-5"),
        ("42.0", "42"),
        ("42,00", "42"),
        ("2147483647", "2147483647"),
        ("-2147483648", "-2147483648"),
        ("2147483648", "number_out_of_range"),
        ("-2147483649", "number_out_of_range"),
        ("9" * 30, "number_out_of_range"),
        ("42.000", "number_invalid"),
        ("1,234", "number_invalid"),
        ("1 000", "number_invalid"),
        ("1.5", "number_invalid"),
        ("٤٢", "number_invalid"),
        ("many", "number_invalid"),
        ("1.2E+1", ("12", "scientific_repaired")),
        ("1.25E+1", "number_invalid"),
        ("1.2E+3", "scientific_notation"),
        ("##", "hash_signs"),
    ],
)
def test_integers(raw: str, expected: object) -> None:
    """rules 2.8, 2.10: −2³¹ to 2³¹−1, no thousands separators."""
    assert one(numbers.integer, raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("12.50", "12.5"),
        ("12,5", "12.5"),
        ("-0.05", "-0.05"),
        (".5", "0.5"),
        ("-0.00", "0"),
        ("0012", "12"),
        ("12.5000", "12.5"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("10000000000000000", "number_out_of_range"),
        ("1.005", "number_out_of_range"),
        ("1,000", "number_out_of_range"),
        ("12.5010", "number_out_of_range"),
        ("1.234,50", "number_invalid"),
        ("1 000", "number_invalid"),
        ("5.", "number_invalid"),
        ("€5", "number_invalid"),
        ("NaN", "number_invalid"),
        ("1.25E+1", ("12.5", "scientific_repaired")),
        ("1.5E-1", ("0.15", "scientific_repaired")),
        ("1.25E-1", "number_out_of_range"),
        ("1.2E+3", "scientific_notation"),
        ("####", "hash_signs"),
        ("1234567890123450", "1234567890123450"),
    ],
)
def test_decimals(raw: str, expected: object) -> None:
    """rules 2.8, 2.10: 16 digits and two decimals, dot or comma, never rounded."""
    assert one(numbers.decimal, raw) == expected


def test_rounded_decimals_are_named() -> None:
    """rules 2.10: where a spreadsheet rounded the column, numbers beyond fifteen digits are skipped."""
    parse = partial(numbers.decimal, rounded=True)
    assert read(parse, "1234567890123450", "123456789012345", None) == [
        (None, ("digits_rounded",)),
        ("123456789012345", ()),
        (None, ()),
    ]


def decimal_twin(raw: str) -> Reading:
    """rules 2.8 spelled out for a decimal without an exponent."""
    if not (parts := re.fullmatch(r"([+-]?)([0-9]*)(?:[.,]([0-9]+))?", raw)) or not (parts[2] or parts[3]):
        return None, ("number_invalid",)
    number = Decimal(f"{parts[1]}{parts[2] or 0}.{parts[3] or 0}")
    if len(decimals := parts[3] or "") > 3 and set(decimals[2:]) == {"0"}:
        decimals = decimals[:2]
    if abs(number) >= 10**16 or len(decimals) > 2:
        return None, ("number_out_of_range",)
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if number else "0", ()


@given(
    st.lists(
        st.one_of(st.from_regex(r"[+-]?[0-9]{0,18}[.,]?[0-9]{0,5}", fullmatch=True), st.text("0,.-+1", max_size=8))
    )
)
def test_decimals_by_the_rules(raws: list[str]) -> None:
    """rules 2.8: the column says what the rules say of each cell."""
    column = cells([raw or None for raw in raws])
    assert readings(numbers.decimal(column)) == [decimal_twin(raw) if raw else (None, ()) for raw in raws]


@given(st.lists(st.one_of(st.integers(), st.integers(-(2**31) - 2, -(2**31) + 2), st.integers(2**31 - 2, 2**31 + 2))))
def test_integers_by_the_rules(whole: list[int]) -> None:
    """rules 2.8: every whole number in range is its own canonical text."""
    expected = [(str(n), ()) if -(2**31) <= n < 2**31 else (None, ("number_out_of_range",)) for n in whole]
    assert readings(numbers.integer(cells([str(n) for n in whole]))) == expected
