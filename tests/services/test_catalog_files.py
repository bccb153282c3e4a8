"""The catalog as a file (product §6)."""

import json

import pytest
from sqlalchemy import func, select

from cdpweb.models import Touchpoint
from cdpweb.models.snapshot import snapshot
from cdpweb.services.catalog.files import Loaded, dump, load
from cdpweb.services.refused import Refused

DOCUMENT = json.loads("""
{"touchpoints": [{"external_id": "web", "name": "Website", "parent": null}],
 "api_endpoints": [{"system_name": "website", "name": "Website", "touchpoint": "web"}],
 "segment_groups": [{"system_name": "Loyalty", "name": "Loyalty level", "external_id": "loy", "segments": [{"system_name": "Gold", "name": "Gold", "external_id": "g"}]}],
 "action_templates": [{"system_name": "Survey", "name": "Filled in the May survey"}],
 "custom_fields": [{"system_name": "Sports", "name": "Sports", "type": "choice", "multiple": true, "create_missing": true, "choices": [{"external_id": "run", "name": "Running"}]}],
 "external_systems": [{"system_name": "Crm", "name": "CRM"}],
 "topics": [{"system_name": "News", "name": "News", "channels": ["Email", "Sms"]}],
 "areas": [{"external_id": "nyc", "name": "New York", "parent": null, "time_zone": "America/New_York"}]}
""")  # noqa: E501 - product §6 word for word


def test_the_example_of_the_specification_loads(session):
    assert load(session, DOCUMENT) == Loaded(created=9)
    catalog = snapshot(session)
    assert catalog.segment_group("loy").segment("g").system_name == "Gold"
    assert catalog.touchpoint_of(catalog.api_endpoint("website").id) == catalog.touchpoint("web").id


def test_loading_twice_changes_nothing(session):
    load(session, DOCUMENT)
    before = snapshot(session)
    assert load(session, DOCUMENT) == Loaded(unchanged=9)
    assert snapshot(session) == before


def test_dump_prints_what_load_reads(session):
    load(session, DOCUMENT)
    dumped = json.loads(json.dumps(dump(session)))
    for section, entries in DOCUMENT.items():
        assert [one for one in dumped[section] if one in entries] == entries
    assert load(session, dumped) == Loaded(unchanged=sum(map(len, dumped.values())) + 1)


def test_what_differs_is_changed_and_what_is_not_named_stays(session):
    load(session, DOCUMENT)
    document = {
        "segment_groups": [{"system_name": "loyalty", "segments": [{"system_name": "GOLD", "name": "Golden"}]}],
        "custom_fields": [{"system_name": "Sports", "choices": [{"external_id": "swim"}]}],
    }
    assert load(session, document) == Loaded(changed=2, unchanged=1)
    catalog = snapshot(session)
    assert catalog.segment_group("Loyalty").segments[0].name == "Golden"
    assert [one.external_id for one in catalog.custom_fields[0].choices] == ["run", "swim"]


def test_parents_may_stand_further_down(session):
    document = {
        "areas": [{"external_id": "nyc", "name": "New York", "parent": "us"}, {"external_id": "us", "name": "USA"}]
    }
    assert load(session, document) == Loaded(created=2)
    assert [(one.external_id, one.parent) for one in snapshot(session).areas] == [("nyc", "us"), ("us", None)]
    turned = {"areas": [{"external_id": "us", "parent": "nyc"}]}
    with pytest.raises(Refused) as caught:
        load(session, turned)
    assert list(caught.value.sentences) == ["areas[0].parent"]


def test_what_is_wrong_is_named_by_its_path_and_nothing_is_stored(session):
    for document, path, words in [
        ([], "$", "A catalog file is one object"),
        ({"tuchpoints": []}, "tuchpoints", "There is no such kind"),
        ({"areas": {}}, "areas", "must be a list"),
        ({"areas": ["nyc"]}, "areas[0]", "must be an object"),
        ({"areas": [{"name": "New York"}]}, "areas[0].external_id", "Give the external ID."),
        ({"areas": [{"external_id": ["a"], "name": "A"}]}, "areas[0].external_id", "Write a text."),
        ({"topics": [{"system_name": {}, "name": "A", "channels": ["Sms"]}]}, "topics[0].system_name", "Write a text."),
        (
            {"areas": [{"external_id": "a", "name": "A"}, {"external_id": "a", "name": "B"}]},
            "areas[1].external_id",
            "“a” is in the file twice.",
        ),
        (
            {"segment_groups": [{"system_name": "G", "name": "G", "segments": [{"system_name": "1"}]}]},
            "segment_groups[0].segments[0].system_name",
            "Use a Latin letter",
        ),
        (
            {"segment_groups": [{"system_name": "G", "name": "G", "segments": {}}]},
            "segment_groups[0].segments",
            "must be a list",
        ),
        (
            {"custom_fields": [{"system_name": "F", "name": "F", "type": ["x"]}]},
            "custom_fields[0].type",
            "Choose one of",
        ),
        (
            {"custom_fields": [{"system_name": "F", "name": "F", "type": "choice", "choices": ["a"]}]},
            "custom_fields[0].choices",
            "A choice is an object",
        ),
        (
            {"custom_fields": [{"system_name": "F", "name": "F", "type": "choice", "choices": 5}]},
            "custom_fields[0].choices",
            "must be a list",
        ),
    ]:
        if isinstance(document, dict):
            document = {"touchpoints": [{"external_id": "web", "name": "Website"}], **document}
        with pytest.raises(Refused) as caught:
            load(session, document)
        assert words in caught.value.sentences[path]
        assert session.scalar(select(func.count()).select_from(Touchpoint)) == 1
