"""A whole cdpweb for tests: its own instance folder, and every part as a process that can be stopped by itself."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from tests.conftest import wait_for
from tests.live import START_SECONDS, Processes, free_port
from tests.whole.instance import Instance

PARTS = (("broker",), ("web",), ("worker", "imports"), ("watchdog",))
OTHERS = ("REDIS_URL", "DATABASE_URL")
COMMAND_SECONDS = 60


def environment_of(folder: Path, **settings: Any) -> dict[str, str]:
    """The environment of processes that work in the instance folder `folder`."""
    own = {"CDPWEB_INSTANCE": folder} | settings
    inherited = {name: value for name, value in os.environ.items() if name not in OTHERS}
    return inherited | {name: str(value) for name, value in own.items()}


def run_command(
    environment: dict[str, str], *words: str, seconds: float = COMMAND_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run `python -m cdpweb …` to its end, which comes within `seconds`."""
    command = [sys.executable, "-m", "cdpweb", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds)


class House(Instance):
    """An instance with its parts as processes. `settings` are environment variables, of all parts alike."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder / "instance", free_port(), settings.get("DATABASE_URL", ""))
        environment = environment_of(self.folder, PORT=self.port, CDPWEB_WEB_PROCESSES=1, **settings)
        self.processes = Processes(environment, folder / "processes.log")
        self.parts: dict[str, subprocess.Popen[bytes]] = {}

    def open(self, **catalog: Any) -> None:
        """Make the database with a catalog (product §6) and start all parts; returns when they answer."""
        self.folder.mkdir()
        path = self.folder / "catalog.json"
        path.write_text(json.dumps(catalog))
        made = run_command(self.processes.environment, "catalog", "load", str(path))
        assert made.returncode == 0, made.stderr
        for words in PARTS:
            self.start(*words)
        wait_for(self.is_well, START_SECONDS)

    def close(self) -> None:
        """Stop all parts, the broker last as supervisor does; fails where one of them logged a bug."""
        self.let_go()
        for part in reversed(self.parts):
            self.stop(part)
        self.processes.stop()

    def start(self, *words: str) -> None:
        """Start a part: `start("worker", "imports")`."""
        self.parts[words[0]] = self.processes.start(*words)

    def kill(self, part: str) -> None:
        """Kill a part as a crash does."""
        self.parts[part].kill()
        self.parts[part].wait()

    def stop(self, part: str) -> None:
        """Stop a part as supervisor does."""
        self.parts[part].terminate()
        self.parts[part].wait()

    def is_well(self) -> bool:
        """Whether web server, database and broker answer and a worker for imports listens."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=10) as answer:
                return bool(json.load(answer)["workers"]["imports"])
        except (URLError, OSError):
            return False
