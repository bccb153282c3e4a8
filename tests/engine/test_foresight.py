"""What is decided of a block ahead of its turn is what would be decided in it, whoever has written in between."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from cdpweb.engine import run
from cdpweb.engine.stores import take_turn
from cdpweb.engine.write import Prepared
from cdpweb.models import Change
from cdpweb.models.connections import WRITING
from tests.engine.conftest import Bench
from tests.far_ahead import far_ahead

PEOPLE = 12
FILE = "Email,FirstName\n" + "".join(f"person{n}@mail.cdpweb.org,Name {n}\n" for n in range(PEOPLE))
ONE_ROW = 10
"""Bytes: no row is shorter, so each is a block of its own."""


def names(bench: Bench) -> list[list[str]]:
    """What changed, in the order of the rows."""
    changes = sorted(bench.all(Change), key=lambda change: change.record)
    return [change.fields["FirstName"] for change in changes]


def test_rows_that_the_block_before_has_touched_are_decided_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(run, "ahead", far_ahead)
    bench.run(bench.task("Email,MobilePhone,FirstName\nanna@mail.cdpweb.org,+12025550143,Anna\n"))
    rows = [
        "anna@mail.cdpweb.org,,Anne",
        ",+12025550143,Ann",  # the same person by another identifier
        "bob@mail.cdpweb.org,,Bob",
        "bob@mail.cdpweb.org,+12025550144,Rob",  # created by the block before
        ",+12025550144,Robert",  # by a phone that the block before gave him
    ]
    task = bench.run(bench.task("Email,MobilePhone,FirstName\n" + "\n".join(rows) + "\n"), block_bytes=ONE_ROW)
    assert (task.status, task.created, task.updated) == ("finished", 1, 4)
    assert names(bench) == [["Anna", "Anne"], ["Anne", "Ann"], ["Bob", "Rob"], ["Rob", "Robert"]]
    assert "block rolled back" not in caplog.text


def test_what_somebody_else_wrote_in_between_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run(bench.task(FILE))

    def interrupted(items: Any) -> Iterator[Any]:
        blocks = 0
        for item in far_ahead(items):
            if isinstance(item, tuple) and isinstance(item[0], Prepared):
                blocks += 1
                if blocks == PEOPLE // 2:
                    with bench.engine.execution_options(**WRITING).begin() as other:
                        take_turn(other)
                        other.execute(text("update customers set first_name = 'By hand' where first_name like 'Name%'"))
            yield item

    monkeypatch.setattr(run, "ahead", interrupted)
    task = bench.run(bench.task(FILE.replace(",Name", ",Other")), block_bytes=ONE_ROW)
    assert (task.status, task.updated) == ("finished", PEOPLE)
    before = [f"Name {n}" if n < PEOPLE // 2 - 1 else "By hand" for n in range(PEOPLE)]
    assert names(bench) == [[old, f"Other {n}"] for n, old in enumerate(before)]
