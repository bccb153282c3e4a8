"""The documentation says what the code does: its tables, its commands, its links."""

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner

from cdpweb.cli import cli
from cdpweb.config import PREFIX, ROOT, Config
from cdpweb.domain.fields import fields
from cdpweb.domain.problems import PROBLEMS
from docs import tables

PAGES = tables.pages()
RUN = ("README.md", "docs/shell.md")
"""The pages whose commands are run, in this order, on one base."""

OURS = ("python", "-m", "cdpweb")
OTHER_PROGRAMS = {".", "ssh", "sqlite3"}
OTHER_VARIABLES = {"CDPWEB_TESTS_WITHOUT"}
LOCAL_HOSTS = {"127.0.0.1", "localhost", "cdp.example.org"}
LARGEST_PICTURE_BYTES = 200_000

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


class Fence(NamedTuple):
    """A fenced block: its language, the name of the file that it shows or "", its lines."""

    language: str
    name: str
    text: str


def fences(text: str) -> list[Fence]:
    found = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Fence(*one) for one in found]


def commands(path: Path) -> list[str]:
    blocks = [one.text for one in fences(path.read_text()) if one.language == "sh"]
    return [line for block in blocks for line in block.splitlines()]


def documented(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


# What the code says


@page
def test_tables_are_what_the_code_says(path: Path) -> None:
    text = path.read_text()
    assert tables.renewed(text) == text, "run: python -m docs.tables"


def test_every_table_is_somewhere() -> None:
    everything = "".join(path.read_text() for path in PAGES)
    assert [name for name in tables.MAKERS if everything.count(f"<!-- {name} -->") != 1] == []


def test_every_column_is_documented() -> None:
    text = documented("csv-format.md")
    assert [name for name in fields(tables.EXAMPLE) if f"`{name}`" not in text] == []


def test_every_problem_is_documented() -> None:
    text = documented("csv-format.md")
    assert [code for code in PROBLEMS if f"`{code}`" not in text] == []


def test_every_setting_is_documented() -> None:
    text = documented("settings.md")
    names = [PREFIX + one.name for one in dataclasses.fields(Config)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_command_and_option_is_documented_and_has_help() -> None:
    sections = dict(re.findall(r"^### ([\w ]+)$(.*?)(?=^##|\Z)", documented("shell.md"), re.MULTILINE | re.DOTALL))
    for path, command in walked(cli):
        assert command.help, path
        options = [one for one in command.params if isinstance(one, click.Option)]
        for option in options:
            assert all(spelling in sections[path] for spelling in option.opts), f"{path} {option.name}"


def walked(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walked(command, f"{before}{name} ")
        else:
            yield before + name, command


# Commands


@pytest.fixture
def shell(tmp_path: Path, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Runs one line in a folder of its own; what it printed, which a `>` sends to a file as well."""
    monkeypatch.chdir(tmp_path)
    runner = CliRunner(env={"CDPWEB_INSTANCE": str(tmp_path / "instance"), "REDIS_URL": broker_url})

    def run(line: str) -> str:
        words, _, file = line.partition(" > ")
        result = runner.invoke(cli, shlex.split(words)[len(OURS) :])
        assert result.exit_code == 0, f"{line}\n{result.output}"
        if file:
            Path(file).write_text(result.stdout)
        return result.stdout

    return run


def test_the_commands_of_readme_and_shell_do_what_they_say(shell: Callable[[str], str]) -> None:
    for name in RUN:
        printed = ""
        for one in fences((ROOT / name).read_text()):
            if one.name:
                Path(one.name).write_text(one.text)
            if one.language == "sh":
                ours = [line for line in one.text.splitlines() if is_ours(line)]
                printed = "".join(shell(line) for line in ours if "--help" not in line)
            if one.language == "text":
                assert one.text in printed


def is_ours(line: str) -> bool:
    return tuple(shlex.split(line)[: len(OURS)]) == OURS


def test_readme_leads_to_the_customer_of_the_example(shell: Callable[[str], str]) -> None:
    example = {one.name: one.text for one in fences((ROOT / "README.md").read_text()) if one.name}
    for name, text in example.items():
        Path(name).write_text(text)
    for line in filter(is_ours, commands(ROOT / "README.md")):
        printed = shell(line)
        if "cdpweb customer" in line:
            for words in ("Steven Wilson", "Running", "opted in", "Customer creation, cdpweb touchpoint, task 1 row 1"):
                assert words in printed


@page
def test_other_commands_can_be_run(path: Path) -> None:
    """Targets of make exist, variables are settings, and whatever calls us is run by the test above."""
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line in commands(path):
        words = shlex.split(line)
        while "=" in words[0]:
            name = words.pop(0).partition("=")[0]
            assert name.removeprefix(PREFIX) in Config.__dataclass_fields__ or name in OTHER_VARIABLES, line
        if words[0] == "make":
            assert words[1] in targets, line
        elif words[0] == ".venv/bin/python":
            assert words[2] == "docs.tables" or (words[2] == "pytest" and (ROOT / words[3]).exists()), line
        elif is_ours(line):
            assert path.relative_to(ROOT).as_posix() in RUN, line
        else:
            assert words[0] in OTHER_PROGRAMS, line


# Links


@page
def test_links_lead_somewhere(path: Path) -> None:
    for target in links(path):
        address = urlsplit(target)
        if not address.scheme:
            found = path.parent / address.path if address.path else path
            assert found.exists(), target
            assert not address.fragment or address.fragment in anchors(found), target


@page
def test_nothing_leads_to_a_host_or_a_place_on_one_machine(path: Path) -> None:
    text = path.read_text()
    hosts = {urlsplit(address).hostname for address in re.findall(r"https?://[^\s)>\"`]+", text)}
    assert hosts <= LOCAL_HOSTS
    for place in (str(ROOT), str(Path.home()) + "/", "/home/", "/Users/"):
        assert place not in text


def links(path: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(path: Path) -> set[str]:
    """The places within a page, as they are named from its headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def test_pictures_are_small_and_used() -> None:
    used = {(path.parent / target).resolve() for path in PAGES for target in links(path)}
    for picture in (ROOT / "docs" / "img").iterdir():
        assert picture in used
        assert picture.stat().st_size < LARGEST_PICTURE_BYTES


def test_links_are_found() -> None:
    """The tests above would pass where nothing is found."""
    assert {"docs/guide.md", "docs/img/import.png"} <= set(links(ROOT / "README.md"))
    assert "who-may-reach-it" in anchors(ROOT / "docs" / "operations.md")
    assert "python -m cdpweb customer steven.wilson000@yahoo.com" in commands(ROOT / "README.md")
