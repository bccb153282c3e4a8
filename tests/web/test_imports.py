"""The import page without JavaScript, and the fragments that JavaScript asks for (product §2, rules §1)."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from cdpweb.domain.settings import Switch, WriteMode
from cdpweb.domain.tasks import Status
from cdpweb.models import Task, Upload
from cdpweb.models.catalog import ActionTemplate, Segment, SegmentGroup
from cdpweb.services import uploads
from tests.web.markup import filled, fragment, page

CLEAN = b"Email,FirstName\nanna@mail.example.org,Anna\n"
UNKNOWN = b"Email,Surname,Sales rep\nanna@mail.example.org,Smith,Joe\n"


def send(client: FlaskClient, content: bytes, name: str = "spring.csv", **form: Any) -> TestResponse:
    """Post the form with a file, as a browser without JavaScript does."""
    return client.post("/imports", data={**form, "file": (io.BytesIO(content), name)})


def launch(client: FlaskClient, content: bytes = CLEAN, **changes: Any) -> TestResponse:
    """Send a file, then launch the form that comes back, with changes."""
    return client.post("/imports", data=filled(page(send(client, content, act="check")), **changes))


def only_task(session: Session) -> Task:
    return session.scalars(select(Task)).one()


# The empty form


def test_an_empty_form_offers_every_setting_and_its_switch(client: FlaskClient) -> None:
    markup = page(client.get("/imports/new"))
    assert {has["value"] for has in markup.all("input", name="from_file")} == set(Switch)
    for name in ("task", "encoding", "endpoint", "touchpoint", "segment", "source_action", "existing_action"):
        assert markup.all("select", name=name)
    assert "Choose a file first" in markup.text


def test_the_column_reference_names_this_base_s_own_fields(client: FlaskClient, session: Session) -> None:
    session.add(SegmentGroup(system_name="Survey", name="Surveys"))
    assert "SegmentSurvey" in page(client.get("/imports/new")).text


def test_choosing_a_task_swaps_settings_and_hints(client: FlaskClient) -> None:
    adding = fragment(client.post("/imports/check", data={"task": "add"}))
    assert "LastUpdateActionTemplate" not in adding.text
    assert not adding.all("select", name="existing_action")
    editing = fragment(client.post("/imports/check", data={"task": "edit"}))
    assert "SourceActionTemplate" not in editing.text
    assert not editing.all("select", name="source_action")


def test_the_template_imports_cleanly_as_it_is(client: FlaskClient, session: Session, drain: Any) -> None:
    template = client.get("/imports/template.csv")
    assert template.headers["Content-Disposition"].startswith("attachment")
    assert launch(client, template.data).status_code == 303
    drain()
    session.expire_all()
    task = only_task(session)
    assert (task.status, task.created, task.rejected, task.warnings) == (Status.FINISHED, 2, 0, 0)


# A file arrives


def test_the_first_post_takes_the_file_in_and_shows_it_checked(client: FlaskClient, session: Session) -> None:
    """rules 1.1"""
    markup = page(send(client, CLEAN))
    upload = session.scalars(select(Upload)).one()
    assert (upload.given_name, upload.size_bytes) == ("spring.csv", len(CLEAN))
    assert markup.one("input", name="upload")["value"] == upload.name
    assert "Nothing stands in the way" in markup.text
    assert "anna@mail.example.org" in markup.text
    assert not session.scalars(select(Task)).all()


def test_a_file_sent_by_itself_is_named_by_the_answer(client: FlaskClient, session: Session) -> None:
    answer = client.post("/imports/upload", data=CLEAN, headers={"X-File-Name": "fr%C3%BChling.csv"})
    assert answer.status_code == 201
    upload = session.scalars(select(Upload)).one()
    assert (upload.name, upload.given_name) == (answer.json["upload"], "frühling.csv")


def test_what_was_filled_in_before_the_file_came_is_kept(client: FlaskClient) -> None:
    markup = page(send(client, CLEAN, act="check", description="Spring survey", phone_country="DE", from_file="date"))
    assert markup.one("input", name="description")["value"] == "Spring survey"
    assert "selected" in markup.one("option", value="DE")
    assert "checked" in markup.one("input", name="from_file", value="date")


def test_a_file_over_the_limit_is_refused_with_413(make_app: Any) -> None:
    """rules 1.2"""
    client = make_app(MAX_UPLOAD_BYTES=20).test_client()
    whole = client.post("/imports/upload", data=CLEAN)
    assert whole.status_code == 413
    assert "larger than 20 bytes" in whole.json["message"]
    within = page(send(client, CLEAN), 413)
    assert "larger than 20 bytes" in within.text


def test_a_file_without_room_is_refused_with_507(make_app: Any) -> None:
    """rules 1.2"""
    client = make_app(FREE_DISK_RESERVE_BYTES=10**18).test_client()
    assert client.post("/imports/upload", data=CLEAN).status_code == 507
    assert "disk space" in page(send(client, CLEAN), 507).text


def test_a_refused_file_leaves_nothing_behind(make_app: Any) -> None:
    """rules 1.1"""
    app = make_app(MAX_UPLOAD_BYTES=20)
    send(app.test_client(), CLEAN)
    assert not list(uploads.folder_of(app.extensions["cdpweb_config"]).iterdir())


def test_launching_without_a_file_says_so(client: FlaskClient) -> None:
    markup = page(client.post("/imports", data={"description": "Spring"}), 422)
    assert "Choose a file first" in markup.text
    assert "autofocus" in markup.with_id("error-summary")
    assert markup.with_id("file")["aria-invalid"] == "true"


def test_removing_the_file_keeps_the_rest_of_the_form(client: FlaskClient) -> None:
    form = filled(page(send(client, CLEAN, description="Spring")), act="remove")
    markup = page(client.post("/imports", data=form))
    assert "spring.csv" not in markup.text
    assert markup.one("input", name="description")["value"] == "Spring"


def test_an_upload_that_is_gone_is_asked_for_again(client: FlaskClient) -> None:
    assert "Choose it again" in page(client.post("/imports", data={"upload": "0" * 32}), 422).text


def test_the_same_file_again_is_warned_of_with_a_link(client: FlaskClient, session: Session) -> None:
    """product 4"""
    launch(client)
    markup = page(send(client, CLEAN))
    assert "This file was launched before" in markup.text
    assert markup.all("a", href=f"/tasks/{only_task(session).id}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"Email\n", "no rows"),
        (b"PK\x03\x04" + b"\0" * 60, "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "spreadsheet"),
        (b"Email\nM\xfcller@example.org\n", "not valid"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(client: FlaskClient, content: bytes, words: str) -> None:
    """rules 1.2, 1.3, 1.5"""
    markup = page(send(client, content), 422)
    assert words in markup.text
    assert markup.with_id("upload-box")["data-state"] == "refused"


def test_another_encoding_is_offered_and_taken_with_one_act(client: FlaskClient) -> None:
    """rules 1.3"""
    markup = page(send(client, "Email,FirstName\na@mail.example.org,Jürgen Müßig\n".encode("cp1252"), act="check"))
    (offer,) = [has["value"] for has in markup.all("button", name="act") if has["value"].startswith("encoding:")]
    assert "Jürgen" in fragment(client.post("/imports/check", data=filled(markup, act=offer))).text


# Columns


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("FirstName,LastName", "No column identifies the customers"),
        ("Email,E-mail", "fill the same field"),
        ("Email,SegmentExternalId", "SegmentExternalId"),
    ],
)
def test_a_header_that_cannot_be_imported_is_refused_by_name(client: FlaskClient, header: str, words: str) -> None:
    """rules 1.5"""
    assert words in page(send(client, f"{header}\na@mail.example.org,b@mail.example.org\n".encode()), 422).text


def test_columns_that_fill_nothing_wait_for_a_decision(client: FlaskClient, session: Session) -> None:
    """rules 1.5"""
    markup = page(send(client, UNKNOWN, act="check"))
    assert "2 irrelevant: “Surname”, “Sales rep”" in markup.text
    refused = page(client.post("/imports", data=filled(markup)), 422)
    assert refused.with_id("column-1")["aria-invalid"] == "true"
    assert refused.all("a", href="#column-2")
    assert not session.scalars(select(Task)).all()


def test_a_synonym_is_proposed_and_never_silently_taken(client: FlaskClient) -> None:
    """rules 1.5"""
    markup = page(send(client, UNKNOWN, act="check"))
    mapped = fragment(client.post("/imports/check", data=filled(markup, act="map:1:LastName")))
    assert "2 fill a field · 1 irrelevant: “Sales rep”" in mapped.text


def test_one_act_skips_all_unknown_columns(client: FlaskClient, session: Session) -> None:
    """rules 1.5"""
    markup = page(send(client, UNKNOWN, act="check"))
    skipped = fragment(client.post("/imports/check", data=filled(markup, act="skip-all")))
    assert "Nothing stands in the way" in skipped.text
    client.post("/imports", data=filled(skipped, **{"column-1": "skip", "column-2": "skip"}))
    assert only_task(session).columns == ["Email", None, None]


def test_a_settings_column_turns_its_switch_on_once(client: FlaskClient) -> None:
    """rules 3"""
    content = b"Email,ApiEndpoint\na@mail.example.org,cdpweb\n"
    markup = page(send(client, content))
    assert "checked" in markup.one("input", name="from_file", value="endpoint")
    off = fragment(client.post("/imports/check", data=filled(markup, from_file=[])))
    assert "checked" not in off.one("input", name="from_file", value="endpoint")
    assert "“use the value from the file” is off" in off.text


def test_a_file_of_many_columns_is_shown_whole(client: FlaskClient) -> None:
    header = ",".join(["Email", *(f"Column {number}" for number in range(299))])
    markup = page(send(client, f"{header}\na@mail.example.org\n".encode(), act="check"))
    assert "299 irrelevant" in markup.text


# Launch


def test_a_launch_leads_to_the_task(client: FlaskClient, session: Session) -> None:
    """rules 1.1"""
    answer = launch(client, description=["Spring survey"])
    task = only_task(session)
    assert (answer.status_code, answer.location) == (303, f"/tasks/{task.id}")
    assert (task.status, task.description) == (Status.WAITING, "Spring survey")


def test_the_same_form_sent_twice_makes_one_task(client: FlaskClient, session: Session) -> None:
    """rules 1.1"""
    form = filled(page(send(client, CLEAN)))
    first, second = client.post("/imports", data=form), client.post("/imports", data=form)
    assert first.location == second.location
    assert only_task(session)


def test_every_setting_reaches_the_task(client: FlaskClient, session: Session) -> None:
    """rules 2.1, 2.2, 2.7, 3, 5.4"""
    launch(
        client, task="edit", phone_country="DE", action_date="2026-05-31T14:30", existing_action="none",
        action_for_unchanged="y", empty_cells="erase", conflicts="strongest", date_order="dmy", allow_resubscribe="y",
        skip_empty="skip", reject_unknown_values="reject", **{"mode-FirstName": "fill"},
    )  # fmt: skip
    task = only_task(session)
    stored = task.settings
    assert task.kind == "edit"
    assert (stored["phone_country"], stored["existing_template_id"], stored["action_for_unchanged"]) == ("DE", 0, True)
    assert stored["action_date"] == "2026-05-31T14:30:00+00:00"
    assert (stored["empty_cells"], stored["conflicts"], stored["date_order"]) == ("erase", "strongest", "dmy")
    assert (stored["allow_resubscribe"], stored["write_modes"]) == (True, {"FirstName": WriteMode.FILL})
    assert task.answers == {"empty_columns": "skip", "unknown_setting_values": "reject"}


def test_segment_and_actions_are_created_on_the_spot(client: FlaskClient, session: Session) -> None:
    """rules 1.1"""
    launch(
        client, segment="new", new_segment_group="new", new_group_name="Survey", new_segment_name="Spring",
        source_action="new", new_source_action="Filled in the May survey",
    )  # fmt: skip
    (group,) = session.scalars(select(SegmentGroup))
    assert (group.name, [one.name for one in group.segments]) == ("Survey", ["Spring"])
    template = session.scalars(select(ActionTemplate).where(ActionTemplate.name == "Filled in the May survey")).one()
    stored = only_task(session).settings
    assert (stored["segment_ids"], stored["source_template_id"]) == ([group.segments[0].id], template.id)


def test_segments_of_different_groups_add_up(client: FlaskClient, session: Session) -> None:
    """rules 3"""
    for name in ("Survey", "Loyalty"):
        segments = [Segment(system_name="Gold", name="Gold"), Segment(system_name="Red", name="Red")]
        session.add(SegmentGroup(system_name=name, name=name, segments=segments))
    session.flush()
    gold, red = session.scalars(select(Segment.id).where(Segment.name == "Gold")), session.scalars(select(Segment.id))
    markup = page(send(client, CLEAN, act="add-segment"))
    assert len(markup.all("select", name="segment")) == 2
    chosen = [str(one) for one in gold]
    client.post("/imports", data=filled(markup, segment=chosen))
    assert [str(one) for one in only_task(session).settings["segment_ids"]] == chosen
    same_group = [str(one) for one in red][:2]
    refused = page(launch(client, segment=same_group), 422)
    assert refused.with_id("segment")["aria-invalid"] == "true"


def test_a_refused_launch_creates_nothing_and_shows_where(client: FlaskClient, session: Session) -> None:
    """rules 1.1"""
    refused = page(launch(client, segment="new", new_segment_group="new", new_segment_name="Spring"), 422)
    assert refused.with_id("segment")["aria-invalid"] == "true"
    assert refused.with_id("import-settings")["open"] == ""
    assert not session.scalars(select(SegmentGroup)).all()
    assert not session.scalars(select(Task)).all()


REFUSED_NONSENSE = {
    "task": "delete", "encoding": "klingon", "endpoint": "999", "touchpoint": "x", "segment": "999",
    "source_action": "999", "existing_action": "-1", "action_date": "soon", "phone_country": "XX", "header_line": "0",
    "delimiter": "ab", "quote": "ab", "conflicts": "x", "empty_cells": "x", "date_order": "x",
    "description": "x" * 1001, "column-1": "Nonsense", "upload": "\0" * 500,
}  # fmt: skip
IGNORED_NONSENSE = {
    "column-9": "Email",
    "mode-FirstName": "x",
    "mode-Nobody": "fill",
    "from_file": "x",
    "form_token": "\0" * 500,
}


def test_nonsense_is_refused_in_words(client: FlaskClient, session: Session) -> None:
    """product 7: no input gives a 500"""
    form = filled(page(send(client, CLEAN)))
    for name, value in REFUSED_NONSENSE.items():
        assert page(client.post("/imports", data=form | {name: value}), 422).with_id("error-summary"), name
        assert client.post("/imports/check", data=form | {name: value}).status_code == 200, name
    assert not session.scalars(select(Task)).all()


def test_what_a_form_cannot_have_said_is_ignored_or_refused(client: FlaskClient) -> None:
    form = filled(page(send(client, CLEAN)))
    answers = [client.post("/imports", data=form | {name: value}) for name, value in IGNORED_NONSENSE.items()]
    assert {answer.status_code for answer in answers} <= {303, 422}
    for act in ("map:x", "map:99:Email", "encoding:klingon", "skip-all", "nonsense"):
        assert client.post("/imports", data=form | {"act": act}).status_code == 200


def test_a_launch_while_the_broker_is_down_is_kept(app: Flask, session: Session, monkeypatch: Any) -> None:
    client = app.test_client()
    form = filled(page(send(client, CLEAN)))
    monkeypatch.setitem(app.config, "BROKER_URL", "unix:///nowhere.sock")
    app.extensions.pop("broker", None)
    assert client.post("/imports", data=form).status_code == 303
    assert only_task(session).status == Status.WAITING


def test_a_large_file_has_about_so_many_records(client: FlaskClient) -> None:
    """product 2: what is shown at once comes from the first megabyte."""
    content = b"Email\n" + b"anna.smith@mail.example.org\n" * 50_000
    name = client.post("/imports/upload", data=content).json["upload"]
    assert "about 50,000 records" in fragment(client.post("/imports/check", data={"upload": name})).text
