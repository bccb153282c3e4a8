"""The inverted index of names, for tests that write customers themselves, and to look at what the engine wrote."""

import polars as pl
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from cdpweb.engine.postings import postings
from cdpweb.models import Customer, NamePosting
from cdpweb.models.customers import BUCKET_BITS, NAME_COLUMNS


def post_names(session: Session) -> None:
    """Post the names of all customers."""
    session.flush()
    rows = session.execute(select(Customer.id, Customer.last_name, Customer.first_name)).all()
    schema = {"id": pl.Int64, **dict.fromkeys(NAME_COLUMNS, pl.String)}
    posted = postings(pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row"))
    session.execute(delete(NamePosting))
    if posted.height:
        session.execute(insert(NamePosting), posted.to_dicts())


def unposted(session: Session) -> set[tuple[int, str, int]]:
    """The names of customers, each with its part and the customer's id, under which he cannot be found."""
    posted = set()
    for posting in session.scalars(select(NamePosting)):
        ids = [int(one) for one in posting.ids.split(",")]
        assert ids[0] == posting.first_id == min(ids)
        assert {one >> BUCKET_BITS for one in ids} == {posting.bucket}
        posted |= {(posting.part, posting.name, one) for one in ids}
    return {
        (part, name, customer.id)
        for customer in session.scalars(select(Customer))
        for part, column in enumerate(NAME_COLUMNS)
        if (name := getattr(customer, column))
    } - posted
