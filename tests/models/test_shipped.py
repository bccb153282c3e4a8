"""A new database holds what product §1 says, and the snapshot tells of it."""

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import FieldType
from cdpweb.models import Area, Base, Choice, Counter, CustomField, Project, Segment, SegmentGroup, Topic, Touchpoint
from cdpweb.models.shipped import ship
from cdpweb.models.snapshot import snapshot


@pytest.fixture
def session():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        ship(session)
        yield session
    engine.dispose()


def test_a_new_database_holds_endpoint_touchpoint_and_templates(session):
    catalog = snapshot(session)
    assert [(one.external_id, one.name) for one in catalog.touchpoints] == [("cdpweb", "cdpweb touchpoint")]
    assert catalog.touchpoint_of(catalog.shipped.api_endpoint_id) == catalog.shipped.touchpoint_id
    assert [(one.system_name, one.name) for one in catalog.action_templates] == [
        ("CustomerCreation", "Customer creation"),
        ("CustomerEdit", "Edit customer"),
    ]
    assert catalog.project.time_zone == "UTC" and catalog.project.phone_country is None
    assert {one.name: one.next_id for one in session.scalars(select(Counter))} == {
        "customers": 1,
        "actions": 1,
        "changes": 1,
        "turns": 1,
        "identifiers": 1,
        "settled": 1,
    }


def test_rules_2_11_the_shipped_junk_list_stands_as_emails_and_numbers(session):
    project = snapshot(session).project
    assert {"1@1.com", "no@no.com"} <= project.junk_emails
    assert 19999999999 in project.junk_phones


def test_shipping_again_changes_nothing_and_keeps_what_was_edited(session):
    session.get_one(Project, 1).junk = ["x@y.com"]
    session.scalars(select(Touchpoint)).one().name = "Our shop"
    before = snapshot(session)
    ship(session)
    assert snapshot(session) == before
    assert before.touchpoints[0].name == "Our shop"


def test_the_snapshot_holds_every_kind(session):
    field = CustomField(system_name="Sports", name="Sports", type="choice", multiple=True)
    field.choices = [Choice(external_id="run", name="Running")]
    group = SegmentGroup(system_name="Loyalty", name="Loyalty", external_id="loy")
    group.segments = [Segment(system_name="Gold", name="Gold", external_id="g")]
    usa = Area(external_id="us", name="USA")
    session.add_all([field, group, usa, Topic(system_name="News", name="News", channels=["Email"])])
    session.add(Area(external_id="nyc", name="New York", parent=usa, time_zone="America/New_York"))
    session.flush()
    catalog = snapshot(session)
    assert catalog.custom_fields[0].type is FieldType.CHOICE and catalog.custom_fields[0].choices[0].name == "Running"
    assert catalog.segment_group("loy").segment("g").name == "Gold"
    assert [(one.external_id, one.parent) for one in catalog.areas] == [("us", None), ("nyc", "us")]
    assert catalog.topics[0].channels == ("Email",)
