"""Entries of the catalog: what can be written, what is refused and with which words, what can be deleted."""

import datetime as dt

import pytest

from cdpweb.models import Action, Customer, ExternalId, SegmentMember, Task
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.services.catalog.choices import remove_choices
from cdpweb.services.catalog.entries import create, delete, edit
from cdpweb.services.catalog.kinds import (
    ACTION_TEMPLATES,
    API_ENDPOINTS,
    AREAS,
    CUSTOM_FIELDS,
    EXTERNAL_SYSTEMS,
    KINDS,
    SEGMENT_GROUPS,
    SEGMENTS,
    TOPICS,
    TOUCHPOINTS,
)
from cdpweb.services.refused import Refused
from tests.launching import launched
from tests.posting import post_all


def refused(call, *arguments):
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.sentences


EXAMPLES = {
    "touchpoints": {"external_id": "web", "name": "Website", "parent": "cdpweb"},
    "api_endpoints": {"system_name": "website", "name": "Website", "touchpoint": "cdpweb"},
    "segment_groups": {"system_name": "Loyalty", "name": "Loyalty level", "external_id": "loy"},
    "action_templates": {"system_name": "Survey", "name": "Filled in the May survey"},
    "custom_fields": {
        "system_name": "Sports",
        "name": "Sports",
        "type": "choice",
        "multiple": True,
        "create_missing": True,
        "choices": [{"external_id": "run", "name": "Running"}],
    },
    "external_systems": {"system_name": "Crm", "name": "CRM"},
    "topics": {"system_name": "News", "name": "News", "channels": ["Email", "Sms"]},
    "areas": {"external_id": "nyc", "name": "New York", "parent": None, "time_zone": "America/New_York"},
}


def test_every_kind_is_created_edited_and_deleted(session):
    for plural in EXAMPLES:
        kind = KINDS[plural]
        row = create(session, kind, EXAMPLES[plural])
        assert kind.entry(row) == EXAMPLES[plural]
        assert edit(session, row, {"name": "Another name"})
        assert not edit(session, row, kind.entry(row))
        assert row.name == "Another name"
        delete(session, row)
        assert kind.find(session, EXAMPLES[plural][kind.key]) is None


def test_segments_are_unique_in_their_group_alone(session):
    for group in ("Loyalty", "Survey"):
        create(session, SEGMENT_GROUPS, {"system_name": group, "name": group})
        create(session, SEGMENTS, {"group": group, "system_name": "Gold", "name": "Gold", "external_id": "g"})
    again = {"group": "Survey", "system_name": "gold", "name": "Gold", "external_id": "g"}
    sentences = refused(create, session, SEGMENTS, again)
    assert sentences == {
        "system_name": "“Gold” is taken by the segment “Gold” in Survey.",
        "external_id": "“g” is taken by the segment “Gold” in Survey.",
    }


def test_rules_1_5_system_names_are_a_letter_then_letters_and_digits(session):
    for name in ["1st", "Summer sports", "Größe", "a-b", "a_b", "A" * 65, "A\n"]:
        sentences = refused(
            create, session, CUSTOM_FIELDS, {"system_name": name + "x", "name": "Field", "type": "text"}
        )
        assert list(sentences) == ["system_name"]


def test_rules_1_5_system_names_are_unique_regardless_of_case(session):
    create(session, CUSTOM_FIELDS, {"system_name": "Sports", "name": "Sports", "type": "text"})
    sentences = refused(create, session, CUSTOM_FIELDS, {"system_name": "SPORTS", "name": "Other", "type": "text"})
    assert sentences == {"system_name": "“Sports” is taken by the custom field “Sports”."}
    create(session, EXTERNAL_SYSTEMS, {"system_name": "Sports", "name": "of another kind"})


def test_rules_1_5_a_name_is_refused_when_its_column_equals_another(session):
    for name in ["ationExternalId", "ExternalId", "externalid"]:
        sentences = refused(create, session, SEGMENT_GROUPS, {"system_name": name, "name": "Group"})
        assert "Choose another name" in sentences["system_name"]


