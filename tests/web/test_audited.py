"""Whatever changes something leaves a row in the audit log, or says here why it need not."""

import io
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from cdpweb import queueing
from cdpweb.domain.roles import Role
from cdpweb.models import AuditEvent, Customer
from cdpweb.models.accounts import User
from cdpweb.models.types import now
from cdpweb.services import accounts
from cdpweb.services.catalog.kinds import KINDS
from tests.launching import launched
from tests.signing_in import PASSWORD, person
from tests.web.markup import filled, page
from tests.web.test_account import code_at
from tests.web.test_settings import EXAMPLES, FORMS, path

UNAUDITED = {
    "security.report": "the browser reports; it changes nothing and stands in the log",
    "frame.choose_appearance": "a cookie of one's own browser",
    "customers.search": "leads to a list, which whoever has its address sees without asking again",
    "audit_log.search": "leads to a list, which whoever has its address sees without asking again",
    "imports.check": "shows the form again and keeps nothing",
    "imports.upload": "a file without a task changes no customer and is deleted after a day; its launch is audited",
    "imports.template": "the names of columns, nothing of any customer",
}
"""Routes that take a POST or send a file, and leave no row: each with the reason."""

Answers = TestResponse | list[TestResponse]


class Stage:
    """What there is to act upon."""

    def __init__(self, app: Flask, client: FlaskClient, session: Session, drain: Callable[..., None]) -> None:
        self.app, self.client, self.session, self.drain = app, client, session, drain

    def user(self, role: Role) -> User:
        """Somebody of this role, who has a password."""
        user = self.session.get_one(User, person(self.app, role).id)
        accounts.set_password(user, PASSWORD)
        self.session.commit()
        return user

    def customer(self) -> int:
        """A customer who has opted out."""
        said = {"IsSubscribed": "out 2026-05-31T14:30:00.000+00:00"}
        self.session.add(Customer(id=1, email="anna@example.com", consents=said, created_at=now()))
        self.session.commit()
        return 1

    def task(self, text: str = "Email\nanna@example.com\n") -> int:
        """A task that waits, and was rung for."""
        task_id = launched(self.session, text)
        queueing.ring(task_id)
        return task_id

    def sign_in(self, browser: FlaskClient, role: Role = Role.MARKETER) -> TestResponse:
        """Type the password."""
        return browser.post("/sign-in", data={"email": self.user(role).email, "password": PASSWORD})

    def browser(self, role: Role = Role.MARKETER) -> FlaskClient:
        """A browser whose person has typed the password."""
        browser = self.app.test_client(role=None)
        assert self.sign_in(browser, role).status_code == 303
        return browser

    def add_second_factor(self, browser: FlaskClient) -> tuple[TestResponse, str]:
        """Set up a second factor; the answer and the key."""
        found = re.search(r"Key: ([A-Z2-7-]+)", page(browser.get("/account/second-factor")).text)
        assert found
        key = found[1].replace("-", "")
        code = code_at(key, time.time() - 30)
        return browser.post("/account/second-factor", data={"code": code, "current": PASSWORD}), key


Act = Callable[[Stage], Answers]
ACTS: dict[str, tuple[tuple[str, ...], Act]] = {}
"""By route: the events that it must leave, and how it is done."""


def leaves(endpoint: str, *events: str) -> Callable[[Act], Act]:
    def keep(act: Act) -> Act:
        ACTS[endpoint] = events, act
        return act

    return keep


# Signing in, and one's own account


@leaves("account.sign_in", "signed_in", "sign_in_failed")
def _(stage: Stage) -> Answers:
    browser, email = stage.app.test_client(role=None), stage.user(Role.MARKETER).email
    refused = browser.post("/sign-in", data={"email": email, "password": "wrong"})
    assert refused.status_code == 422
    return stage.sign_in(browser)


@leaves("account.enter_code", "signed_in", "sign_in_failed")
def _(stage: Stage) -> Answers:
    _, key = stage.add_second_factor(stage.browser())
    phone = stage.app.test_client(role=None)
    user = stage.session.get_one(User, person(stage.app, Role.MARKETER).id)
    phone.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert phone.post("/sign-in/code", data={"code": "000000"}).status_code == 422
    return phone.post("/sign-in/code", data={"code": code_at(key, time.time())})


@leaves("account.welcome", "owner_created", "password_chosen")
def _(stage: Stage) -> Answers:
    chosen = {"password": PASSWORD, "again": PASSWORD}
    first = f"/welcome/{accounts.first_link(stage.session)}"
    owner = stage.app.test_client(role=None)
    made = owner.post(first, data=chosen | {"email": "first@example.com"})
    shown = page(owner.post("/settings/users", data={"email": "bob@example.com", "role": "analyst"}))
    link = shown.with_id("link")["value"].removeprefix("http://localhost")
    return [made, stage.app.test_client(role=None).post(link, data=chosen)]


