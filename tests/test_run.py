"""`python -m cdpweb run`: everything comes up, whoever is killed comes back, one signal ends all of it."""

import os
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.running import BACK_SECONDS, START_SECONDS, STOP_SECONDS, Running, is_there

ALL = {"broker", "web", "worker imports", "worker short", "watchdog"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.stop()


@pytest.mark.timeout(300)
def test_all_parts_come_up_come_back_and_end(running: Running) -> None:
    wait_for(running.is_announced, START_SECONDS)
    # No terminal here, and what is printed may be a log: the link is not in it, but how to get it.
    assert "python -m cdpweb user link" in running.log.read_text()
    assert "/welcome/" not in running.log.read_text()
    assert running.is_well()
    before = running.parts()
    assert before.keys() >= ALL
    for name in ALL:
        os.kill(before[name], signal.SIGKILL)
    wait_for(lambda: all(running.parts().get(name) not in (None, before[name]) for name in ALL), BACK_SECONDS)
    wait_for(running.is_well, BACK_SECONDS)
    parts = running.parts()
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.process.wait(STOP_SECONDS) == 0
    assert not any(map(is_there, parts.values()))


@pytest.mark.timeout(300)
def test_the_first_link_goes_to_the_terminal_alone(tmp_path: Path) -> None:
    """Also where everybody may reach it, under the name that it has been told."""
    ours, theirs = os.openpty()
    settings = {"HOST": "0.0.0.0", "PUBLIC_URL": "http://cdp.example.org"}
    running = Running(tmp_path, terminal=theirs, **settings)
    os.close(theirs)
    try:
        wait_for(lambda: "cdpweb is running at http://cdp.example.org/" in running.log.read_text(), START_SECONDS)
        printed = os.read(ours, 10_000).decode()
        found = re.search(r"http://cdp\.example\.org(/welcome/\S+)", printed)
        assert found, printed
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}{found[1]}", timeout=10) as answer:
            assert answer.status == 200
        assert "/welcome/" not in running.log.read_text()
    finally:
        running.stop()
        os.close(ours)


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_nothing_stays_behind_a_killed_supervisor(running: Running) -> None:
    wait_for(running.is_announced, START_SECONDS)
    parts = running.parts()
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not any(map(is_there, parts.values())), STOP_SECONDS)
