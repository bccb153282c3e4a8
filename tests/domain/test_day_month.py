"""The order of day and month in a column (rules 2.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain.day_month import DayMonthEvidence, evidence, order_of
from cdpweb.domain.settings import DateOrder
from tests.domain.columns import cells

DAY_FIRST, MONTH_FIRST = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("31/05/2026", (1, 0, 0)),
        ("05/31/2026", (0, 1, 0)),
        ("05/06/2026", (0, 0, 1)),
        ("5/6/26", (0, 0, 1)),
        ("13/1/26 2:30 PM", (1, 0, 0)),
        ("1/13/2026T14:30+02:00", (0, 1, 0)),
        ("'1/13/2026", (0, 1, 0)),
        ("5/6/2026|13/6/2026 | 6/13/2026", (1, 1, 1)),
        # Nothing that only a slash makes a date.
        ("05/05/2026", (0, 0, 0)),
        ("13/13/2026", (0, 0, 0)),
        ("32/05/2026", (0, 0, 0)),
        ("00/05/2026", (0, 0, 0)),
        ("31/00/2026", (0, 0, 0)),
        ("2026/05/06", (0, 0, 0)),
        ("05.06.2026", (0, 0, 0)),
        ("05-06-2026", (0, 0, 0)),
        ("05/06-2026", (0, 0, 0)),
        ("05/06/206", (0, 0, 0)),
        ("05/06", (0, 0, 0)),
        ("n/a", (0, 0, 0)),
    ],
)
def test_what_a_cell_says(text: str, says: tuple[int, int, int]) -> None:
    """rules 2.7: any value above 12 decides, and day and month alone."""
    seen = evidence(cells([None, text]))
    assert (seen.day_first, seen.month_first, seen.undecided) == says


def test_samples_are_the_first_undecided_cells() -> None:
    """rules 2.7: who is asked sees what is in doubt, three different cells of it."""
    texts = ["31/05/2026", "01/02/2026", "01/02/2026", None, "n/a", "03/04/26", "05/06/2026", "07/08/2026"]
    assert evidence(cells(texts)) == DayMonthEvidence(1, 0, 5, ("01/02/2026", "03/04/26", "05/06/2026"))


@given(
    st.lists(st.sampled_from(["1/2/2026", "3/4/2026", "5/6/2026", "7/8/2026", "31/1/26", "1/31/26", "x"])), st.data()
)
def test_blocks_add_up_to_the_column(texts: list[str], data: st.DataObject) -> None:
    """rules 2.7: the order is that of the column, wherever a block begins."""
    cut = data.draw(st.integers(0, len(texts)))
    assert evidence(cells(texts[:cut])) + evidence(cells(texts[cut:])) == evidence(cells(texts))


@pytest.mark.parametrize(
    ("day_first", "month_first", "undecided", "order"),
    [
        (1, 0, 5, DAY_FIRST),
        (0, 1, 5, MONTH_FIRST),
        (3, 1, 5, DAY_FIRST),
        (1, 3, 0, MONTH_FIRST),
        (0, 0, 1, None),
        (2, 2, 1, None),
        (2, 2, 0, DAY_FIRST),
        (0, 0, 0, DAY_FIRST),
    ],
)
def test_order_of_a_column(day_first: int, month_first: int, undecided: int, order: DateOrder | None) -> None:
    """rules 2.7: decided by proof, the commoner where both are proven, else asked; a person's word beats proof."""
    seen = DayMonthEvidence(day_first, month_first, undecided)
    assert order_of(seen, None) is order
    assert order_of(seen, DAY_FIRST) is DAY_FIRST
    assert order_of(seen, MONTH_FIRST) is MONTH_FIRST