@leaves("account.sign_out", "signed_out")
def _(stage: Stage) -> Answers:
    return stage.client.post("/sign-out")


@leaves("account.sign_out_everywhere", "signed_out_everywhere")
def _(stage: Stage) -> Answers:
    return stage.client.post("/account/sign-out-everywhere")


@leaves("account.change_password", "password_changed")
def _(stage: Stage) -> Answers:
    new = {"current": PASSWORD, "password": "eight loud ravens", "again": "eight loud ravens"}
    return stage.browser().post("/account/password", data=new)


@leaves("account.add_second_factor", "second_factor_added")
def _(stage: Stage) -> Answers:
    return stage.add_second_factor(stage.browser())[0]


@leaves("account.remove_second_factor", "second_factor_removed")
def _(stage: Stage) -> Answers:
    browser = stage.browser()
    stage.add_second_factor(browser)
    return browser.post("/account/second-factor/remove", data={"remove-current": PASSWORD})


# Imports and tasks


@leaves("imports.create", "task_launched", "resubscribing_allowed", "segments_created", "segment_groups_created",
        "action_templates_created")  # fmt: skip
def _(stage: Stage) -> Answers:
    form = filled(page(stage.client.get("/imports/new")))
    form |= {"file": (io.BytesIO(b"Email\nanna@example.com\n"), "people.csv")}
    new = {"segment": "new", "new_segment_group": "new", "new_group_name": "Fairs", "new_segment_name": "Spring"}
    new |= {"source_action": "new", "new_source_action": "Was at the fair", "allow_resubscribe": "y"}
    shown = page(stage.client.post("/imports", data=form))
    return stage.client.post("/imports", data=filled(shown, **new))


@leaves("tasks.act", "task_paused", "task_resumed", "task_cancelled")
def _(stage: Stage) -> Answers:
    task = stage.task()
    return [stage.client.post(f"/tasks/{task}/{act}") for act in ("pause", "resume", "cancel")]


@leaves("tasks.answer", "task_answered")
def _(stage: Stage) -> Answers:
    task = stage.task("Email,BirthDate\nanna@example.com,03/04/1990\n")
    stage.drain()
    shown = page(stage.client.get(f"/tasks/{task}"))
    (key,) = [has["name"] for has in shown.all("select") if has["id"].startswith("answer-")]
    return stage.client.post(f"/tasks/{task}/answers", data={key: "dmy"})


@leaves("tasks.problems_csv", "problems_exported")
def _(stage: Stage) -> Answers:
    return stage.client.get(f"/tasks/{stage.task()}/problems.csv")


# Customers


@leaves("customers.update", "customer_edited", "consent_overridden")
def _(stage: Stage) -> Answers:
    form = filled(page(stage.client.get(f"/customers/{stage.customer()}/edit")))
    (consent,) = [name for name in form if name.endswith("IsSubscribed") and "seen" not in name]
    return stage.client.post("/customers/1/edit", data=form | {consent: "true"})


@leaves("customers.delete", "customer_deleted")
def _(stage: Stage) -> Answers:
    return stage.client.post(f"/customers/{stage.customer()}/delete")


@leaves("customers.export_csv", "customers_exported")
def _(stage: Stage) -> Answers:
    return stage.client.get("/customers/export.csv")


# Settings


def every_kind(stage: Stage, last: str) -> list[TestResponse]:
    """Create an entry of every kind, change it, delete it; the answers up to the `last` act."""
    answers = []
    for plural in FORMS:
        kind = KINDS[plural]
        answers.append(stage.client.post(path(plural) + "/new", data=FORMS[plural]))
        row = kind.find(stage.session, EXAMPLES[plural][kind.key])
        changed = {name: value for name, value in FORMS[plural].items() if name != kind.key} | {"name": "Another"}
        if last != "created":
            answers.append(stage.client.post(f"{path(plural)}/{row.id}", data=changed))
        if last == "deleted":
            answers.append(stage.client.post(f"{path(plural)}/{row.id}/delete"))
    return answers


@leaves("settings.add", *(f"{plural}_created" for plural in FORMS))
def _(stage: Stage) -> Answers:
    return every_kind(stage, "created")


@leaves("settings.update", *(f"{plural}_edited" for plural in FORMS))
def _(stage: Stage) -> Answers:
    return every_kind(stage, "edited")


@leaves("settings.remove", *(f"{plural}_deleted" for plural in FORMS))
def _(stage: Stage) -> Answers:
    return every_kind(stage, "deleted")


