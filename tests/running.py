"""`python -m cdpweb run` for tests: all parts under supervision, in an instance folder of their own."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

from tests.live import free_port

START_SECONDS = 90
BACK_SECONDS = 60
STOP_SECONDS = 30
WELL = {"database": True, "broker": True, "workers": {"imports": 1, "short": 1}}


class Running:
    """A `run` in a session of its own, as a terminal would start it; `terminal` is that one, where there is one."""

    def __init__(self, folder: Path, *, terminal: int | None = None, **settings: object) -> None:
        self.port = free_port()
        self.instance = folder / "instance"
        self.log = folder / "run.log"
        own = {"CDPWEB_INSTANCE": self.instance, "PORT": self.port} | settings
        environment = os.environ | {name: str(value) for name, value in own.items()}
        for name in {"REDIS_URL", "DATABASE_URL"} - own.keys():
            environment.pop(name, None)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*(["setsid", "--ctty"] if terminal else []), sys.executable, "-m", "cdpweb", "run"],
                env=environment,
                stdin=terminal,
                stdout=log,
                stderr=log,
                start_new_session=terminal is None,
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

    def stop(self) -> None:
        """End all of it, as a person does who closes the terminal."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(number) for number in listed.stdout.split()]


def is_there(process: int) -> bool:
    """Whether the process lives, or has ended and nobody has asked how."""
    return Path(f"/proc/{process}").exists()
