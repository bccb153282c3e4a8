"""`python -m cdpweb run`: everything comes up, whoever is killed comes back, one signal ends all of it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.conftest import wait_for
from tests.live import free_port

START_SECONDS = 90
BACK_SECONDS = 60
STOP_SECONDS = 30
ALL = {"broker", "web", "worker imports", "worker short", "watchdog"}
WELL = {"database": True, "broker": True, "workers": {"imports": 1, "short": 1}}


class Running:
    """A `run` in a session of its own, as a terminal would start it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.log = folder / "run.log"
        environment = os.environ | {"CDPWEB_INSTANCE": str(folder / "instance"), "PORT": str(self.port)}
        environment.pop("REDIS_URL", None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cdpweb", "run"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_announced(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return f"cdpweb is running at http://127.0.0.1:{self.port}/" in self.log.read_text()

    def is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return json.load(answer) == WELL
        except (URLError, OSError):
            return False

    def parts(self) -> dict[str, int]:
        """The supervised processes by what they do."""
        words = {"valkey-server": "broker", "redis-server": "broker", "gunicorn": "web"}
        command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)]
        lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        found = {}
        for number, words_of_it in (line.split(None, 1) for line in lines):
            named = [name for word, name in words.items() if word in words_of_it]
            found[named[0] if named else words_of_it.rpartition("cdpweb ")[2]] = int(number)
        return found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(STOP_SECONDS)


@pytest.mark.timeout(300)
def test_all_parts_come_up_come_back_and_end(running: Running) -> None:
    wait_for(running.is_announced, START_SECONDS)
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
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_nothing_stays_behind_a_killed_supervisor(running: Running) -> None:
    wait_for(running.is_announced, START_SECONDS)
    parts = running.parts()
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not any(map(is_there, parts.values())), STOP_SECONDS)


def is_there(number: int) -> bool:
    return Path(f"/proc/{number}").exists()