@leaves("settings.update_project", "project_edited")
def _(stage: Stage) -> Answers:
    return stage.client.post("/settings/project", data={"time_zone": "Europe/Berlin", "api_endpoint": "cdpweb"})


@leaves("settings.update_junk", "junk_edited")
def _(stage: Stage) -> Answers:
    return stage.client.post("/settings/junk", data={"junk": "no@no.com"})


# People, tokens, the log itself


@leaves("users.add", "user_added")
def _(stage: Stage) -> Answers:
    return stage.client.post("/settings/users", data={"email": "bob@example.com", "role": "analyst"})


@leaves("users.change", "role_changed")
def _(stage: Stage) -> Answers:
    return stage.client.post(f"/settings/users/{stage.user(Role.ANALYST).id}/role", data={"role": "marketer"})


@leaves("users.disable", "user_disabled")
def _(stage: Stage) -> Answers:
    return stage.client.post(f"/settings/users/{stage.user(Role.ANALYST).id}/disable")


@leaves("users.enable", "user_enabled")
def _(stage: Stage) -> Answers:
    return stage.client.post(f"/settings/users/{stage.user(Role.ANALYST).id}/enable")


@leaves("users.reset", "user_reset")
def _(stage: Stage) -> Answers:
    return stage.client.post(f"/settings/users/{stage.user(Role.ANALYST).id}/reset")


@leaves("tokens.create", "token_created")
def _(stage: Stage) -> Answers:
    return stage.client.post("/settings/tokens", data={"name": "nightly", "scopes": ["tasks:read"]})


@leaves("tokens.revoke", "token_revoked")
def _(stage: Stage) -> Answers:
    stage.client.post("/settings/tokens", data={"name": "nightly", "scopes": ["tasks:read"]})
    return stage.client.post("/settings/tokens/1/revoke")


@leaves("audit_log.export", "audit_log_exported")
def _(stage: Stage) -> Answers:
    return stage.client.get("/settings/audit/export.csv")


# The tests


def changing(app: Flask) -> set[str]:
    """The routes that change something or let something out."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) or rule.rule.endswith(".csv")
    }


def test_every_route_that_changes_or_sends_something_is_audited_or_says_why_not(app: Flask) -> None:
    assert changing(app) == set(ACTS) | set(UNAUDITED)
    assert not set(ACTS) & set(UNAUDITED)


@pytest.mark.parametrize("endpoint", ACTS)
def test_what_is_done_stands_in_the_audit_log(
    app: Flask, client: FlaskClient, session: Session, drain: Callable[..., None], endpoint: str
) -> None:
    expected, act = ACTS[endpoint]
    answers = act(Stage(app, client, session, drain))
    for answer in answers if isinstance(answers, list) else [answers]:
        assert answer.status_code in (200, 303), page(answer, answer.status_code).text
    session.rollback()
    rows = {one.event: one for one in session.scalars(select(AuditEvent))}
    for event in expected:
        row: Any = rows.get(event)
        assert row is not None, (event, sorted(rows))
        assert row.person and row.person.endswith("@example.com")
        assert row.address == "127.0.0.1"


def test_a_refused_change_leaves_no_row(client: FlaskClient, session: Session) -> None:
    assert client.post("/settings/touchpoints/new", data={}).status_code == 422
    assert client.post("/settings/junk", data={"junk": "nobody"}).status_code == 422
    assert session.scalars(select(AuditEvent.event)).all() == []


def test_an_edit_that_says_nothing_of_consent_overrides_none(
    app: Flask, client: FlaskClient, session: Session, drain: Callable[..., None]
) -> None:
    number = Stage(app, client, session, drain).customer()
    form = filled(page(client.get(f"/customers/{number}/edit")))
    (name,) = [name for name in form if name.endswith("FirstName") and "seen" not in name]
    assert client.post(f"/customers/{number}/edit", data=form | {name: "Anna"}).status_code == 303
    session.rollback()
    assert session.scalars(select(AuditEvent.event)).all() == ["customer_edited"]


def test_no_row_holds_what_is_personal(
    app: Flask, client: FlaskClient, session: Session, drain: Callable[..., None]
) -> None:
    """Subjects are numbers and codes: the log is kept for good, customers are not."""
    for endpoint in ("customers.update", "customers.delete", "customers.export_csv"):
        stage = Stage(app, client, session, drain)
        if endpoint == "customers.delete":
            client.post("/customers/1/delete")
        else:
            ACTS[endpoint][1](stage)
    session.rollback()
    assert "anna" not in str([one.subject for one in session.scalars(select(AuditEvent))])
