"""A whole cdpweb for tests: its own instance folder, and every part as a process that can be killed by itself."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from sqlalchemy import Engine, create_engine, text

from cdpweb.config import read_config
from tests.conftest import wait_for
from tests.live import START_SECONDS, Processes, free_port
from tests.whole.visitor import Visitor

PARTS = (("broker",), ("web",), ("worker", "imports"), ("watchdog",))
END_SECONDS = 60
ENDED = ("finished", "failed", "cancelled", "paused")


class House:
    """An instance with its parts as processes. `settings` are environment variables, of all parts alike."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.instance = folder / "instance"
        self.port = free_port()
        own = {"CDPWEB_INSTANCE": self.instance, "PORT": self.port, "CDPWEB_WEB_PROCESSES": 1} | settings
        others = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
        self.environment = others | {name: str(value) for name, value in own.items()}
        self.processes = Processes(self.environment, folder / "processes.log")
        self.parts: dict[str, subprocess.Popen[bytes]] = {}
        self._base: Engine | None = None

    @property
    def url(self) -> str:
        """Where its web server answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def uploads(self) -> list[Path]:
        """The files in the folder of uploads."""
        return list((self.instance / "uploads").glob("*"))

    @property
    def unfinished(self) -> list[Path]:
        """What is left of files that were being written."""
        return [path for path in self.uploads if path.suffix == ".part"]

    @property
    def log(self) -> str:
        """What its processes have printed."""
        return self.processes.log.read_text()

    def open(self, **catalog: Any) -> None:
        """Make the database with a catalog (product §6) and start all parts; returns when they answer."""
        self.instance.mkdir()
        path = self.instance / "catalog.json"
        path.write_text(json.dumps(catalog))
        made = self.cli("catalog", "load", str(path))
        assert made.returncode == 0, made.stderr
        for words in PARTS:
            self.start(*words)
        wait_for(self.is_well, START_SECONDS)

    def close(self) -> None:
        """Stop all parts; fails where one of them logged a bug."""
        if self._base:
            self._base.dispose()
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

    def visitor(self) -> Visitor:
        """Somebody with a browser without JavaScript."""
        return Visitor(self.url)

    def cli(self, *words: str, typed: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run `python -m cdpweb …` to its end."""
        command = [sys.executable, "-m", "cdpweb", *words]
        return subprocess.run(
            command, env=self.environment, input=typed.decode(), capture_output=True, text=True, check=False, timeout=60
        )

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database answers to a statement, as tuples."""
        if self._base is None:
            config = read_config(self.environment)
            self._base = create_engine(config.database_uri)
        with self._base.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def value(self, statement: str, **values: Any) -> Any:
        """The one value that the database answers."""
        ((value,),) = self.rows(statement, **values)
        return value

    def status(self, task_id: int) -> str:
        """Where a task stands."""
        return str(self.value("select status from tasks where id = :id", id=task_id))

    def wait_for_end(self, task_id: int, seconds: float = END_SECONDS) -> str:
        """Return when a task has ended, or asks something; answers its status."""
        end = time.monotonic() + seconds
        while (status := self.status(task_id)) not in ENDED:
            assert time.monotonic() < end, f"task {task_id} is still {status} after {seconds} seconds"
            time.sleep(0.05)
        return status
