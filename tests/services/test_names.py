"""The inverted index of names gives the same customers in whatever pieces it is read, wherever they lie."""

import random
from itertools import pairwise

import pytest
from sqlalchemy import insert

from cdpweb.engine import postings as engine
from cdpweb.models import Customer
from cdpweb.models.customers import BUCKET_BITS, NAME_COLUMNS
from cdpweb.models.types import now
from cdpweb.services.customers import names
from cdpweb.services.customers.names import Name
from tests.posting import post_names, unposted

SEED = 20261128
LAST = NAME_COLUMNS.index("last_name")


@pytest.fixture
def lees(session, monkeypatch):
    """Customers in four buckets, every other one called Lee or Leeds; the ids of the Lees."""
    monkeypatch.setattr(engine, "MOST_IDS", 3)
    chance = random.Random(SEED)
    ids = sorted({bucket << BUCKET_BITS | chance.randrange(40) for bucket in (0, 1, 2, 9) for _ in range(25)} - {0})
    called = {one: chance.choice(["Lee", "Leeds", "Kim", None]) for one in ids}
    session.execute(insert(Customer), [{"id": one, "last_name": called[one], "created_at": now()} for one in ids])
    post_names(session)
    assert unposted(session) == set()
    return [one for one in ids if called[one] == "Lee"]


@pytest.mark.parametrize("backwards", [False, True])
def test_stretches_follow_each_other(session, lees, backwards):
    wanted = lees if backwards else lees[::-1]
    for size in (1, 4, 1000):
        found, at = [], None
        while stretch := names.stretch(session, Name(LAST, "Lee"), at, size, backwards=backwards)[:size]:
            found += stretch
            at = stretch[-1]
        assert found == wanted


def test_whatever_place_a_stretch_begins_at(session, lees):
    for lower, higher in pairwise(lees):
        assert names.stretch(session, Name(LAST, "Lee"), lower, 1, backwards=True)[0] == higher
        assert names.stretch(session, Name(LAST, "Lee"), higher, 1, backwards=False)[0] == lower
    assert names.stretch(session, Name(LAST, "Lee"), lees[-1], 1, backwards=True) == []
    assert names.stretch(session, Name(LAST, "Lee"), lees[0], 1, backwards=False) == []


def test_all_who_may_be_called_so(session, lees):
    assert {*lees} < {*names.ids_beginning(session, LAST, "Lee")}
    assert [*names.names_beginning(session, LAST, "L")] == [Name(LAST, "Lee"), Name(LAST, "Leeds")]
    assert [*names.ids_beginning(session, LAST + 1, "Lee")] == []
