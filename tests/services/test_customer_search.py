"""Customers are found by identifier, name and filter, a page at a time (product §5)."""

import re
from itertools import product

import pytest
from sqlalchemy import event, text

from cdpweb.domain.tasks import Outcome
from cdpweb.extensions import db
from cdpweb.models import Customer, ExternalId, SegmentMember, TaskRow
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.services.catalog.files import load
from cdpweb.services.catalog.project import edit_project
from cdpweb.services.customers import lanes, lookup, search
from cdpweb.services.customers.lanes import Cursor, Filters
from cdpweb.services.customers.search import find_page
from tests.databases import on_postgres, on_sqlite
from tests.posting import post_all

TOUCHPOINT, TEMPLATE = 1, 2
GROWING = re.compile("(customers|postings|segment_members|task_rows|external_ids|(fresh_)?identifiers)( |$)")


@pytest.fixture
def people(session):
    """Nine customers; 1 to 3 have identifiers and names of their own, the others are all called Zweig."""
    load(
        session,
        {
            "segment_groups": [{"system_name": "G", "name": "G", "segments": [{"system_name": "A", "name": "A"}]}],
            "external_systems": [{"system_name": "Crm", "name": "CRM"}, {"system_name": "Shop", "name": "Shop"}],
        },
    )
    session.add_all(
        [
            Customer(id=1, email="anna@smith.com", phone=493012345678, last_name="Smith", first_name="Anna"),
            Customer(id=2, email="bob@smithers.com", last_name="SMITHERS", first_name="Bob"),
            Customer(id=3, phone=12025550143, last_name="van der Berg", first_name="Jan", source_template_id=TEMPLATE),
            *(
                Customer(id=number, email=f"z{number}@z.com", last_name="Zweig", source_touchpoint_id=TOUCHPOINT)
                for number in range(4, 10)
            ),
        ]
    )
    for customer in session.new:
        customer.created_at = now()
    session.add_all(
        [ExternalId(system_id=1, value="A-1", customer_id=2), ExternalId(system_id=2, value="5", customer_id=3)]
    )
    session.add_all(SegmentMember(customer_id=number, group_id=1, segment_id=1) for number in (1, 4, 5, 6))
    outcomes = [(1, "created", 4), (2, "rejected", None), (3, "updated", 4), (4, "created", 7), (5, "unchanged", 1)]
    session.add_all(TaskRow(task_id=9, record=r, line=r + 1, outcome=o, customer_id=c) for r, o, c in outcomes)
    post_all(session)
    return snapshot(session)


def ids(session, catalog, cursor=None, **filters):
    return [one.id for one in find_page(session, catalog, Filters(**filters), cursor).customers]


TEXTS = {
    "anna@smith.com": [1],
    "  Anna@SMITH.com ": [1],
    "anna@smith": [],
    "+49 30 12345678": [1],
    "0049-30-12345678": [1],
    "030 12345678": [1],
    "493012345678": [1],
    "2": [2],
    "A-1": [2],
    "a-1": [],
    "5": [5, 3],
    "smi": [2, 1],
    "Smith": [2, 1],
    "SMITHE": [2],
    "anna": [1],
    "Anna Smith": [1],
    "Smith, Anna": [1],
    "smith bob": [2],
    "Van der": [3],
    "Jan Van Der": [3],
    "zwei": [9, 8, 7, 6, 5, 4],
    "nobody": [],
    "%": [],
    "\0": [9, 8, 7, 6, 5, 4, 3, 2, 1],
    "9" * 30: [],
    "\ud800 anna": [1],
}


def test_a_text_is_an_identifier_or_the_beginning_of_a_name(session, people):
    edit_project(session, {"phone_country": "DE"})
    catalog = snapshot(session)
    assert {text: ids(session, catalog, text=text) for text in TEXTS} == TEXTS


def test_common_and_rare_names_are_found_alike(session, people, monkeypatch):
    """Gathered one by one, followed name by name, or walked through."""
    for candidates, names in product([0, 1, 2, 20_000], [0, 1, 50]):
        monkeypatch.setattr(lookup, "NAME_CANDIDATES", candidates)
        monkeypatch.setattr(lookup, "NAMES", names)
        assert ids(session, people, text="smith") == [2, 1]
        assert ids(session, people, text="anna smith") == [1]
        assert ids(session, people, text="Zweig", segment_id=1) == [6, 5, 4]


