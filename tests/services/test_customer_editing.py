"""A customer edited and deleted by hand: the rules of an import, its change records, nobody overtaken."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from cdpweb.domain.consent import Statement
from cdpweb.models import Action, Change, Customer, ExternalId, Posting, SegmentMember
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.services.catalog.files import load
from cdpweb.services.customers.editing import edit_customer, editable
from cdpweb.services.customers.removal import Losses, delete_customer, deletion_of, losses
from cdpweb.services.customers.stored import stored
from cdpweb.services.refused import Refused
from tests.posting import post_all, unposted

CATALOG = {
    "segment_groups": [
        {"system_name": "Loyalty", "name": "Loyalty", "segments": [{"system_name": "Gold", "name": "Gold"}]},
        {"system_name": "Survey", "name": "Survey", "segments": [{"system_name": "May", "name": "May"}]},
    ],
    "external_systems": [{"system_name": "Crm", "name": "CRM"}],
    "custom_fields": [
        {"system_name": "Note", "name": "Note", "type": "text"},
        {"system_name": "Since", "name": "Since", "type": "date-time"},
        {"system_name": "Sports", "name": "Sports", "type": "choice", "multiple": True, "create_missing": True},
    ],
    "topics": [{"system_name": "News", "name": "News", "channels": ["Email"]}],
    "areas": [{"external_id": "nyc", "name": "New York"}],
}
LAST_YEAR = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=365)


@pytest.fixture
def anna(session):
    load(session, CATALOG)
    anna = Customer(
        id=1,
        email="anna@mail.com",
        phone=12025550143,
        last_name="Smith",
        email_confirmed=True,
        phone_confirmed=True,
        custom={"Note": "old"},
        consents={"IsSubscribedByEmail": str(Statement(True, LAST_YEAR))},
        created_at=now(),
    )
    bob = Customer(id=2, email="bob@mail.com", last_name="Jones", first_name="Bob", created_at=now())
    session.add_all([anna, bob, ExternalId(system_id=1, value="A-1", customer_id=1)])
    session.add(ExternalId(system_id=1, value="B-2", customer_id=2))
    session.add(SegmentMember(customer_id=1, group_id=1, segment_id=1))
    post_all(session)
    return anna


def edit(session, customer, **given):
    catalog = snapshot(session)
    return edit_customer(session, catalog, customer, given, texts(session, customer), "marketing@")


def texts(session, customer):
    return stored(session, [customer])[0].texts(snapshot(session))


def refused(session, customer, **given):
    with pytest.raises(Refused) as caught:
        edit(session, customer, **given)
    assert session.scalar(select(func.count()).select_from(Change)) == 0
    return caught.value.sentences


def last_change(session):
    return session.scalars(select(Change).order_by(Change.id.desc())).first()


def test_a_field_is_read_as_a_cell_and_recorded_with_its_author(session, anna):
    for column, typed, kept in [
        ("LastName", " Jones  Miller ", "Jones Miller"),
        ("FirstName", "Anna", "Anna"),
        ("BirthDate", "1990-05-31", "1990-05-31"),
        ("Sex", "F", "female"),
        ("Area", "nyc", "nyc"),
        ("TimeZone", "europe/berlin", "Europe/Berlin"),
        ("Email", "Anna.Smith@Mail.com", "anna.smith@mail.com"),
        ("MobilePhone", "+49 30 12345678", "+493012345678"),
        ("ExternalIdentityCrm", "A-2", "A-2"),
        ("CustomFieldNote", "'=1+1", "'=1+1"),
        ("CustomFieldNote", "=1+1", "=1+1"),
        ("CustomFieldSince", "2026-05-31 14:30", "2026-05-31T14:30:00.000+00:00"),
        ("CustomFieldSports", "Swim|Run", "Run|Swim"),
        ("SegmentSurvey", "May", "May"),
        ("IsEmailConfirmed", "false", "false"),
        ("IsSubscribedByEmailOnNews", "true", "true"),
    ]:
        old = texts(session, anna).get(column)
        assert edit(session, anna, **{column: typed})
        assert texts(session, anna)[column] == kept
        change = last_change(session)
        assert (change.customer_id, change.author, change.task_id, change.record) == (1, "marketing@", None, None)
        if not column.startswith("IsSubscribed"):
            assert change.fields[column] == [old, kept]
        assert not edit(session, anna, **{column: kept})


@pytest.mark.parametrize(
    "column", ["LastName", "Email", "MobilePhone", "ExternalIdentityCrm", "CustomFieldNote", "SegmentLoyalty"]
)
def test_a_field_is_emptied(session, anna, column):
    old = texts(session, anna)[column]
    assert edit(session, anna, **{column: ""})
    assert column not in texts(session, anna)
    assert last_change(session).fields[column] == [old, None]


def test_what_a_file_could_not_say_is_refused_at_its_field(session, anna):
    for column, typed, words in [
        ("Email", "nobody", "This is not an email address."),
        ("Email", "no@no.com", "on the junk list"),
        ("Email", "Bob@mail.com", "It belongs to another customer: Bob Jones, number 2."),
        ("ExternalIdentityCrm", "B-2", "It belongs to another customer: Bob Jones, number 2."),
        ("MobilePhone", "12", "too short"),
        ("BirthDate", "3000-01-01", "range that makes sense"),
        ("LastName", "x" * 101, "longer than allowed"),
        ("Area", "moon", "No area has this external ID."),
        ("SegmentSurvey", "June", "not known here"),
        ("IsEmailConfirmed", "", "Say yes or no"),
        ("IsSubscribedByEmail", "maybe", "neither yes nor no"),
        ("CustomerId", "7", "There is no such field."),
    ]:
        sentences = refused(session, anna, **{column: typed, "FirstName": "Anna"})
        assert list(sentences) == [column]
        assert words in sentences[column]
        assert anna.first_name is None


def test_rules_5_7_the_last_identifier_stays(session, anna):
    sentences = refused(session, anna, Email="", MobilePhone="", ExternalIdentityCrm="")
    assert list(sentences) == ["ExternalIdentityCrm"]
    assert "last identifier" in sentences["ExternalIdentityCrm"]
    assert edit(session, anna, Email="", MobilePhone="")
    assert texts(session, anna)["ExternalIdentityCrm"] == "A-1"


def test_rules_5_8_a_new_email_or_phone_is_not_confirmed(session, anna):
    edit(session, anna, Email="anna@new.com", MobilePhone="+12025550144")
    assert (anna.email_confirmed, anna.phone_confirmed) == (None, None)
    assert last_change(session).fields["IsEmailConfirmed"] == ["true", None]
    edit(session, anna, IsEmailConfirmed="true")
    assert anna.email_confirmed is True
    edit(session, anna, Email="")
    with pytest.raises(Refused, match="no email to confirm"):
        edit(session, anna, IsEmailConfirmed="false")


def test_rules_6_opting_out_goes_down_and_a_person_may_opt_in_again(session, anna):
    edit(session, anna, IsSubscribed="false")
    assert texts(session, anna)["IsSubscribedByEmail"] == "false"
    edit(session, anna, IsSubscribedByEmail="true")
    assert texts(session, anna)["IsSubscribedByEmail"] == "true"
    old, new = last_change(session).fields["IsSubscribedByEmail"]
    assert (old[:4], new[:3]) == ("out ", "in ")


def test_choices_typed_by_hand_are_created_where_the_field_says_so(session, anna):
    edit(session, anna, CustomFieldSports="Swim|Run")
    choices = {one.external_id for one in snapshot(session).custom_fields[2].choices}
    assert choices == {"Swim", "Run"}


def test_nobody_is_overtaken(session, anna):
    before = texts(session, anna)
    edit(session, anna, LastName="Brown")
    catalog = snapshot(session)
    with pytest.raises(Refused) as caught:
        edit_customer(session, catalog, anna, {"LastName": "Miller"}, before, None)
    assert "now “Brown”" in caught.value.sentences["LastName"]
    assert edit_customer(session, catalog, anna, {"LastName": "Smith", "FirstName": "Anna"}, before, None)
    assert (anna.last_name, anna.first_name) == ("Brown", "Anna")


def test_an_identifier_is_swapped_between_kinds_in_one_go(session, anna):
    edit(session, anna, Email="", MobilePhone="+12025550144", ExternalIdentityCrm="")
    assert (anna.email, anna.phone) == (None, 12025550144)


def test_every_stored_field_is_editable_and_settings_are_not(session, anna):
    names = editable(snapshot(session))
    assert set(texts(session, anna)) <= set(names)
    assert not {"CustomerId", "FullName", "PhoneCountry", "SegmentExternalId", "SubscriptionDateTimeUtc"} & set(names)


def test_who_is_called_otherwise_is_found_so(session, anna):
    edit(session, anna, LastName="Jones", FirstName="Anna")
    edit(session, anna, LastName="Smith")
    edit(session, anna, LastName="Jones")
    assert unposted(session) == set()


def test_deleting_says_what_will_be_gone_and_leaves_no_personal_data(session, anna):
    edit(session, anna, LastName="Jones")
    post_all(session)
    edit(session, anna, FirstName="Anna")
    edit(session, anna, LastName="Jones Smith")
    moment = now()
    session.add(
        Action(
            customer_id=1, id=1, template_id=1, touchpoint_id=1, endpoint_id=1, happened_at=moment, recorded_at=moment
        )
    )
    assert losses(session, anna) == Losses(identifiers=3, actions=1, changes=3, segments=1)
    delete_customer(session, anna, "marketing@")
    assert session.get(Customer, 1) is None
    for kind in (ExternalId, SegmentMember, Action):
        assert session.scalar(select(func.count()).select_from(kind).where(kind.customer_id == 1)) == 0
    change = session.scalars(select(Change).where(Change.customer_id == 1)).one()
    assert (change.author, change.fields) == ("marketing@", {"Customer": ["deleted", None]})
    # Bob stays, who was posted together with her.
    assert {(one.value, one.numbers) for one in session.scalars(select(Posting))} == {("Jones", "2"), ("Bob", "2")}
    assert deletion_of(session, 1) is change
    assert deletion_of(session, 2) is None
