"""Every command leaves a row in the audit log, as `shell:<login>`, or says here why it need not."""

from collections.abc import Iterator

import click
import pytest

from cdpweb.cli import cli

UNAUDITED = {
    "run": "starts the processes",
    "web": "starts a process",
    "worker": "starts a process",
    "watchdog": "starts a process",
    "broker": "starts a process",
    "db upgrade": "migrates; the log itself may not be there yet",
    "task": "asked again and again by scripts, tells numbers only",
    "tasks": "asked again and again by scripts, tells numbers only",
}
ARGUMENTS = {
    "import": ["customers.csv"],
    "export": ["out.csv"],
    "problems": ["7"],
    "pause": ["7"],
    "resume": ["7"],
    "cancel": ["7"],
    "customer": ["anna@example.com"],
    "catalog load": ["customers.csv"],
    "catalog dump": [],
    "user add": ["anna@example.com", "--role", "analyst"],
    "user disable": ["anna@example.com"],
    "user enable": ["anna@example.com"],
    "user reset": ["anna@example.com"],
    "user list": [],
    "user link": [],
}
"""What each command is run on; that there is no such task or person does not matter, the row is written before."""

LATER = {"result": ["7", "out.csv"], "undo": ["7"]}
"""Commands that do nothing yet."""


def commands(group: click.Group, *above: str) -> Iterator[str]:
    """The names of all commands: "user add"."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield " ".join((*above, name))


def test_every_command_is_audited_or_says_why_not():
    assert set(commands(cli)) == set(ARGUMENTS) | set(UNAUDITED) | set(LATER)


@pytest.mark.parametrize("command", LATER)
def test_what_comes_later_does_nothing_yet(shell, command):
    assert "comes later" in shell(command, *LATER[command]).stderr


def test_an_import_that_may_lift_opt_outs_says_so(shell):
    shell.load("Email\nanna@example.com\n", "--allow-resubscribe", "--segment", "Fairs/Spring", "--create-segment")
    assert ("resubscribing_allowed", {"task": 1}) in shell.audited()
    assert {"segments_created", "segment_groups_created", "task_launched"} <= {event for event, _ in shell.audited()}


@pytest.mark.parametrize("command", ARGUMENTS)
def test_a_command_stands_in_the_audit_log(shell, command, monkeypatch):
    monkeypatch.chdir(shell.folder)
    shell.file("Email\nanna@example.com\n")
    shell(*command.split(), *ARGUMENTS[command])
    assert shell.audited()[0] == ("shell_command", {"command": command})
    assert "anna" not in str(shell.audited())
