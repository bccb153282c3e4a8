"""The postings, for tests that write customers themselves, and to look at what the engine wrote."""

import polars as pl
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from cdpweb.engine import postings
from cdpweb.models import Customer, Posting, TaskRow
from cdpweb.models.postings import BUCKET_BITS, POSTED_COLUMNS, Posted, outcome_of


def post_all(session: Session) -> None:
    """Post all customers and the rows of all tasks."""
    session.flush()
    session.execute(delete(Posting))
    columns = [getattr(Customer, column) for column in POSTED_COLUMNS.values()]
    rows = session.execute(select(Customer.id, *columns)).all()
    texts = dict.fromkeys(POSTED_COLUMNS.values(), pl.String)
    customers = [[row[0], *(value if value is None else str(value) for value in row[1:])] for row in rows]
    _insert(session, postings.of_newcomers(pl.DataFrame(customers, schema={"id": pl.Int64, **texts}, orient="row")))
    for task_id in session.scalars(select(TaskRow.task_id).distinct()).all():
        own = session.execute(select(TaskRow.record, TaskRow.outcome).where(TaskRow.task_id == task_id)).all()
        schema = {"record": pl.Int64, "outcome": pl.String}
        ledger = pl.DataFrame([tuple(row) for row in own], schema=schema, orient="row")
        _insert(session, postings.of_rows(ledger, task_id))


def _insert(session: Session, posted: pl.DataFrame) -> None:
    if posted.height:
        session.execute(insert(Posting), posted.to_dicts())


def unposted(session: Session) -> set[tuple[int, str, int]]:
    """What cannot be found: kind, value and number of what customers have and rows with customers came to.

    Fails where a posting is not as it should be, or says what is not so and no name.
    """
    posted: set[tuple[int, str, int]] = set()
    for posting in session.scalars(select(Posting)):
        numbers = [int(one) for one in posting.numbers.split(",")]
        assert numbers == sorted(numbers)
        assert numbers[0] == posting.first
        assert {one >> BUCKET_BITS for one in numbers} == {posting.bucket}
        posted |= {(posting.kind, posting.value, one) for one in numbers}
    there: set[tuple[int, str, int]] = {
        (kind, str(value), customer.id)
        for customer in session.scalars(select(Customer))
        for kind, column in POSTED_COLUMNS.items()
        if (value := getattr(customer, column)) is not None
    }
    rows = session.scalars(select(TaskRow).where(TaskRow.customer_id.is_not(None)))
    there |= {(Posted.OUTCOME, outcome_of(row.task_id, row.outcome), row.record) for row in rows}
    assert {one for one in posted - there if Posted(one[0]).is_in_order} == set()
    return there - posted
