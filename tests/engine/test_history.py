"""The scan over a field equals the row-by-row rule (rules §2.1, §2.2, §5.8)."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain.settings import WriteMode
from cdpweb.engine.history import History, Telling

values = st.sampled_from([None, None, "a", "b"])
rows = st.lists(st.tuples(values, st.booleans(), st.booleans()), min_size=1, max_size=6)
customers = st.lists(st.tuples(values, st.booleans(), rows), min_size=1, max_size=4)


def one_by_one(stored, is_new, said, mode):
    """The rule itself, for one customer."""
    field, after = None if is_new else stored, []
    for number, (value, erase, reset) in enumerate(said):
        creating = is_new and number == 0
        if reset:
            field = None
        if creating or mode is WriteMode.OVERWRITE:
            field = value if value is not None else None if erase else field
        elif mode is WriteMode.FILL and field is None:
            field = value
        after.append(field)
    return after


@given(customers, st.sampled_from(WriteMode))
def test_a_field_after_every_row_is_what_the_rows_say_one_by_one(people, mode):
    frame, expected = [], []
    for number, (stored, is_new, said) in enumerate(people):
        kept = None if is_new else stored
        said = [
            (value, erase and value is None, reset and not (is_new and i == 0))
            for i, (value, erase, reset) in enumerate(said)
        ]
        expected += one_by_one(stored, is_new, said, mode)
        frame += [(number, kept, *row, is_new and i == 0) for i, row in enumerate(said)]
    schema = {
        "customer": pl.Int64,
        "stored": pl.String,
        "value": pl.String,
        "erase": pl.Boolean,
        "reset": pl.Boolean,
        "created": pl.Boolean,
    }
    table = pl.DataFrame(frame, schema=schema, orient="row")
    history = History.of(table)
    told = Telling(table["stored"], table["value"], table["erase"], mode, table["reset"])
    silent = Telling(table["stored"], table["value"].clear(len(expected)))
    after, untold = history.after([told, silent])
    assert after.to_list() == expected
    assert untold.equals(table["stored"])


def test_what_stood_before_a_row_is_what_stood_after_the_one_before():
    table = pl.DataFrame({"customer": [1, 1, 2], "created": [False, False, False]})
    history = History.of(table)
    before, other = history.before(
        [(pl.Series(["x", "x", "y"]), pl.Series(["a", "b", "c"])), (pl.Series([7, 7, 8]), pl.Series([7, None, 8]))]
    )
    assert before.to_list() == ["x", "a", "y"]
    assert other.to_list() == [7, 7, 8]
