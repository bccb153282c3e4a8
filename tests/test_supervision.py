"""Supervisor's configuration, and the refusals before it starts."""

import configparser
import os
import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cdpweb import supervision
from cdpweb.config import BadSetting, Config, read_config

PROCFILE = "# a comment\nbroker: python -m cdpweb broker\n\nweb: python -m cdpweb web --name='100%'\n"


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Config]:
    def make(**settings: Any) -> Config:
        return read_config({}, INSTANCE=tmp_path, **settings)

    return make


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def read(text: str) -> configparser.ConfigParser:
    """What supervisor would read: it replaces %% by %."""
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return parser


def test_the_procfile_lists_every_process() -> None:
    assert supervision.processes(supervision.PROCFILE.read_text()) == {
        "broker": "python -m cdpweb broker",
        "web": "python -m cdpweb web",
        "imports": "python -m cdpweb worker imports",
        "short": "python -m cdpweb worker short",
        "watchdog": "python -m cdpweb watchdog",
    }


def test_each_process_is_started_again_and_leaves_nothing_behind(config: Callable[..., Config]) -> None:
    parsed = read(supervision.configuration(supervision.processes(PROCFILE), config()))
    assert parsed.sections() == ["supervisord", "program:broker", "program:web"]
    for name in ("program:broker", "program:web"):
        assert {parsed[name][key] for key in ("autorestart", "stopasgroup", "killasgroup")} == {"true"}
    assert parsed["supervisord"]["nodaemon"] == "true"


def test_commands_replace_their_shell(config: Callable[..., Config]) -> None:
    parsed = read(supervision.configuration(supervision.processes(PROCFILE), config()))
    assert shlex.split(parsed["program:web"]["command"]) == [
        "/bin/sh",
        "-c",
        "exec python -m cdpweb web --name='100%'",
    ]


def test_what_processes_print_goes_to_a_file_where_our_output_is_a_socket(config: Callable[..., Config]) -> None:
    one, other = socket.socketpair()
    kept = os.dup(1)
    os.dup2(one.fileno(), 1)
    try:
        text = supervision.configuration(supervision.processes(PROCFILE), config())
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    one.close()
    other.close()
    assert read(text)["program:web"]["stdout_logfile"] == str(config().INSTANCE / "cdpweb.log")


def test_the_broker_starts_first_and_stops_last(config: Callable[..., Config]) -> None:
    parsed = read(supervision.configuration(supervision.processes(PROCFILE), config()))
    assert int(parsed["program:broker"]["priority"]) < int(parsed["program:web"]["priority"])


def test_another_broker_leaves_ours_out(config: Callable[..., Config]) -> None:
    text = supervision.configuration(supervision.processes(PROCFILE), config(REDIS_URL="redis://there"))
    assert "program:broker" not in text


def test_a_busy_port_is_refused_in_words(config: Callable[..., Config], busy_port: int) -> None:
    with pytest.raises(BadSetting, match=f"Port {busy_port} is in use by another program"):
        supervision.check(config(PORT=busy_port))


def test_a_broker_that_does_not_answer_is_refused_in_words_without_its_password(config: Callable[..., Config]) -> None:
    with pytest.raises(BadSetting) as refusal:
        supervision.check(config(REDIS_URL="redis://me:secret@127.0.0.1:1/0"))
    assert "No broker answers at REDIS_URL (redis://127.0.0.1:1/0)" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_second_start_on_one_instance_folder_is_refused_in_words(
    config: Callable[..., Config], broker_url: str
) -> None:
    there = Path(broker_url.removeprefix("unix://"))
    here = config().broker_socket
    here.parent.mkdir()
    here.symlink_to(there)
    with pytest.raises(BadSetting, match="already running on the instance folder"):
        supervision.check(config())


def test_an_unusable_database_password_is_not_repeated(config: Callable[..., Config]) -> None:
    with pytest.raises(BadSetting) as refusal:
        config(DATABASE_URL="mysql://me:secret@there/db")
    assert "secret" not in str(refusal.value)
