"""The operator's commands: refusals are sentences on standard error, with status 1."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cdpweb.cli import cli


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(env={"CDPWEB_INSTANCE": str(tmp_path / "instance")})


def test_help_names_every_command(runner: CliRunner) -> None:
    answer = runner.invoke(cli, ["--help"])
    for name in ("run", "web", "worker", "watchdog", "broker", "db"):
        assert f"\n  {name} " in answer.output


def test_the_database_is_brought_up_to_date_twice(runner: CliRunner, empty_database: str) -> None:
    for _ in range(2):
        answer = runner.invoke(cli, ["db", "upgrade"], env={"DATABASE_URL": empty_database})
        assert answer.exit_code == 0
        assert re.search(r"The database is up to date: \d{4}\.", answer.output)


@pytest.mark.parametrize("command", ["run", "web", "broker", "watchdog", "worker imports", "db upgrade"])
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HOST", "0.0.0.0", "cdpweb does not know its own name"),
        ("CDPWEB_INSTANCE", "/dev/null/instance", "The instance folder /dev/null/instance cannot be written to"),
    ],
)
def test_what_cannot_start_says_why(runner: CliRunner, command: str, name: str, value: str, sentence: str) -> None:
    answer = runner.invoke(cli, command.split(), env={name: value})
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: ")
    assert sentence in answer.stderr


def test_a_database_that_is_away_is_a_sentence(runner: CliRunner) -> None:
    away = {"DATABASE_URL": "postgresql://cdpweb@127.0.0.1:1/nothing"}
    answer = runner.invoke(cli, ["tasks"], env=away)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr == "The database does not answer. Try again when it is back, or check DATABASE_URL.\n"
    answer = runner.invoke(cli, ["db", "upgrade"], env=away)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: The database cannot be used: ")


def test_an_unknown_queue_is_refused(runner: CliRunner) -> None:
    answer = runner.invoke(cli, ["worker", "long"])
    assert answer.exit_code == 2
    assert "'long' is not one of 'imports', 'short'" in answer.stderr
