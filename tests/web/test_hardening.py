"""What the browser is told, what is refused before it is read, and that no input gives a 500."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cdpweb import queueing
from cdpweb.domain.roles import Role
from cdpweb.models import Customer
from cdpweb.models.types import now
from cdpweb.services.catalog.kinds import KINDS
from tests.databases import on_postgres
from tests.launching import launched
from tests.web.markup import Markup

TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "9" * 30,
            "-" + "9" * 30,
            "\0",
            "'; DROP TABLE users --",
            "{{ 7 * 7 }}",
            "<script>",
            "=1+1",
            "é" * 300,
        ]
    ),
)
FUZZ = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
PAGES = [
    "/imports/new",
    "/account",
    "/settings/users",
    "/settings/tokens",
    "/settings/project",
    "/settings/junk",
    *(f"/settings/{kind.replace('_', '-')}/new" for kind in KINDS),
    "/settings/touchpoints/1",
    "/settings/api-endpoints/1",
    "/settings/action-templates/2",
    "/customers",
    "/customers/1/edit",
    "/customers/1/delete",
    "/settings/audit",
    "/tasks/1",
]
SEARCHES = [
    "/customers",
    "/tasks",
    "/settings/audit",
    "/settings/touchpoints",
    "/api/tasks",
    "/settings/audit/export.csv",
]
ARGUMENTS = (
    "q", "search", "before", "after", "status", "kind", "task", "segment", "touchpoint", "template", "outcome",
    "event", "ids",
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
}


@pytest.mark.parametrize(
    "address", ["/health", "/sign-in", "/tasks", "/nowhere", "/customers/export.csv", "/static/css/base.css"]
)
def test_every_answer_tells_the_browser_what_it_must_not_do(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers
    for name, begins in HEADERS.items():
        assert headers[name].startswith(begins), name
    assert "Strict-Transport-Security" not in headers
    if not address.startswith("/static"):
        assert headers["Cache-Control"] == "no-store"


def test_downloads_are_attachments(client: FlaskClient) -> None:
    for address in ("/customers/export.csv", "/imports/template.csv", "/settings/audit/export.csv"):
        answer = client.get(address)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.mimetype == "text/csv"


def test_every_form_needs_its_token(make_app: Callable[..., Flask], app: Flask) -> None:
    """Nothing but the report of the policy is exempt."""
    guarded = make_app(WTF_CSRF_ENABLED=True)
    client = guarded.test_client()
    for rule in guarded.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint == "security.report":
            continue
        address = re.sub(
            r"<any\((\w+).*?>|<[^>]*kind>|<[^>]*>",
            lambda found: found[1] or ("touchpoints" if "kind" in found[0] else "1"),
            rule.rule,
        )
        answer = client.post(address, data={})
        assert answer.status_code == 400, address
        assert "This form is too old" in answer.text


def test_strangers_send_no_file_to_the_disk(app: Flask, stranger: FlaskClient) -> None:
    """Who one is is asked before the body is read."""
    from cdpweb.services import uploads

    form = {"file": (io.BytesIO(b"Email\n" * 1000), "people.csv")}
    assert stranger.post("/imports", data=form).status_code == 401
    assert stranger.post("/imports/upload", data=b"Email\n").status_code == 401
    folder = uploads.folder_of(app.extensions["cdpweb_config"])
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize("address", ["/sign-in", "/sign-in/code", "/appearance"])
def test_strangers_send_no_more_than_a_form(stranger: FlaskClient, address: str) -> None:
    """A file that comes with a form which takes none would go to the temporary folder, whole."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n\r\n'
    answer = stranger.post(
        address, data=head + b"x" * 1_000_000 + b"\r\n--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 413
    assert "A form may have up to 1 MB" in answer.text


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b'{"csp-report": 1}', b'{"csp-report": {"document-uri": "http://[x"}}', b"[" * 9999],
)
def test_any_report_of_the_policy_is_taken(stranger: FlaskClient, body: bytes) -> None:
    assert stranger.post("/csp-report", data=body).status_code == 204


