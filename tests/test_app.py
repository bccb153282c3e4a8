"""The frame: the application starts, answers, protects itself and refuses in sentences."""

from flask.testing import FlaskClient


def test_health_names_the_parts_and_finds_no_worker(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json == {"database": True, "broker": True, "workers": {"imports": 0, "short": 0}}


def test_every_answer_carries_the_policy(client: FlaskClient) -> None:
    for address in ("/health", "/nowhere", "/static/css/base.css"):
        policy = client.get(address).headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "report-uri /csp-report" in policy


def test_unknown_address_is_refused_in_words(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
