"""People from the shell: added, disabled, enabled, reset, listed; every command is recorded."""

import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdpweb.cli import cli


class Shell:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "instance"
        self.runner = CliRunner(env={"CDPWEB_INSTANCE": str(self.folder), "LOGNAME": "anna", "SUDO_USER": ""})

    def run(self, *words: str) -> Result:
        return self.runner.invoke(cli, words)

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        base = sqlite3.connect(self.folder / "cdpweb.db")
        try:
            return base.execute(statement).fetchall()
        finally:
            base.close()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


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
    people = set(shell.rows("SELECT person FROM audit_events"))
    assert people == {("shell:anna",)}
    events = shell.rows("SELECT event, subject FROM audit_events ORDER BY id")
    assert events[:2] == [
        ("shell_command", '{"command": "user add"}'),
        ("user_added", '{"user": 1, "role": "analyst"}'),
    ]


def test_what_a_command_is_run_on_is_not_recorded(shell: Shell) -> None:
    shell.run("customer", "bob@example.com")
    assert shell.rows("SELECT event, subject FROM audit_events") == [("shell_command", '{"command": "customer"}')]


def test_the_first_link_is_printed_as_long_as_there_is_no_owner(shell: Shell) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/welcome/\S+\n", shell.run("user", "link").output)