def test_each_refusal_is_a_sentence_tied_to_its_attribute(session):
    for kind, entry, field, words in [
        (TOUCHPOINTS, {"external_id": "", "name": "Shop"}, "external_id", "Give the external ID."),
        (TOUCHPOINTS, {"external_id": "s", "name": "S" * 201}, "name", "Use at most 200 characters; this has 201."),
        (TOUCHPOINTS, {"external_id": "a\tb", "name": "Shop"}, "external_id", "control characters"),
        (TOUCHPOINTS, {"external_id": "s", "name": 7}, "name", "Write a text."),
        (TOUCHPOINTS, {"external_id": "s", "name": "\ud800"}, "name", "control characters"),
        (TOUCHPOINTS, {"external_id": "s", "name": "Shop", "parent": "x"}, "parent", "There is no touchpoint “x”."),
        (TOUCHPOINTS, {"external_id": "s", "name": "Shop", "nmae": ""}, "nmae", "There is no “nmae” here"),
        (API_ENDPOINTS, {"system_name": "shop", "name": "Shop"}, "touchpoint", "Choose the touchpoint."),
        (
            AREAS,
            {"external_id": "b", "name": "Berlin", "time_zone": "Berlin"},
            "time_zone",
            "“Berlin” is not a time zone",
        ),
        (TOPICS, {"system_name": "News", "name": "News", "channels": []}, "channels", "at least one channel"),
        (TOPICS, {"system_name": "News", "name": "News", "channels": ["Fax"]}, "channels", "“Fax” is not a channel"),
        (CUSTOM_FIELDS, {"system_name": "F", "name": "F", "type": "colour"}, "type", "Choose one of: text, integer"),
        (
            CUSTOM_FIELDS,
            {"system_name": "F", "name": "F", "type": "text", "multiple": "yes"},
            "multiple",
            "true or false",
        ),
        (
            CUSTOM_FIELDS,
            {"system_name": "F", "name": "F", "type": "text", "choices": [{"external_id": "a"}]},
            "choices",
            "Only a field of the type choice",
        ),
        (
            CUSTOM_FIELDS,
            {"system_name": "F", "name": "F", "type": "choice", "choices": [{"external_id": "a|b"}]},
            "choices",
            "“a|b” contains |",
        ),
        (
            CUSTOM_FIELDS,
            {
                "system_name": "F",
                "name": "F",
                "type": "choice",
                "choices": [{"external_id": "a", "name": "Run"}, {"external_id": "b", "name": "run"}],
            },
            "choices",
            "Two choices are named “run”",
        ),
    ]:
        sentences = refused(create, session, kind, entry)
        assert list(sentences) == [field]
        assert words in sentences[field]


def test_parents_make_no_circle(session):
    top = create(session, AREAS, {"external_id": "a", "name": "Top"})
    create(session, AREAS, {"external_id": "b", "name": "Middle", "parent": "a"})
    create(session, AREAS, {"external_id": "c", "name": "Bottom", "parent": "b"})
    assert "stands below it" in refused(edit, session, top, {"parent": "c"})["parent"]
    assert "stands below it" in refused(edit, session, top, {"parent": "a"})["parent"]


def test_names_that_files_refer_to_never_change(session):
    row = create(session, SEGMENT_GROUPS, {"system_name": "Loyalty", "name": "Loyalty"})
    edit(session, row, {"external_id": "loy"})
    assert refused(edit, session, row, {"system_name": "Level", "external_id": "lev"}) == {
        "system_name": "System name never changes after creation; it is “Loyalty”.",
        "external_id": "External ID never changes after creation; it is “loy”.",
    }
    field = create(session, CUSTOM_FIELDS, {"system_name": "Age", "name": "Age", "type": "integer"})
    assert set(refused(edit, session, field, {"type": "text", "multiple": True})) == {"type", "multiple"}


def add_customer(session, **columns):
    columns = {"id": 1, "created_at": now(), **columns}
    session.add(Customer(**columns))
    session.flush()


