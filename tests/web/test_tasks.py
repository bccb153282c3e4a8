"""The task list and the page of a task without JavaScript (product §4, §5)."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from cdpweb import queueing
from cdpweb.domain.settings import ImportSettings, Switch
from cdpweb.domain.tasks import Status
from cdpweb.extensions import current_config
from cdpweb.models import Task
from cdpweb.services import tasks, uploads
from cdpweb.services.imports import Launch, create_task
from tests.web.markup import fragment, page

PEOPLE = "Email,FirstName\nanna@example.com,Anna\nnonsense,Ben\n,\n"
EMPTY_COLUMN = "Email,MiddleName\nanna@example.com,\n"
UNDECIDED_DATES = "Email,BirthDate\nanna@example.com,03/04/1990\n"
UNKNOWN_ENDPOINT = "Email,ApiEndpoint\nanna@example.com,shop\nben@example.com,shop\n"

MakeTask = Callable[..., Task]


@pytest.fixture
def make_task(session: Session) -> MakeTask:
    """Makes a waiting task of a file's text: `make_task(PEOPLE, description="Spring")`."""

    def make(text: str = PEOPLE, name: str = "spring.csv", **said: Any) -> Task:
        upload = uploads.store(session, current_config(), io.BytesIO(text.encode()), name)
        task = create_task(session, current_config(), Launch(upload, **said))
        session.commit()
        queueing.ring(task.id)
        return task

    return make


@pytest.fixture
def run(make_task: MakeTask, drain: Callable[[], None], session: Session) -> MakeTask:
    """Makes a task and lets a worker do what it can."""

    def make(*said: Any, **named: Any) -> Task:
        task = make_task(*said, **named)
        drain()
        session.refresh(task)
        return task

    return make


# The page


def test_a_waiting_task_asks_again_and_says_that_no_worker_runs(client: FlaskClient, make_task: MakeTask) -> None:
    task = make_task()
    markup = page(client.get(f"/tasks/{task.id}"))
    root = markup.with_id("task")
    assert (root["hx-get"], root["hx-trigger"]) == (f"/tasks/{task.id}/status", "every 1000ms")
    assert "No worker is running." in markup.text
    assert "python -m cdpweb" in markup.text


def test_a_finished_task_is_shown_whole_and_asks_no_more(client: FlaskClient, run: MakeTask) -> None:
    task = run(description="Spring survey")
    markup = page(client.get(f"/tasks/{task.id}"))
    assert "hx-get" not in markup.with_id("task")
    assert "created 1 updated 0 unchanged 0 rejected 1 blank 1 = rows read 3" in markup.text
    assert "1 warning · 1 customer created or updated · done up to row 3" in markup.text
    assert "3 of 3 rows" in markup.text
    for words in ("Spring survey", "spring.csv", task.upload.sha256, "cdpweb touchpoint", "FirstName"):
        assert words in markup.text


def test_the_address_stands_ready_to_copy(client: FlaskClient, make_task: MakeTask) -> None:
    task = make_task()
    markup = page(client.get(f"/tasks/{task.id}"))
    address = f"http://localhost/tasks/{task.id}"
    assert markup.with_id("task-address")["value"] == address
    assert markup.all("button", data_copy=address)


def test_the_fragment_is_the_page_s_own_part(client: FlaskClient, run: MakeTask) -> None:
    task = run()
    part = client.get(f"/tasks/{task.id}/status")
    fragment(part)
    assert part.text.strip() in client.get(f"/tasks/{task.id}").text


def test_only_one_line_is_read_out(client: FlaskClient, run: MakeTask) -> None:
    markup = page(client.get(f"/tasks/{run().id}"))
    live = [has for _, has in markup.elements if "aria-live" in has or has.get("role") in ("status", "alert")]
    assert len(live) == 1


def test_problems_are_grouped_with_samples(client: FlaskClient, run: MakeTask) -> None:
    markup = page(client.get(f"/tasks/{run().id}"))
    assert "1 row The row has no valid email, phone or external ID." in markup.text
    assert "1 value This is not an email address. Email" in markup.text
    assert "nonsense" in markup.text


def test_the_settings_say_where_they_came_from(client: FlaskClient, run: MakeTask) -> None:
    """rules 3"""
    markup = page(client.get(f"/tasks/{run(settings=ImportSettings(phone_country='DE')).id}"))
    assert "Phone country DE set for this import" in markup.text
    assert "API endpoint cdpweb shipped with cdpweb" in markup.text


def test_text_of_a_file_is_shown_as_text(client: FlaskClient, run: MakeTask) -> None:
    task = run("Email,FirstName\n<b>bold</b>,Ben\n", name="<i>.csv", description="<script>alert(1)</script>")
    answer = client.get(f"/tasks/{task.id}")
    page(answer)
    assert "&lt;script&gt;" in answer.text
    assert "&lt;b&gt;bold" in answer.text


@pytest.mark.parametrize("address", ["/tasks/99", "/tasks/99/status", "/tasks/99/problems.csv", f"/tasks/{10**30}"])
def test_a_task_that_is_not_there_is_a_404_in_words(client: FlaskClient, address: str) -> None:
    assert "There is no task" in page(client.get(address), 404).text


def test_the_page_is_shown_while_the_broker_is_down(app: Flask, make_task: MakeTask, monkeypatch: Any) -> None:
    task = make_task()
    monkeypatch.setitem(app.config, "BROKER_URL", "unix:///nowhere.sock")
    app.extensions.pop("broker", None)
    assert "The job queue does not answer" in page(app.test_client().get(f"/tasks/{task.id}")).text


# Acts


