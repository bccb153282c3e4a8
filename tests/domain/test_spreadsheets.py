"""What a spreadsheet does to values (rules 2.10)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain.spreadsheets import RoundingEvidence, repaired, rounding, without_apostrophe, written_out
from tests.domain.columns import cells


@pytest.mark.parametrize(
    ("scientific", "number"),
    [
        ("1.234E+3", "1234"),
        ("1,234e+03", "1234"),
        ("1.2340E+3", "1234"),
        ("-1.5E+1", "-15"),
        ("0.00E+00", "0"),
        ("-0.0E+00", "0"),
        ("1.2345E+3", "1234.5"),
        ("1.5E-03", "0.0015"),
        ("1.23E+3", None),
        ("4E+11", None),
        ("1E5", None),
        ("E+5", None),
        ("1234", None),
    ],
)
def test_scientific_notation(scientific: str, number: str | None) -> None:
    """rules 2.10: written out only when the written digits cover the number."""
    assert written_out(scientific, whole=False) == number
    assert written_out(scientific, whole=True) == (number if number and "." not in number else None)


@given(st.integers(0, 10**20), st.integers(0, 12))
def test_a_number_survives_its_own_notation(number: int, zeros: int) -> None:
    """rules 2.10: all digits written, nothing is lost, at any size."""
    digits = str(number)
    scientific = f"{digits[0]}.{digits[1:] or '0'}{'0' * zeros}E+{len(digits) - 1:02d}"
    assert written_out(scientific, whole=True) == digits
    assert written_out(f"{number}E-03", whole=False) == f"{(Decimal(number) / 1000).normalize():f}"


def test_only_scientific_notation_is_touched() -> None:
    """rules 2.10: the other cells stay as they are."""
    column = cells(["1.5E+1", "15", "1.5E+1", "1.5E+2", None, "x"])
    assert repaired(column, whole=True).rows() == [
        ("15", "scientific_repaired"),
        ("15", None),
        ("15", "scientific_repaired"),
        (None, "scientific_notation"),
        (None, None),
        ("x", None),
    ]


def test_one_apostrophe_marks_text() -> None:
    """rules 2.10: one is removed, an apostrophe alone is an empty cell."""
    assert without_apostrophe(cells(["'1", "''1", "1'", "'", "' 1", None])).to_list() == [
        "1",
        "'1",
        "1'",
        None,
        "1",
        None,
    ]


ROUNDED = ["1234567890123450", "'9876543210987600", "5555555555555550"]


def test_rounding_shows_in_the_whole_column() -> None:
    """rules 2.10: every number beyond fifteen digits ends in zeros, more often than chance has it."""
    assert rounding(cells(ROUNDED)).is_rounded
    assert rounding(cells(["123456789012345000"])).is_rounded
    assert not rounding(cells([ROUNDED[0], ROUNDED[2]])).is_rounded
    assert not rounding(cells([*ROUNDED, "1234567890123456"])).is_rounded
    assert not rounding(cells(["123456789012345", "100", "A000000000000000000", None])).is_rounded
    assert not rounding(cells([])).is_rounded


def test_rounding_is_found_block_by_block() -> None:
    """rules 2.10: the evidence of a file is the sum of its blocks'."""
    blocks = [rounding(cells([number])) for number in [*ROUNDED, "7", "1234567890123456"]]
    assert sum(blocks[:4], RoundingEvidence()) == rounding(cells([*ROUNDED, "7"]))
    assert not sum(blocks, RoundingEvidence()).is_rounded
