"""SQLite's index of identifiers stays in step with the customers, and what is fresh in it settles."""

import sqlite3

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from cdpweb.engine.settling import Settling
from cdpweb.models import Counter, Customer, ExternalId
from cdpweb.models.identifiers import FRESH, SETTLED
from cdpweb.models.types import now
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import EXTERNAL_SYSTEMS
from tests.databases import on_sqlite
from tests.identifying import assert_in_step, settling_sizes

HEADER = "ExternalIdentityShop,Email,MobilePhone"
BLOCK_BYTES = 500
"""About ten rows."""

pytestmark = on_sqlite


@pytest.fixture(autouse=True)
def _system(session):
    create(session, EXTERNAL_SYSTEMS, {"system_name": "Shop", "name": "Shop"})
    session.commit()


def run(bench, numbers, *, emails=0, **how):
    """Import customers with three identifiers, the emails of whom are those of others so much further on."""
    rows = [f"S{n},p{n + emails}@mail.cdpweb.org,+1202555{1000 + n}" for n in numbers]
    return bench.run(bench.task("\n".join([HEADER, *rows, ""])), block_bytes=BLOCK_BYTES, **how)


def parts(engine: Engine) -> tuple[int, int]:
    """How many are settled and how many fresh, of an index that is as it should be."""
    with engine.connect() as connection:
        assert_in_step(connection)
        settled, fresh = (connection.scalar(select(func.count()).select_from(table)) for table in (SETTLED, FRESH))
        return settled, fresh


def test_few_identifiers_stay_fresh(bench):
    assert run(bench, range(20)).created == 20
    assert parts(bench.engine) == (0, 60)


@pytest.mark.parametrize(("at_once", "times"), [(1, 10), (7, 3), (50, 1), (1000, 3)])
def test_many_settle_between_blocks_and_are_found_as_before(bench, at_once, times):
    with settling_sizes(90, at_once, times):
        assert run(bench, range(200)).created == 200
        settled, fresh = parts(bench.engine)
        assert settled + fresh == 600
        assert settled > 100
        last = run(bench, range(300))
    assert (last.created, last.unchanged) == (100, 200)
    assert sum(parts(bench.engine)) == 900


def test_all_of_them_settle_where_there_is_time_for_it_and_then_not_before_there_are_as_many_again(bench):
    with settling_sizes(100, 10, 100):
        run(bench, range(50))
        settled, fresh = parts(bench.engine)
        assert settled > 100
        run(bench, range(50, 60))
        assert parts(bench.engine) == (settled, fresh + 30)


def test_settled_identifiers_can_be_given_to_others_and_taken(bench, session):
    with settling_sizes(0, 10, 100):
        run(bench, range(50))
        assert run(bench, range(50), emails=100).updated == 50
    assert parts(bench.engine) == (150, 0)
    run(bench, range(50), emails=200)
    assert parts(bench.engine) == (100, 50)
    session.delete(session.get_one(Customer, 1))
    session.delete(session.scalars(select(ExternalId).where(ExternalId.customer_id == 1)).one())
    session.commit()
    assert parts(bench.engine) == (98, 49)


def test_what_an_interrupted_run_has_begun_another_one_finishes(bench):
    blocks = 0

    def third():
        nonlocal blocks
        blocks += 1
        if blocks == 3:
            raise KeyboardInterrupt

    with settling_sizes(30, 5, 1):
        with pytest.raises(KeyboardInterrupt):
            run(bench, range(100), progress=third)
        settled, fresh = parts(bench.engine)
        assert settled and fresh
    with settling_sizes(0, 1000, 1):
        run(bench, range(1))
    assert parts(bench.engine) == (settled + fresh, 0)


def test_identifiers_that_customers_get_are_counted_too(bench):
    with settling_sizes(1000, 10, 100):
        run(bench, range(50))
        assert run(bench, range(50), emails=100).updated == 50
    assert {one.name: one.next_id for one in bench.all(Counter)}["identifiers"] == 1 + 150 + 50


def test_by_hand_too_the_index_follows(bench, session):
    session.add_all([Customer(id=one, email=f"{one}@x.org", phone=one, created_at=now()) for one in (1, 2)])
    session.add(ExternalId(customer_id=1, system_id=1, value="A"))
    session.commit()
    assert parts(bench.engine) == (0, 5)
    session.get_one(Customer, 1).email = None
    session.get_one(Customer, 1).phone = 3
    session.scalars(select(ExternalId)).one().value = "B"
    session.commit()
    session.get_one(Customer, 1).email = "new@x.org"
    session.commit()
    assert parts(bench.engine) == (0, 5)


def test_the_triggers_are_there_after_an_import_and_after_one_that_breaks_off(bench, session):
    created = triggers(bench.engine)
    run(bench, range(20))
    assert triggers(bench.engine) == created
    session.add(Customer(id=21, created_at=now()))  # the number of the next newcomer
    session.commit()
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        run(bench, range(20, 40))
    assert triggers(bench.engine) == created
    assert parts(bench.engine) == (0, 60)


def triggers(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return connection.exec_driver_sql("select name, sql from sqlite_master where type = 'trigger' order by 1").all()


def test_two_runs_settle_at_the_same_time(bench):
    run(bench, range(50))
    with settling_sizes(0, 10, 1), bench.engine.connect() as one, bench.engine.connect() as other:
        both = [Settling(one), Settling(other)]
        for _ in range(10):
            for settling in both:
                settling.go_on()
    assert parts(bench.engine) == (150, 0)


def test_an_identifier_with_two_owners_does_not_settle_in_silence(bench):
    with settling_sizes(0, 10, 100):
        run(bench, range(5))
    with bench.engine.begin() as connection:
        connection.execute(insert(FRESH), {"value": "p1@mail.cdpweb.org", "kind": -1, "customer_id": 99})
    refused = pytest.raises(IntegrityError, match="UNIQUE")
    with settling_sizes(0, 10, 100), bench.engine.connect() as connection, refused:
        Settling(connection).go_on()