def test_what_customers_refer_to_is_not_deleted(session):
    rows = {plural: create(session, KINDS[plural], entry) for plural, entry in EXAMPLES.items()}
    create(session, SEGMENTS, {"group": "Loyalty", "system_name": "Gold", "name": "Gold"})
    segment = rows["segment_groups"].segments[0]
    add_customer(
        session,
        source_touchpoint_id=rows["touchpoints"].id,
        source_endpoint_id=rows["api_endpoints"].id,
        area="nyc",
        custom={"Sports": "run|swim"},
        consents={"IsSubscribedBySmsOnNews": "in 2026-05-31T14:30:00.000+00:00"},
    )
    post_all(session)
    session.add(ExternalId(system_id=rows["external_systems"].id, value="7", customer_id=1))
    session.add(SegmentMember(customer_id=1, group_id=rows["segment_groups"].id, segment_id=segment.id))
    moment = dt.datetime(2026, 5, 31, tzinfo=dt.UTC)
    session.add(
        Action(
            customer_id=1,
            id=1,
            template_id=rows["action_templates"].id,
            touchpoint_id=1,
            endpoint_id=1,
            happened_at=moment,
            recorded_at=moment,
        )
    )
    session.flush()
    reasons = {plural: refused(delete, session, row)[""] for plural, row in rows.items()}
    assert "customers were created with it" in reasons["touchpoints"]
    assert "customers were created with it" in reasons["api_endpoints"]
    assert "actions of customers have it" in reasons["action_templates"]
    assert "it holds segments: “Gold”" in reasons["segment_groups"]
    assert "customers have values in it" in reasons["custom_fields"]
    assert "customers have IDs in it" in reasons["external_systems"]
    assert "customers have said yes or no to it" in reasons["topics"]
    assert "customers live in it" in reasons["areas"]
    assert "customers are in it" in refused(delete, session, segment)[""]
    assert "by Sms; keep the channel" in refused(edit, session, rows["topics"], {"channels": ["Email"]})["channels"]
    assert "customers have it" in refused(remove_choices, session, rows["custom_fields"], {"run"})["choices"]


def test_what_other_entries_refer_to_is_not_deleted(session):
    shop = create(session, TOUCHPOINTS, {"external_id": "shop", "name": "Shop"})
    create(session, TOUCHPOINTS, {"external_id": "till", "name": "Till", "parent": "shop"})
    create(session, API_ENDPOINTS, {"system_name": "erp", "name": "ERP", "touchpoint": "shop"})
    sentence = refused(delete, session, shop)[""]
    assert "it is the parent of “Till”" in sentence
    assert "API endpoints lead to it: “ERP”" in sentence


def test_what_a_file_on_its_way_may_name_is_not_deleted(session):
    """An import reads the catalog at its start; what it finds there must not go while it writes."""
    rows = [create(session, kind, EXAMPLES[kind.plural]) for kind in (TOUCHPOINTS, API_ENDPOINTS, ACTION_TEMPLATES)]
    create(session, SEGMENT_GROUPS, EXAMPLES["segment_groups"])
    rows.append(create(session, SEGMENTS, {"group": "Loyalty", "system_name": "Gold", "name": "Gold"}))
    rows.append(create(session, AREAS, EXAMPLES["areas"]))
    field = create(session, CUSTOM_FIELDS, EXAMPLES["custom_fields"])
    cells = "web,website,Survey,Gold,nyc,run"
    header = "SourcePointOfContact,ApiEndpoint,SourceActionTemplate,SegmentLoyalty,Area,CustomFieldSports"
    task = session.get(Task, launched(session, f"Email,{header}\na@example.com,{cells}\n"))
    for row in rows:
        assert f"task {task.id} is not done with a file that may name it" in refused(delete, session, row)[""]
    assert f"task {task.id} is not done" in refused(remove_choices, session, field, {"run"})["choices"]
    task.status = "finished"
    for row in (rows[1], rows[0], *rows[2:]):
        delete(session, row)
    remove_choices(session, field, {"run"})


def test_what_is_shipped_is_not_deleted(session):
    for kind, key in ((TOUCHPOINTS, "cdpweb"), (API_ENDPOINTS, "cdpweb"), (ACTION_TEMPLATES, "CustomerEdit")):
        assert "shipped with cdpweb" in refused(delete, session, kind.find(session, key))[""]


def test_choices_are_added_renamed_and_removed(session):
    field = create(session, CUSTOM_FIELDS, EXAMPLES["custom_fields"])
    edit(session, field, {"choices": [{"external_id": "run", "name": "Jogging"}, {"external_id": "Swim"}]})
    assert [(one.external_id, one.name) for one in snapshot(session).custom_fields[0].choices] == [
        ("run", "Jogging"),
        ("Swim", "Swim"),
    ]
    remove_choices(session, field, {"Swim"})
    assert [one.external_id for one in snapshot(session).custom_fields[0].choices] == ["run"]
