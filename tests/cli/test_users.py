"""People from the shell: added, disabled, enabled, reset, listed; every command is recorded."""

import re
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from cdpweb.cli import cli
from cdpweb.extensions import db
from cdpweb.models import AuditEvent


class Shell:
    def __init__(self, app: Flask) -> None:
        self.app = app
        base = {"CDPWEB_INSTANCE": app.instance_path, "DATABASE_URL": app.config["DATABASE_URL"]}
        self.runner = CliRunner(env=base | {"LOGNAME": "anna", "SUDO_USER": ""})

    def run(self, *words: str) -> Result:
        return self.runner.invoke(cli, words)

    def rows(self, *columns: Any) -> list[tuple[object, ...]]:
        with self.app.app_context(), db.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(AuditEvent.id))]


@pytest.fixture
def shell(app: Flask) -> Shell:
    return Shell(app)


def test_people_are_added_disabled_enabled_reset_and_listed(shell: Shell) -> None:
    added = shell.run("user", "add", "Bob@example.com", "--role", "analyst")
    assert re.search(r"http://127\.0\.0\.1:8000/welcome/\S+", added.output)
    assert shell.run("user", "list").output == "bob@example.com\tanalyst\tinvited\n"
    assert shell.run("user", "disable", "bob@example.com").exit_code == 0
    assert shell.run("user", "list").output == "bob@example.com\tanalyst\tdisabled\n"
    refused = shell.run("user", "reset", "bob@example.com")
    assert (refused.exit_code, "Enable the account first" in refused.stderr) == (1, True)
    assert shell.run("user", "enable", "bob@example.com").exit_code == 0
    assert "/welcome/" in shell.run("user", "reset", "bob@example.com").output
    assert "Nobody has the account" in shell.run("user", "reset", "carl@example.com").stderr
    assert "has an account already" in shell.run("user", "add", "bob@example.com").stderr
    assert "This is not an email address" in shell.run("user", "add", "bob").stderr
    people = set(shell.rows(AuditEvent.person))
    assert people == {("shell:anna",)}
    events = shell.rows(AuditEvent.event, AuditEvent.subject)
    assert events[:2] == [
        ("shell_command", {"command": "user add"}),
        ("user_added", {"user": 1, "role": "analyst"}),
    ]


def test_what_a_command_is_run_on_is_not_recorded(shell: Shell) -> None:
    shell.run("customer", "bob@example.com")
    assert shell.rows(AuditEvent.event, AuditEvent.subject) == [("shell_command", {"command": "customer"})]


def test_the_first_link_is_printed_as_long_as_there_is_no_owner(shell: Shell) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/welcome/\S+\n", shell.run("user", "link").output)