def test_uploads_are_limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from cdpweb.web import limits

    monkeypatch.setitem(limits.OF_PERSON, "imports.upload", "2/hour")
    client, other = app.test_client(), app.test_client(role=Role.MARKETER)
    answers = [
        client.post("/imports/upload", data=b"Email\n", headers={"Accept": "application/json"}) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[-1].json["message"] == "Wait 1 h and try again."
    assert other.post("/imports/upload", data=b"Email\n").status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic Og=="},
        {"Authorization": "Bearer \udc80"},
        {"Cookie": "session=" + "x" * 4000},
        {"HX-Request": "true", "HX-Current-URL": "http://[broken"},
        {"Referer": "http://[broken"},
        {"Accept": "x" * 1000},
        {"X-Forwarded-For": "1.2.3.4'--"},
    ],
)
def test_odd_headers_give_no_500(app: Flask, headers: dict[str, str]) -> None:
    app.config |= {"TESTING": False, "PROPAGATE_EXCEPTIONS": False}
    clean = {name: value.encode("utf-8", "replace").decode("latin-1") for name, value in headers.items()}
    for role in (None, Role.OWNER):
        for address in ("/tasks", "/sign-in", "/api/tasks"):
            assert app.test_client(role=role).get(address, headers=clean).status_code < 500
        assert (
            app.test_client(role=role).post("/appearance", data={"appearance": "dark"}, headers=clean).status_code < 500
        )


# Whatever is sent


@pytest.fixture
def forms(client: FlaskClient, session: Session, drain: Callable[..., None]) -> list[tuple[str, list[str]]]:
    """Every form of the pages: where it posts to, and the names of its controls."""
    session.add(Customer(id=1, email="anna@example.com", created_at=now()))
    queueing.ring(launched(session, "Email,BirthDate\nanna@example.com,03/04/1990\n"))
    drain()
    found = {}
    for address in PAGES:
        answer = client.get(address)
        assert answer.status_code == 200, address
        markup = Markup(answer.text)
        names = sorted(
            {has["name"] for tag, has in markup.elements if tag in ("input", "select", "textarea") and "name" in has}
        )
        for form in markup.all("form", method="post"):
            target = form.get("action") or address
            if "sign-out" not in target and "appearance" not in target:
                found[target] = names
    assert len(found) > len(PAGES)
    assert "/tasks/1/answers" in found
    return sorted(found.items())


@FUZZ
@given(given=st.data())
def test_no_form_gives_a_500(client: FlaskClient, forms: list[tuple[str, list[str]]], given: Any) -> None:
    address, names = given.draw(st.sampled_from(forms))
    sent = given.draw(st.dictionaries(st.sampled_from([*names, "act", "column-0", "mode-Email"]), TEXTS, max_size=12))
    answer = client.post(address, data=sent)
    assert answer.status_code < 500
    if answer.status_code == 303:
        assert client.get(answer.location).status_code < 500


@FUZZ
@given(address=st.sampled_from(SEARCHES), sent=st.dictionaries(st.sampled_from(ARGUMENTS), TEXTS))
def test_no_search_gives_a_500(client: FlaskClient, address: str, sent: dict[str, str]) -> None:
    assert client.get(address, query_string=sent).status_code < 500


@on_postgres
def test_a_nul_anywhere_gives_no_500(client: FlaskClient, forms: list[tuple[str, list[str]]]) -> None:
    """PostgreSQL's texts hold no NUL: whatever is looked up or stored must not be asked with one."""
    nul = "a\0b"
    for address, names in forms:
        if address.startswith("/account"):
            continue  # asks for the password first, and the people of tests have none
        for sent in (dict.fromkeys(names, nul), *({name: nul} for name in names)):
            answer = client.post(address, data=sent)
            assert answer.status_code < 500, (address, sent)
    for address in SEARCHES:
        for sent in (dict.fromkeys(ARGUMENTS, nul), *({name: nul} for name in ARGUMENTS)):
            assert client.get(address, query_string=sent).status_code < 500, (address, sent)


@FUZZ
@example(sent={"email": "anna\0@mail.example.org", "password": "\0"}, place="\0")
@given(sent=st.dictionaries(st.sampled_from(["email", "password", "again", "code"]), TEXTS), place=TEXTS)
def test_no_sign_in_gives_a_500(stranger: FlaskClient, sent: dict[str, str], place: str) -> None:
    for address in ("/sign-in", "/sign-in/code", "/welcome/x"):
        assert stranger.post(address, query_string={"next": place}, data=sent).status_code < 500


@FUZZ
@given(
    body=st.one_of(
        st.binary(max_size=300),
        st.builds(
            bytes.__add__,
            st.sampled_from([b"\x1f\x8b\x08", b"PK\x03\x04", b"\xff\xfe", b"Email,Name\n"]),
            st.binary(max_size=200),
        ),
        st.builds(lambda count: b"a," * count + b"\n" + b"1," * count, st.integers(0, 3000)),
    ),
    name=TEXTS,
)
def test_no_upload_gives_a_500(client: FlaskClient, body: bytes, name: str) -> None:
    from urllib.parse import quote

    answer = client.post("/imports/upload", data=body, headers={"X-File-Name": quote(name)})
    assert answer.status_code < 500
    if answer.status_code == 201:
        form = {"upload": answer.json["upload"], "act": "check", "task": "import"}
        assert client.post("/imports/check", data=form).status_code < 500
