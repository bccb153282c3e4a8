"""Tasks from the shell: shown, listed, steered (product 6)."""

import csv
import json

import pytest

from cdpweb import queueing
from cdpweb.extensions import current_config, db
from cdpweb.services import uploads
from cdpweb.services.imports import Launch, create_task

ROWS = "Email,MobilePhone,FirstName\na@example.com,12,=1+1\nnobody,,x\n"
OPTIONS = """
task description encoding delimiter quote header-line endpoint touchpoint segment create-segment source-action
existing-action action-date phone-country from-file empty conflicts date-order allow-resubscribe action-for-unchanged
fill never map skip skip-unknown skip-empty plan json fail-on-rejected
"""
NOBODY = "unix:///nowhere/broker.sock"


@pytest.fixture
def waiting(shell):
    """A task that waits for a worker."""
    with shell.app.app_context(), shell.file(ROWS).open("rb") as stream:
        db.session.info["writes"] = True
        upload = uploads.store(db.session, current_config(), stream, "spring.csv")
        task = create_task(db.session, current_config(), Launch(upload, description="Spring survey"))
        db.session.commit()
        return task.id


def test_a_task_is_shown_with_settings_counts_and_problems(shell):
    shell.load(ROWS, "--description", "Spring survey")
    shown = shell("task", "1").stdout
    for words in (
        "Task 1 · Customer import · finished",
        "Spring survey",
        "created 1 + updated 0 + unchanged 0 + rejected 1 + blank 0 = 2 rows read",
        "Source action: Customer creation (shipped with cdpweb)",
        "error no_identifier: 1.",
        "warning phone_too_short in MobilePhone: 1.",
        "    row 1, line 2: 12",
    ):
        assert words in shown


def test_its_json_is_that_of_the_import(shell):
    loaded = shell.load(ROWS)
    assert json.loads(shell("task", "1", "--json").stdout) == loaded


def test_a_waiting_task_says_what_it_waits_for(shell, waiting):
    """issue item 5: "waiting for a worker" told apart from "no worker is running"."""
    assert "No worker is running." in shell("task", waiting).stdout
    assert "The job queue does not answer." in shell("task", waiting, broker=NOBODY).stdout


@pytest.mark.parametrize("words", [("task", "99"), ("pause", "99"), ("problems", "0"), ("cancel", "9" * 30)])
def test_a_task_that_there_is_not_is_said_so(shell, words):
    result = shell(*words)
    assert result.exit_code == 1
    assert f"There is no task {words[1]}." in result.stderr


def test_tasks_are_listed_searched_and_filtered(shell, waiting):
    shell.load("Email\na@example.com\n", "--description", "Autumn")
    lines = shell("tasks").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert "Autumn" in lines[0]
    assert shell("tasks", "--search", "spring").stdout.count("\n") == 1
    assert shell("tasks", "--status", "finished").stdout.count("\n") == 1
    [entry] = json.loads(shell("tasks", "--limit", "1", "--json").stdout)
    assert (entry["task"], entry["status"], entry["rows"], entry["created"]) == (2, "finished", 1, 1)


def test_every_problem_is_listed_in_the_order_of_the_file(shell):
    shell.load(ROWS)
    lines = shell("problems", "1").stdout.splitlines()
    assert lines[0].startswith("row 1, line 2, MobilePhone “12”: warning phone_too_short.")
    assert [line.partition(":")[0] for line in lines[1:]] == ["row 2, line 3, Email “nobody”", "row 2, line 3"]
    first = json.loads(shell("problems", "1", "--json").stdout.splitlines()[0])
    assert (first["record"], first["line"], first["column"], first["code"]) == (1, 2, "MobilePhone", "phone_too_short")


def test_problems_are_written_as_csv_with_dangerous_cells_guarded(shell, tmp_path):
    """rules 8.2"""
    shell.load("Email,BirthDate\na@example.com,=1+1\n")
    file = tmp_path / "problems.csv"
    assert shell("problems", "1", "--csv", file).exit_code == 0
    header, row = csv.reader(file.read_text("utf-8-sig").splitlines())
    assert header == ["Row", "Line", "Severity", "Code", "Column", "Value", "Problem", "What to do"]
    assert row[:6] == ["1", "2", "warning", "date_invalid", "BirthDate", "'=1+1"]
    result = shell("problems", "1", "--csv", tmp_path)
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)


def test_a_task_is_paused_resumed_and_cancelled(shell, waiting):
    """product 4"""
    assert shell("pause", waiting).stdout == f"Task {waiting}: Paused: nothing has been written.\n"
    again = shell("pause", waiting)
    assert (again.exit_code, again.stderr) == (1, f"Task {waiting} is paused and cannot be paused.\n")
    assert shell("resume", waiting).stdout == f"Task {waiting}: No worker is running.\n"
    with shell.app.app_context():
        assert queueing.place(waiting) == 0
    assert shell("cancel", waiting).stdout.startswith(f"Task {waiting}: Cancelled: nothing has been written")
    assert shell("resume", waiting).exit_code == 1


def test_resuming_without_a_broker_is_kept_for_later(shell, waiting):
    shell("pause", waiting)
    result = shell("resume", waiting, broker=NOBODY)
    assert result.exit_code == 0
    assert "starts by itself when the queue is back" in result.stderr


@pytest.mark.parametrize("words", [("undo", "1"), ("undo", "1", "--plan"), ("result", "1", "file.csv")])
def test_what_comes_later_says_so(shell, words):
    """issue item 8: options of later issues may wait, but not their names."""
    result = shell(*words)
    assert result.exit_code == 1
    assert "comes later" in result.stderr


def test_the_help_explains_all_of_it(shell):
    """product 6"""
    commands = shell("--help").stdout
    for name in ("import", "task", "tasks", "problems", "result", "pause", "resume", "cancel", "undo"):
        assert f"\n  {name} " in commands
    options = shell("import", "--help").stdout
    assert [name for name in OPTIONS.split() if f"--{name} " not in options] == []
