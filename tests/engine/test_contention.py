"""Several who write the same customers at once: nobody's change is lost, and every old value is the one before."""

import random
import secrets
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text

from cdpweb.engine.run import MAX_REDOS, Limits, run_task
from cdpweb.engine.stores import take_turn
from cdpweb.extensions import db
from cdpweb.models import Change, Customer, SegmentMember, TaskRow, connections
from cdpweb.models.customers import STORED_COLUMNS
from cdpweb.models.snapshot import snapshot
from cdpweb.services.customers.editing import edit_customer
from cdpweb.services.customers.removal import delete_customer
from cdpweb.services.customers.stored import stored
from cdpweb.services.refused import Refused
from tests.conftest import wait_for
from tests.databases import on_postgres
from tests.engine.conftest import Bench

FILE = "Email,FirstName\n" + "".join(f"person{n}@mail.cdpweb.org,Name {n}\n" for n in range(50))
EDITED = FILE.replace(",Name", ",Other")
WAIT_SECONDS = 30

# Redoing a block (PostgreSQL; SQLite has one writer)


@contextmanager
def beside(act: Callable[[], object]) -> Iterator[None]:
    """Do something in a thread meanwhile; raises what it raises."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(act)
        yield
        doing.result(WAIT_SECONDS)


def wait_for_lock(engine: Engine) -> None:
    """Return as soon as somebody waits for a lock."""

    def is_waiting() -> bool:
        with engine.connect() as looking:
            return bool(looking.execute(text("select count(*) from pg_locks where not granted")).scalar_one())

    wait_for(is_waiting, WAIT_SECONDS)


def insert_somebody(connection: Connection, number: int, email: str) -> None:
    connection.execute(
        text("insert into customers (id, email, last_name, created_at) values (:id, :email, 'Elsewhere', now())"),
        {"id": number, "email": email},
    )


@on_postgres
def test_a_block_whose_email_somebody_else_has_written_meanwhile_is_redone(bench: Bench) -> None:
    task_id = bench.task(FILE)
    with bench.engine.connect() as other:
        insert_somebody(other, 1_000_000, "person7@mail.cdpweb.org")
        with beside(lambda: bench.run(task_id)):
            wait_for_lock(bench.engine)
            other.commit()
    task = bench.row(task_id)
    assert (task.status, task.rows_read, task.created, task.updated) == ("finished", 50, 49, 1)
    there = {one.email: one for one in bench.customers()}
    assert (len(there), there["person7@mail.cdpweb.org"].id) == (50, 1_000_000)
    assert there["person7@mail.cdpweb.org"].last_name == "Elsewhere"
    assert there["person7@mail.cdpweb.org"].first_name == "Name 7"
    assert len(bench.all(TaskRow)) == 50


@on_postgres
def test_a_block_that_meets_a_deadlock_is_redone(bench: Bench) -> None:
    bench.run(bench.task(FILE))
    task_id = bench.task(EDITED)
    touch = text("update customers set last_name = 'Elsewhere' where id = :id")
    with bench.engine.connect() as other:
        other.execute(text("set local deadlock_timeout = '1h'"))
        other.execute(touch, {"id": 9})
        with beside(lambda: bench.run(task_id)):
            wait_for_lock(bench.engine)
            other.execute(touch, {"id": 3})
            other.commit()
    task = bench.row(task_id)
    assert (task.status, task.rows_read, task.updated) == ("finished", 50, 50)
    names = {one.id: (one.first_name, one.last_name) for one in bench.customers()}
    assert names[3] == ("Other 2", "Elsewhere")
    assert names[9] == ("Other 8", "Elsewhere")
    assert len(bench.all(Change)) == 50


@on_postgres
@pytest.mark.parametrize(("times", "status"), [(MAX_REDOS, "finished"), (MAX_REDOS + 1, "failed")])
def test_a_block_is_redone_three_times_and_then_fails_in_words(bench: Bench, times: int, status: str) -> None:
    task_id = bench.task(FILE)
    with bench.engine.begin() as other:
        # A sequence counts also what is rolled back.
        other.exec_driver_sql("create sequence tries")
        other.exec_driver_sql(
            "create function interfere() returns trigger language plpgsql as $$ begin "
            f"if nextval('tries') <= {times} then raise exception using errcode = 'serialization_failure'; end if; "
            "return null; end $$"
        )
        other.exec_driver_sql(
            "create trigger interfering after insert on customers for each statement execute function interfere()"
        )
    task = bench.run(task_id)
    assert task.status == status
    if status == "finished":
        assert (task.created, len(bench.customers()), len(bench.all(TaskRow))) == (50, 50, 50)
    else:
        assert task.reason.startswith("Others kept writing what this import was writing, 4 times in a row.")
        assert (bench.customers(), bench.all(TaskRow), task.next_record) == ([], [], 1)


# A person who edits while a block is being written (PostgreSQL; on SQLite he has the write lock before he looks)


def by_hand(app: Flask, act: Callable[[Customer], object]) -> None:
    """What a person does to the first customer, as a request does it."""
    with app.app_context():
        customer = db.session.get_one(Customer, 1)
        act(customer)
        db.session.commit()


def set_name(customer: Customer) -> bool:
    catalog = snapshot(db.session)
    before = stored(db.session, [customer])[0].texts(catalog)
    return edit_customer(db.session, catalog, customer, {"FirstName": "By hand"}, before, "anna")


@on_postgres
def test_an_edit_waits_for_the_block_and_sees_what_it_did(app: Flask, bench: Bench) -> None:
    bench.run(bench.task(FILE))
    with bench.engine.connect() as block:
        take_turn(block)
        block.execute(text("update customers set first_name = 'By a block' where id = 1"))
        refused = pytest.raises(Refused, match="changed meanwhile")
        with refused, beside(lambda: by_hand(app, set_name)):
            wait_for_lock(bench.engine)
            block.commit()
    assert bench.customers()[0].first_name == "By a block"
    assert bench.all(Change) == []
    by_hand(app, set_name)
    (change,) = bench.all(Change)
    assert change.fields == {"FirstName": ["By a block", "By hand"]}


@on_postgres
@pytest.mark.parametrize("act", ["edit", "delete"])
def test_a_customer_who_was_deleted_meanwhile_stays_deleted(app: Flask, bench: Bench, act: str) -> None:
    bench.run(bench.task(FILE))
    with bench.engine.connect() as other:
        take_turn(other)
        other.execute(text("delete from customers where id = 1"))
        second = set_name if act == "edit" else lambda customer: delete_customer(db.session, customer, "anna")
        refused = pytest.raises(Refused, match="deleted meanwhile") if act == "edit" else nullcontext()
        with refused, beside(lambda: by_hand(app, second)):
            wait_for_lock(bench.engine)
            other.commit()
    assert len(bench.customers()) == 49
    assert bench.all(Change) == []


# Imports side by side, and a person


EMAILS = 200
ROWS = 600
IMPORTS = 3
SEED = 20260601
ROUNDS = 40


def overlapping(number: int) -> str:
    """A file that speaks of the same customers as the others do; names tell file and row."""
    chance = random.Random(SEED + number)
    rows = []
    for row in range(1, ROWS + 1):
        person = chance.randrange(EMAILS)
        phone = f"+1202{2_000_000 + chance.randrange(EMAILS)}" if chance.random() < 0.3 else ""
        rows.append(f"person{person}@mail.cdpweb.org,{phone},{number}-{row},Gold {chance.randrange(3)}\n")
    return "Email,MobilePhone,LastName,CustomFieldMood\n" + "".join(rows)


def engines_of(bench: Bench, count: int) -> list[Engine]:
    """As many engines on the same database, as processes of their own have them."""
    engines = [create_engine(bench.engine.url) for _ in range(count)]
    for engine in engines:
        connections.prepare(engine)
    return engines


def edit_by_hand(app: Flask, over: threading.Event) -> int:
    """Change first names of customers as a person would, who looks first; how often that went through."""
    chance, done = random.Random(SEED), 0
    with app.app_context():
        while not over.is_set() or done < ROUNDS:
            db.session.info["writes"] = True
            try:
                customer = db.session.get(Customer, chance.randrange(1, EMAILS))
                if customer is not None:
                    catalog = snapshot(db.session)
                    before = stored(db.session, [customer])[0].texts(catalog)
                    edit_customer(db.session, catalog, customer, {"LastName": f"by hand {done}"}, before, "anna")
                    done += 1
                db.session.commit()
            except Refused:
                db.session.rollback()
            over.wait(0.02)
    return done


@pytest.fixture
def mood(app: Flask) -> None:
    from cdpweb.services.catalog.entries import create
    from cdpweb.services.catalog.kinds import CUSTOM_FIELDS

    with app.app_context():
        entry = {"system_name": "Mood", "name": "Mood", "type": "choice", "create_missing": True}
        create(db.session, CUSTOM_FIELDS, entry)
        db.session.commit()


def test_imports_and_a_person_at_once_lose_nothing(app: Flask, mood: None, bench: Bench) -> None:
    tasks = {bench.task(overlapping(number)): number for number in range(IMPORTS)}
    engines = engines_of(bench, IMPORTS)
    limits = Limits(2_000, max_cell_bytes=1 << 20, max_unpacked_bytes=1 << 30, wait_between_blocks_seconds=0.01)
    over = threading.Event()
    with ThreadPoolExecutor(IMPORTS + 1) as pool:
        person = pool.submit(edit_by_hand, app, over)
        running = [
            pool.submit(run_task, engine, task_id, owner=secrets.token_hex(8), folder=bench.folder, limits=limits)
            for engine, task_id in zip(engines, tasks, strict=True)
        ]
        try:
            for one in running:
                one.result(90)
        finally:
            over.set()
        edits = person.result(WAIT_SECONDS)
    for engine in engines:
        engine.dispose()
    assert edits >= ROUNDS
    assert_ledger(bench, list(tasks))
    assert_chains(bench, tasks)
    assert len({one.task_id for one in bench.all(Change)} - {None}) == IMPORTS, "the imports did not overlap"


def assert_ledger(bench: Bench, tasks: list[int]) -> None:
    """Every row is accounted for, once, and the counts are those of the ledger."""
    rows = bench.all(TaskRow)
    created = 0
    for task_id in tasks:
        task = bench.row(task_id)
        own = [row for row in rows if row.task_id == task_id]
        outcomes = Counter(row.outcome for row in own)
        assert (task.status, task.rows_read) == ("finished", ROWS)
        assert sorted(row.record for row in own) == list(range(1, ROWS + 1))
        assert {name: getattr(task, name) for name in outcomes} == outcomes
        created += task.created
    there = bench.customers()
    assert created == len(there) == len({one.email for one in there}) == EMAILS


def assert_chains(bench: Bench, tasks: dict[int, int]) -> None:
    """What a field holds is what the last change made it, and each change begins where the one before ended."""
    held = {one.id: one for one in bench.customers()}
    history: dict[tuple[int, str], list[list[str | None]]] = defaultdict(list)
    for change in sorted(bench.all(Change), key=lambda change: change.id):
        for field, pair in change.fields.items():
            history[change.customer_id, field].append(pair)
    for (customer_id, field), pairs in history.items():
        customer = held[customer_id]
        if field == "LastName":
            assert pairs[0][0] == f"{tasks[customer.created_task_id]}-{customer.created_record}"
        assert [old for old, _ in pairs[1:]] == [new for _, new in pairs[:-1]], (customer_id, field)
        now = customer.custom.get("Mood") if field == "CustomFieldMood" else getattr(customer, STORED_COLUMNS[field])
        assert str(now).removeprefix("+") == str(pairs[-1][1]).removeprefix("+"), (customer_id, field)
    assert len(history) > EMAILS
    assert bench.all(SegmentMember) == []