FILTERS = [
    ({"segment_id": 1}, [6, 5, 4, 1]),
    ({"touchpoint_id": TOUCHPOINT}, [9, 8, 7, 6, 5, 4]),
    ({"template_id": TEMPLATE}, [3]),
    ({"segment_id": 1, "touchpoint_id": TOUCHPOINT}, [6, 5, 4]),
    ({"segment_id": 1, "template_id": TEMPLATE}, []),
    ({"segment_id": 1, "text": "smith"}, [1]),
    ({"task_id": 9}, [1, 7, 4]),
    ({"task_id": 9, "outcome": Outcome.CREATED}, [7, 4]),
    ({"task_id": 9, "outcome": Outcome.REJECTED}, []),
    ({"task_id": 9, "segment_id": 1}, [1, 4]),
    ({"task_id": 9, "text": "anna"}, [1]),
    ({"task_id": 8}, []),
]


def test_filters_add_up_newest_first(session, people):
    for filters, found in FILTERS:
        assert ids(session, people, **filters) == found, filters


@pytest.mark.parametrize("filters", [{}, {"touchpoint_id": TOUCHPOINT, "segment_id": 1}, {"text": "z"}, {"task_id": 9}])
@pytest.mark.parametrize("budget", [60, 0])
def test_pages_follow_each_other_both_ways(session, people, monkeypatch, filters, budget):
    """Also where the time is always up: then a page may be short, but nobody is left out or shown twice."""
    whole = ids(session, people, **filters)
    monkeypatch.setattr(search, "PAGE_CUSTOMERS", 2)
    monkeypatch.setattr(search, "FIRST_STRETCH", 1)
    monkeypatch.setattr(search, "BUDGET_SECONDS", budget)
    pages, back = [], []
    page = find_page(session, people, Filters(**filters))
    assert page.previous is None
    while True:
        pages.append(page)
        if page.next is None:
            break
        page = find_page(session, people, Filters(**filters), page.next)
    assert [one.id for page in pages for one in page.customers] == whole
    while page.previous:
        page = find_page(session, people, Filters(**filters), page.previous)
        back = [one.id for one in page.customers] + back
    assert back == whole[: len(whole) - len(pages[-1].customers)]


def test_no_page_counts_a_table(session, people, monkeypatch):
    assert find_page(session, people, Filters()).total == 9
    monkeypatch.setattr(lanes, "COUNTED", 5)
    assert find_page(session, people, Filters()).total == 6
    assert find_page(session, people, Filters(touchpoint_id=TOUCHPOINT)).total == 6
    assert find_page(session, people, Filters(segment_id=1)).total == 4
    assert find_page(session, people, Filters(text="smith")).total == 2
    assert find_page(session, people, Filters(segment_id=1, touchpoint_id=TOUCHPOINT)).total is None


def test_a_cursor_beyond_the_end_is_an_empty_page_with_a_way_back(session, people):
    page = find_page(session, people, Filters(), Cursor(0))
    assert (page.customers, page.next) == ([], None)
    assert ids(session, people, page.previous) == [9, 8, 7, 6, 5, 4, 3, 2, 1]


def plans_of(session, people, how):
    """The steps of the query plans of many pages, each with its statement, as `how` asks for them."""
    plans = []

    def explain(connection, cursor, statement, parameters, *_):
        if statement.startswith("SELECT"):
            rows = connection.connection.driver_connection.execute(f"{how} {statement}", parameters)
            plans.extend((row[-1], statement) for row in rows)

    event.listen(db.engine, "before_cursor_execute", explain)
    for filters in (*(one for one, _ in FILTERS), {}, {"text": "anna smith"}, {"text": "2", "segment_id": 1}):
        page = find_page(session, people, Filters(**filters))
        find_page(session, people, Filters(**filters), Cursor(5))
        assert page
    event.remove(db.engine, "before_cursor_execute", explain)
    large = [(step, statement) for step, statement in plans if GROWING.search(statement)]
    assert len(large) > 100
    return large


@on_sqlite
def test_no_page_walks_or_sorts_a_table(session, people):
    """The query plans: every statement follows an index and stops; only the newest customers need none."""
    large = plans_of(session, people, "EXPLAIN QUERY PLAN")
    assert [both for both in large if "TEMP B-TREE" in both[0]] == []
    walks = [(step, statement) for step, statement in large if step.startswith("SCAN") and GROWING.search(step)]
    assert [both for both in walks if "LIMIT" not in both[1] or "customers.id <" in both[1]] == []


@on_postgres
def test_no_page_has_to_walk_or_sort_a_table(session, people):
    """PostgreSQL walks small tables whatever their indexes: told not to, it finds an index for every statement."""
    for way in ("enable_seqscan", "enable_sort"):
        session.execute(text(f"SET LOCAL {way} = off"))
    large = plans_of(session, people, "EXPLAIN (COSTS OFF)")
    assert [both for both in large if "Seq Scan" in both[0] or "Sort Key" in both[0]] == []