def test_a_waiting_task_is_paused_resumed_and_cancelled(
    client: FlaskClient, make_task: MakeTask, session: Session
) -> None:
    task = make_task()

    def after(act: str) -> str:
        answer = client.post(f"/tasks/{task.id}/{act}")
        assert (answer.status_code, answer.location) == (303, f"/tasks/{task.id}")
        session.refresh(task)
        return task.status

    assert [after("pause"), after("resume"), after("cancel")] == [Status.PAUSED, Status.WAITING, Status.CANCELLED]


def test_a_resumed_task_is_rung_for(client: FlaskClient, make_task: MakeTask, session: Session, drain: Any) -> None:
    task = make_task()
    client.post(f"/tasks/{task.id}/pause")
    drain()
    client.post(f"/tasks/{task.id}/resume")
    drain()
    session.refresh(task)
    assert task.status == Status.FINISHED


@pytest.mark.parametrize("act", ["pause", "resume", "cancel"])
def test_an_act_that_is_not_possible_is_refused_in_words(client: FlaskClient, run: MakeTask, act: str) -> None:
    task = run()
    markup = page(client.post(f"/tasks/{task.id}/{act}"), 422)
    assert "This was not done:" in markup.text
    assert "autofocus" in markup.with_id("error-summary")


def test_only_possible_acts_are_offered(client: FlaskClient, make_task: MakeTask) -> None:
    markup = page(client.get(f"/tasks/{make_task().id}"))
    assert {has["action"].rsplit("/", 1)[1] for has in markup.all("form", method="post")} == {
        "appearance",
        "sign-out",
        "pause",
        "cancel",
    }


# Questions


def test_empty_columns_are_asked_about_and_skipped(
    client: FlaskClient, run: MakeTask, session: Session, drain: Any
) -> None:
    """rules 1.5"""
    task = run(EMPTY_COLUMN)
    assert task.status == Status.PAUSED
    markup = page(client.get(f"/tasks/{task.id}"))
    assert "One column has a header but no value" in markup.text
    assert client.post(f"/tasks/{task.id}/answers", data=dict(markup.choices())).status_code == 303
    drain()
    session.refresh(task)
    assert (task.status, task.columns) == (Status.FINISHED, ["Email", None])


def test_a_date_order_is_asked_for_and_must_be_answered(
    client: FlaskClient, run: MakeTask, session: Session, drain: Any
) -> None:
    """rules 2.7"""
    task = run(UNDECIDED_DATES)
    markup = page(client.get(f"/tasks/{task.id}"))
    assert "03/04/1990" in markup.text
    refused = page(client.post(f"/tasks/{task.id}/answers", data=dict(markup.choices())), 422)
    (name,) = dict(markup.choices())
    assert refused.with_id(f"answer-{name}")["aria-invalid"] == "true"
    client.post(f"/tasks/{task.id}/answers", data={name: "mdy"})
    drain()
    session.refresh(task)
    assert (task.status, task.settings["date_orders"]) == (Status.FINISHED, {"BirthDate": "mdy"})


def test_unknown_settings_are_listed_with_what_they_may_stand_for(
    client: FlaskClient, run: MakeTask, session: Session, drain: Any
) -> None:
    """rules 3"""
    task = run(UNKNOWN_ENDPOINT, settings=ImportSettings(from_file=frozenset({Switch.API_ENDPOINT})))
    markup = page(client.get(f"/tasks/{task.id}"))
    assert "shop 2 rows" in markup.text
    (name,) = dict(markup.choices())
    client.post(f"/tasks/{task.id}/answers", data={name: "=cdpweb"})
    drain()
    session.refresh(task)
    assert (task.status, task.created) == (Status.FINISHED, 2)


# Problems as CSV


def test_all_problems_are_a_csv_with_dangerous_cells_guarded(client: FlaskClient, run: MakeTask) -> None:
    """rules 8.2"""
    task = run('Email,FirstName\n"=HYPERLINK(1)",Ben\n')
    answer = client.get(f"/tasks/{task.id}/problems.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["Row"], row["Line"], row["Code"], row["Value"]) for row in rows] == [
        ("1", "2", "email_invalid", "'=HYPERLINK(1)"),
        ("1", "2", "no_identifier", ""),
    ]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="task-{task.id}-problems.csv"'


# The list


def test_an_empty_list_says_how_to_begin(client: FlaskClient) -> None:
    markup = page(client.get("/tasks"))
    assert "No tasks yet" in markup.text
    assert markup.all("a", href="/imports/new")


def test_the_list_shows_searches_and_filters(client: FlaskClient, make_task: MakeTask, run: MakeTask) -> None:
    run(description="Spring survey")
    make_task(name="march.csv")
    assert "Spring survey" in (everything := page(client.get("/tasks")).text)
    assert "march.csv" in everything
    assert "march.csv" not in page(client.get("/tasks?q=spring")).text
    assert "march.csv" not in page(client.get("/tasks?status=finished")).text
    assert "No task fits" in page(client.get("/tasks?kind=add")).text


@pytest.mark.parametrize("query", ["status=x", "kind=x", "before=x", "before=-1", "q=%00", f"before={10**30}"])
def test_nonsense_in_the_address_is_no_fault_of_ours(client: FlaskClient, query: str) -> None:
    assert client.get(f"/tasks?{query}").status_code == 200


def test_older_tasks_are_a_page_away(client: FlaskClient, make_task: MakeTask, monkeypatch: Any) -> None:
    assert tasks.find.__kwdefaults__ is not None
    monkeypatch.setitem(tasks.find.__kwdefaults__, "limit", 1)
    make_task(description="Older")
    make_task(description="Newer")
    markup = page(client.get("/tasks"))
    assert "Older" not in markup.text
    (onward,) = markup.all("a", rel="next")
    assert "Older" in page(client.get(onward["href"])).text
