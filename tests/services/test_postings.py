"""The postings give the same numbers in whatever pieces they are read, wherever they lie."""

import random
from itertools import pairwise

import pytest
from sqlalchemy import insert

from cdpweb.engine import postings as engine
from cdpweb.models import Customer, Posting
from cdpweb.models.postings import BUCKET_BITS, Posted
from cdpweb.models.types import now
from cdpweb.services.customers import names, postings
from cdpweb.services.customers.names import Name
from tests.posting import post_all, unposted

SEED = 20261128
TOUCHPOINT = 4
KINDS = [(Posted.LAST_NAME, "Lee"), (Posted.SOURCE_TOUCHPOINT, str(TOUCHPOINT))]


@pytest.fixture
def lees(session, monkeypatch):
    """Customers in four buckets, every other one called Lee or Leeds; the ids of the Lees, who have one source."""
    monkeypatch.setattr(engine, "MOST_NUMBERS", 3)
    chance = random.Random(SEED)
    ids = sorted({bucket << BUCKET_BITS | chance.randrange(40) for bucket in (0, 1, 2, 9) for _ in range(25)} - {0})
    called = {one: chance.choice(["Lee", "Leeds", "Kim", None]) for one in ids}
    sources = {one: TOUCHPOINT if called[one] == "Lee" else TOUCHPOINT + 1 for one in ids}
    customers = [
        {"id": one, "last_name": called[one], "source_touchpoint_id": sources[one], "created_at": now()} for one in ids
    ]
    session.execute(insert(Customer), customers)
    post_all(session)
    assert unposted(session) == set()
    return [one for one in ids if called[one] == "Lee"]


@pytest.mark.parametrize(("kind", "value"), KINDS)
@pytest.mark.parametrize("backwards", [False, True])
def test_stretches_follow_each_other(session, lees, kind, value, backwards):
    wanted = lees if backwards else lees[::-1]
    for size in (1, 4, 1000):
        found, at = [], None
        while stretch := postings.stretch(session, kind, value, at, size, backwards=backwards)[:size]:
            found += stretch
            at = stretch[-1]
        assert found == wanted


@pytest.mark.parametrize(("kind", "value"), KINDS)
def test_whatever_place_a_stretch_begins_at(session, lees, kind, value):
    for lower, higher in pairwise(lees):
        for between in {lower, lower + 1, higher - 1} - {higher}:
            assert postings.stretch(session, kind, value, between, 1, backwards=True)[0] == higher
        for between in {higher, lower + 1, higher - 1} - {lower}:
            assert postings.stretch(session, kind, value, between, 1, backwards=False)[0] == lower
    assert postings.stretch(session, kind, value, lees[-1], 1, backwards=True) == []
    assert postings.stretch(session, kind, value, lees[0], 1, backwards=False) == []


def test_names_that_were_posted_later_are_found_in_their_place(session, lees):
    """Postings of names overlap: somebody in the midst of others comes to be called as they are."""
    lowest, highest = lees[0], max(one for one in lees if one >> BUCKET_BITS == lees[0] >> BUCKET_BITS)
    late = next(one for one in range(lowest, highest) if one not in lees)
    numbers = f"{late},{highest + 1}"
    session.add(Posting(kind=Posted.LAST_NAME, value="Lee", bucket=0, first=late, numbers=numbers))
    session.flush()
    everybody = sorted([*lees, late, highest + 1])
    for backwards in (False, True):
        found, at = [], None
        while stretch := postings.stretch(session, Posted.LAST_NAME, "Lee", at, 1, backwards=backwards)[:1]:
            found += stretch
            at = stretch[-1]
        assert found == (everybody if backwards else everybody[::-1])


@pytest.mark.parametrize("backwards", [False, True])
def test_a_page_of_a_source_that_all_have_reads_little(session, monkeypatch, backwards):
    """Every customer came from there: of the many in one bucket a page reads a few postings."""
    monkeypatch.setattr(postings, "FETCHED", 1)
    customers = [{"id": one, "source_touchpoint_id": TOUCHPOINT, "created_at": now()} for one in range(1, 3001)]
    session.execute(insert(Customer), customers)
    post_all(session)
    read = []
    monkeypatch.setattr(postings, "numbers_of", lambda text: read.append(text) or map(int, text.split(",")))
    found = postings.stretch(session, Posted.SOURCE_TOUCHPOINT, str(TOUCHPOINT), 1500, 50, backwards=backwards)
    assert found[:50] == ([*range(1501, 1551)] if backwards else [*range(1499, 1449, -1)])
    assert len(read) <= 3


def test_as_many_as_there_are_are_counted(session, lees):
    assert postings.count(session, *KINDS[1], 1000) == len(lees)
    assert postings.count(session, *KINDS[1], 5) == 5
    assert postings.count(session, Posted.SOURCE_TOUCHPOINT, "99", 5) == 0


def test_all_who_may_be_called_so(session, lees):
    last = Posted.LAST_NAME
    assert {*lees} < {*names.ids_beginning(session, last, "Lee")}
    assert [*names.names_beginning(session, last, "L")] == [Name(last, "Lee"), Name(last, "Leeds")]
    assert [*names.ids_beginning(session, Posted.FIRST_NAME, "Lee")] == []
