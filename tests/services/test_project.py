"""The project's defaults and its junk list."""

import pytest

from cdpweb.models.snapshot import snapshot
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import ACTION_TEMPLATES
from cdpweb.services.catalog.project import edit_junk, edit_project
from cdpweb.services.refused import Refused


def test_defaults_are_edited_and_emptied(session):
    survey = create(session, ACTION_TEMPLATES, {"system_name": "Survey", "name": "Survey"})
    edit_project(
        session,
        {
            "time_zone": "Europe/Berlin",
            "phone_country": "uk",
            "api_endpoint": "cdpweb",
            "source_template": "survey",
            "existing_template": "",
        },
    )
    project = snapshot(session).project
    assert (project.time_zone, project.phone_country) == ("Europe/Berlin", "GB")
    assert (project.source_template_id, project.existing_template_id) == (survey.id, None)
    assert project.api_endpoint_id == snapshot(session).shipped.api_endpoint_id
    edit_project(session, {"phone_country": "", "api_endpoint": ""})
    assert snapshot(session).project.api_endpoint_id is None


def test_wrong_defaults_are_refused_each_with_a_sentence(session):
    with pytest.raises(Refused) as caught:
        edit_project(session, {"time_zone": "", "phone_country": "XX", "api_endpoint": "shop"})
    assert caught.value.sentences == {
        "time_zone": "Give the time zone.",
        "phone_country": "“XX” is not a country. Use two letters such as DE or US.",
        "api_endpoint": "There is no API endpoint “shop”.",
    }


def test_rules_2_11_the_junk_list_is_kept_as_imports_compare_it(session):
    edit_junk(session, [" No@No.com ", "", "+1 (999) 999-9999", "no@no.com"])
    project = snapshot(session).project
    assert (project.junk_emails, project.junk_phones) == ({"no@no.com"}, {19999999999})
    with pytest.raises(Refused) as caught:
        edit_junk(session, ["no@no.com", "nobody"])
    assert "Line 2, “nobody”" in caught.value.sentences["junk"]
