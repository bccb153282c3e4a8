"""What is decided of a block ahead of its turn is what would be decided in it, whoever has written in between."""

import pytest
from sqlalchemy import text

from cdpweb.engine import write
from cdpweb.engine.stores import take_turn
from cdpweb.models import Change
from cdpweb.models.connections import WRITING
from tests.databases import on_postgres
from tests.engine.conftest import Bench
from tests.far_ahead import far_ahead

PEOPLE = 12
FILE = "Email,FirstName\n" + "".join(f"person{n}@mail.cdpweb.org,Name {n}\n" for n in range(PEOPLE))
ONE_ROW = 10
"""Bytes: no row is shorter, so each is a block of its own."""


@pytest.fixture
def in_turn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One item for each block that is decided in its turn, for want of a foresight that holds."""
    decided: list[int] = []
    decide = write.decide

    def counting(*given):
        decided.append(len(decided))
        return decide(*given)

    monkeypatch.setattr(write, "decide", counting)
    return decided


def names(bench: Bench) -> list[list[str]]:
    """What changed, in the order of the rows."""
    changes = sorted(bench.all(Change), key=lambda change: change.record)
    return [change.fields["FirstName"] for change in changes]


def test_a_block_is_decided_by_what_the_one_before_it_will_have_left(bench: Bench, in_turn: list[int]) -> None:
    bench.run(bench.task("Email,MobilePhone,FirstName\nanna@mail.cdpweb.org,+12025550143,Anna\n"))
    rows = [
        "anna@mail.cdpweb.org,,Anne",
        ",+12025550143,Ann",  # the same person by another identifier
        "bob@mail.cdpweb.org,,Bob",
        "bob@mail.cdpweb.org,+12025550144,Rob",  # created by the block before
        ",+12025550144,Robert",  # by a phone that the block before gave him
    ]
    with far_ahead():
        task = bench.run(bench.task("Email,MobilePhone,FirstName\n" + "\n".join(rows) + "\n"), block_bytes=ONE_ROW)
    assert (task.status, task.created, task.updated) == ("finished", 1, 4)
    assert names(bench) == [["Anna", "Anne"], ["Anne", "Ann"], ["Bob", "Rob"], ["Rob", "Robert"]]
    assert in_turn == []


def test_what_somebody_else_wrote_in_between_is_seen(bench: Bench, in_turn: list[int]) -> None:
    bench.run(bench.task(FILE))
    blocks = 0

    def interfere() -> None:
        nonlocal blocks
        blocks += 1
        if blocks == PEOPLE // 2:
            with bench.engine.execution_options(**WRITING).begin() as other:
                take_turn(other)
                other.execute(text("update customers set first_name = 'By hand' where first_name like 'Name%'"))

    with far_ahead():
        edited = bench.task(FILE.replace(",Name", ",Other"))
        task = bench.run(edited, block_bytes=ONE_ROW, progress=interfere)
    assert (task.status, task.updated) == ("finished", PEOPLE)
    before = [f"Name {n}" if n < PEOPLE // 2 else "By hand" for n in range(PEOPLE)]
    assert names(bench) == [[old, f"Other {n}"] for n, old in enumerate(before)]
    assert in_turn


@on_postgres
def test_what_a_block_would_have_left_that_was_rolled_back_counts_for_nothing(
    bench: Bench, in_turn: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    task_id = bench.task("Email,FirstName\n" + "".join(f"anna@mail.cdpweb.org,Name {n}\n" for n in range(PEOPLE)))
    with bench.engine.begin() as other:
        # A sequence counts also what is rolled back.
        other.exec_driver_sql("create sequence tries")
        other.exec_driver_sql(
            "create function interfere() returns trigger language plpgsql as $$ begin "
            "if nextval('tries') in (1, 4, 7) then raise exception using errcode = 'serialization_failure'; end if; "
            "return null; end $$"
        )
        other.exec_driver_sql(
            "create trigger interfering after insert or update on customers for each statement "
            "execute function interfere()"
        )
    with far_ahead():
        task = bench.run(task_id, block_bytes=ONE_ROW)
    assert (task.status, task.created, task.updated) == ("finished", 1, PEOPLE - 1)
    assert names(bench) == [[f"Name {n}", f"Name {n + 1}"] for n in range(PEOPLE - 1)]
    assert in_turn
