"""What is decided of a block ahead of its turn is what would be decided in it, whoever has written in between."""

import pytest
from flask import Flask
from sqlalchemy import text

from cdpweb.engine import write
from cdpweb.engine.stores import take_turn
from cdpweb.extensions import db
from cdpweb.models import Change, ExternalId, SegmentMember
from cdpweb.models.connections import WRITING
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import CUSTOM_FIELDS, EXTERNAL_SYSTEMS, SEGMENT_GROUPS, SEGMENTS
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


EVERYTHING = [
    "Email,MobilePhone,ExternalIdentityShop,FirstName,BirthDate,CustomFieldNote,IsSubscribedByEmail,SegmentLoyalty",
    "anna@mail.cdpweb.org,+12025550143,A1,Anna,1990-01-01,one,yes,Gold",
    "anna@mail.cdpweb.org,,A2,Zoe,1991-01-01,two,no,",  # somebody else: she has another ID since the block before
    ",,A2,Eva,%CLEAR%,three,,Gold",  # by an ID that is new
    ",+12025550144,,Kim,,,,Silver",
    ",+12025550144,,Tim,,,no,%CLEAR%",  # by a phone that is new
    "bob@mail.cdpweb.org,+12025550143,A1,Bob,,,,",  # Anna's email changes
    "bob@mail.cdpweb.org,,,Rob,,,,Silver",  # by the email that she has now
    "anna@mail.cdpweb.org,,,Ada,,,,",  # who has the one that she had
]
"""Rows for a far-sighted engine: each speaks of what the one before it has done."""


@pytest.fixture
def catalog(app: Flask) -> None:
    with app.app_context():
        create(db.session, EXTERNAL_SYSTEMS, {"system_name": "Shop", "name": "Shop"})
        create(db.session, CUSTOM_FIELDS, {"system_name": "Note", "name": "Note", "type": "text"})
        create(db.session, SEGMENT_GROUPS, {"system_name": "Loyalty", "name": "Loyalty"})
        for name in ("Gold", "Silver"):
            create(db.session, SEGMENTS, {"system_name": name, "name": name, "group": "Loyalty"})
        db.session.commit()


@pytest.mark.parametrize("known", [0, 1], ids=["by newcomers", "by a customer who was there"])
def test_all_that_the_block_before_will_have_left_is_known(
    catalog: None, bench: Bench, in_turn: list[int], known: int
) -> None:
    header, *rows = EVERYTHING
    if known:
        bench.run(bench.task("\n".join([header, *rows[:known]]) + "\n"))
    with far_ahead():
        rest = bench.task("\n".join([header, *rows[known:]]) + "\n", conflicts="strongest")
        task = bench.run(rest, block_bytes=ONE_ROW)
    assert (task.status, task.rejected, in_turn) == ("finished", 0, [])
    changes = sorted(bench.all(Change), key=lambda change: change.id)
    fields = [(change.customer_id, {**change.fields}) for change in changes]
    assert fields[1][1].pop("IsSubscribedByEmail")[0] is None
    assert fields == [
        (
            2,
            {
                "FirstName": ["Zoe", "Eva"],
                "BirthDate": ["1991-01-01", None],
                "CustomFieldNote": ["two", "three"],
                "SegmentLoyalty": [None, "Gold"],
            },
        ),
        (3, {"FirstName": ["Kim", "Tim"], "SegmentLoyalty": ["Silver", None]}),
        (1, {"FirstName": ["Anna", "Bob"], "Email": ["anna@mail.cdpweb.org", "bob@mail.cdpweb.org"]}),
        (1, {"FirstName": ["Bob", "Rob"], "SegmentLoyalty": ["Gold", "Silver"]}),
    ]
    assert [(one.email, one.phone, one.first_name, one.custom) for one in bench.customers()] == [
        ("bob@mail.cdpweb.org", 12025550143, "Rob", {"Note": "one"}),
        (None, None, "Eva", {"Note": "three"}),
        (None, 12025550144, "Tim", None),
        ("anna@mail.cdpweb.org", None, "Ada", None),
    ]
    assert {(one.value, one.customer_id) for one in bench.all(ExternalId)} == {("A1", 1), ("A2", 2)}
    assert {(one.customer_id, one.segment_id) for one in bench.all(SegmentMember)} == {(2, 1), (1, 2)}


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
def test_what_a_block_would_have_left_that_was_rolled_back_counts_for_nothing(bench: Bench, in_turn: list[int]) -> None:
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
