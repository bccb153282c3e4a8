"""A first import asks the database only about what it has spoken of before, as long as nobody else writes."""

import pytest
from sqlalchemy import insert

from cdpweb.engine import spoken
from cdpweb.engine.stores import PostgresqlStore, SqliteStore, take_turn
from cdpweb.models import Customer
from cdpweb.models.connections import WRITING
from cdpweb.models.types import now
from tests.engine.conftest import Bench
from tests.far_ahead import far_ahead

ONE_ROW = 10
"""Bytes: no row is shorter, so each is a block of its own."""

PHONES = [12025550143, 12025550144, 12025550145]
ROWS = [f"person{n}@mail.cdpweb.org,+{phone}" for n, phone in enumerate(PHONES)]
HEADER = "Email,MobilePhone"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[object]:
    """The emails and phones whose owners the database was asked for."""
    values: set[object] = set()
    for store in (PostgresqlStore, SqliteStore):
        owners = store.owners

        def noting(self, column, some, owners=owners):
            values.update(some.drop_nulls())
            return owners(self, column, some)

        monkeypatch.setattr(store, "owners", noting)
    return values


def file_of(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def test_what_no_row_before_has_said_is_not_looked_up(bench: Bench, asked: set[object]) -> None:
    with far_ahead():
        task = bench.run(bench.task(file_of(*ROWS, f"person1@mail.cdpweb.org,+{PHONES[1]}")), block_bytes=ONE_ROW)
    assert (task.created, task.unchanged) == (3, 1)
    assert asked == {"person1@mail.cdpweb.org", PHONES[1]}


def test_where_there_is_somebody_everything_is_looked_up(bench: Bench, asked: set[object]) -> None:
    bench.run(bench.task(file_of(ROWS[0])))
    with far_ahead():
        task = bench.run(bench.task(file_of(*ROWS)), block_bytes=ONE_ROW)
    assert (task.created, task.unchanged) == (2, 1)
    assert asked == {*PHONES, *(row.split(",")[0] for row in ROWS)}


def test_more_than_is_kept_is_looked_up(bench: Bench, asked: set[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "MOST", 1)
    with far_ahead():
        task = bench.run(bench.task(file_of(*ROWS, *ROWS)), block_bytes=ONE_ROW)
    assert (task.created, task.unchanged) == (3, 3)
    assert asked == {*PHONES, *(row.split(",")[0] for row in ROWS)}


@pytest.mark.parametrize("block", range(1, 6))
def test_whom_somebody_else_creates_meanwhile_is_found(bench: Bench, block: int) -> None:
    blocks = 0

    def interfere() -> None:
        nonlocal blocks
        blocks += 1
        if blocks == block:
            with bench.engine.execution_options(**WRITING).begin() as other:
                take_turn(other)
                other.execute(insert(Customer).values(id=1000, email="late@mail.cdpweb.org", created_at=now()))

    people = [f"person{n}@mail.cdpweb.org," for n in range(6)]
    with far_ahead():
        rows = [*people, "late@mail.cdpweb.org,+12025550199", *people]
        task = bench.run(bench.task(file_of(*rows)), block_bytes=ONE_ROW, progress=interfere)
    assert (task.status, task.created, task.updated, task.unchanged) == ("finished", 6, 1, 6)
    assert bench.customers()[-1].phone == 12025550199
