"""A lease lives while it is renewed, and belongs to one owner."""

from collections.abc import Callable

import pytest
from flask import Flask

from cdpweb import broker, leases
from tests.conftest import wait_for


@pytest.fixture
def database(sqlite_database: str) -> str:
    """No database is met here: once is enough."""
    return sqlite_database


def test_a_lease_belongs_to_its_owner_until_the_end_of_the_work(app: Flask) -> None:
    with app.app_context():
        with leases.held(7, "me"):
            assert leases.holder(7) == "me"
            assert leases.unheld([7, 8]) == [8]
        assert leases.holder(7) is None


def test_a_lease_is_renewed_for_longer_than_it_lives(make_app: Callable[..., Flask]) -> None:
    with make_app(LEASE_MILLISECONDS=1000).app_context(), leases.held(7, "me"):
        seen = []
        wait_for(lambda: seen.append(broker.connection().pttl(leases.key(7))) or len(seen) >= 75, 10)
        assert min(seen) > 0


def test_a_lease_that_is_not_renewed_ends(app: Flask) -> None:
    with app.app_context():
        assert leases.renew(broker.connection(), 7, "dead", milliseconds=50)
        wait_for(lambda: leases.holder(7) is None, 2)


def test_nobody_takes_or_ends_the_lease_of_another(app: Flask) -> None:
    with app.app_context():
        assert leases.renew(broker.connection(), 7, "first", milliseconds=5000)
        with pytest.raises(leases.LeaseTaken), leases.held(7, "second"):
            pass
        leases.release(broker.connection(), 7, "second")
        assert leases.holder(7) == "first"
        leases.release(broker.connection(), 7, "first")
        assert leases.holder(7) is None


def test_a_lease_ends_with_the_work_also_where_that_fails(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(ZeroDivisionError), leases.held(7, "me"):
            raise ZeroDivisionError
        assert leases.holder(7) is None


def test_without_a_broker_the_work_is_done_without_a_lease(make_app: Callable[..., Flask]) -> None:
    done = False
    with make_app(REDIS_URL="unix:///nowhere/broker.sock").app_context(), leases.held(7, "me"):
        done = True
    assert done


def test_owners_differ_and_fit_their_column() -> None:
    owners = {leases.new_owner() for _ in range(100)}
    assert len(owners) == 100
    assert max(map(len, owners)) <= 64
