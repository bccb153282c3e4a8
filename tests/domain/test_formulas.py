"""The formula guard (rules 8.2): writing and reading undo each other."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain.formulas import guard, guard_text, unguard, unguard_text
from tests.domain.columns import cells

DANGEROUS = [
    "=1+1", "=cmd|' /C calc'!A0", "+SUM(A1)", "@SUM(A1)", "-2+3", "--1", "+1 (2)-3", "+49-30-123", "-1.5.2", "+1.2,3",
    "\t=1", "\r=1", "\t", "=", "@", "'=1+1", "''''@x", "'\tx", "-a", "+٣", "-1\n", "-1\n=2", "-1e5",
]  # fmt: skip
HARMLESS = [
    "", "anna", "a=b", "'", "''", "'t Hooft", "'n", "1=1", " =1", "\n=1", "'\n=1", "49 30 123", "(030) 123", "-5",
    "-5.25", "-5,25", "+491701234567", "+49 (30) 123 45", "'-5", "''+49 30", "- 5", "-", "+",
    "+.5", "(=1)", "﹦1", "'1",
]  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_dangerous_cell_gets_one_apostrophe(text: str) -> None:
    """rules 8.2: leading apostrophes aside, it begins like a formula and is not wholly a number."""
    assert guard_text(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_cells_stay_as_they_are(text: str) -> None:
    """rules 8.2: names, phones, numbers and the dash of an empty cell are left alone, written and read."""
    assert guard_text(text) == text
    assert unguard_text(text) == text


@pytest.mark.parametrize(("written", "read"), [("'=1", "=1"), ("''=1", "'=1"), ("=1", "=1"), ("'-5", "'-5")])
def test_reading_removes_one_apostrophe(written: str, read: str) -> None:
    """rules 8.2: in every file, also one that we did not write."""
    assert unguard_text(written) == read


TEXTS = st.one_of(
    st.text(),
    st.text("'=+-@\t\r\n 0123456789().,aé٣", max_size=8),
    st.sampled_from(DANGEROUS + HARMLESS),
)


@given(st.lists(st.none() | TEXTS))
def test_writing_and_reading_undo_each_other(texts: list[str | None]) -> None:
    """rules 8.2: for every value; and the columns do what the single texts do."""
    columns = pl.DataFrame({"same": cells(texts), "plain": cells(["x"] * len(texts)), "turned": cells(texts[::-1])})
    guarded = guard(columns)
    assert guarded["same"].to_list() == [text if text is None else guard_text(text) for text in texts]
    assert unguard(columns)["same"].to_list() == [text if text is None else unguard_text(text) for text in texts]
    assert guarded["turned"].to_list() == guarded["same"].to_list()[::-1]
    assert guarded["plain"].equals(columns["plain"])
    assert unguard(guarded).equals(columns)


@given(TEXTS)
def test_a_written_cell_begins_no_formula(text: str) -> None:
    """rules 8.2: nothing that a spreadsheet computes leaves."""
    written = guard_text(text)
    assert written[:1] not in {"=", "@", "\t", "\r"}
