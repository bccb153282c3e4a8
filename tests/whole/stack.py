"""All of cdpweb as `make run` starts it, with the database it stands on: any part of it can be killed."""

import json
import os
import signal
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

from redis import Redis

from cdpweb.config import read_config
from tests.conftest import wait_for
from tests.postgres import Cluster
from tests.running import BACK_SECONDS, START_SECONDS, WELL, Running, children, is_there
from tests.web.markup import filled
from tests.whole.instance import Instance

MEMORY, DATABASE, EVERYTHING = "the broker's memory", "the database", "everything"
VICTIMS = ("job", "worker imports", "watchdog", "web", "broker", MEMORY, EVERYTHING)
"""What can be killed; where a server of its own holds it, the database too."""


class Stack(Instance):
    """The stack in `folder`, on SQLite or on a database of `cluster`; `settings` are environment variables."""

    def __init__(self, folder: Path, cluster: Cluster | None = None, **settings: Any) -> None:
        self.cluster = cluster
        self._folder = folder
        self._settings = settings | ({"DATABASE_URL": cluster.url(cluster.create())} if cluster else {})
        super().__init__(folder / "instance", 0, self._settings.get("DATABASE_URL", ""))

    @property
    def victims(self) -> tuple[str, ...]:
        """What of it can be killed."""
        return VICTIMS + ((DATABASE,) if self.cluster else ())

    def start(self) -> None:
        """Start everything."""
        self.running = Running(self._folder, **self._settings)
        self.port = self.running.port
        wait_for(self.running.is_announced, START_SECONDS)

    def stop(self) -> None:
        """End everything."""
        self.let_go()
        self.running.stop()

    def launch(self, file: Path, **changes: Any) -> int:
        """Launch a file on the import page."""
        visitor = self.visitor()
        shown = visitor.send(file.read_bytes())
        return visitor.post("/imports", filled(shown.page, **changes)).task_id

    @property
    def rows_read(self) -> int:
        """How far the one task is."""
        return int(self.value("select rows_read from tasks"))

    def strike(self, victim: str) -> None:
        """Kill a part, and start what nobody starts again by itself."""
        if victim == EVERYTHING:
            self._switch_off()
            self.start()
        elif victim == DATABASE:
            assert self.cluster
            self.cluster.kill()
            self.cluster.start()
        elif victim == MEMORY:
            config = read_config({}, INSTANCE=self.folder)
            with Redis.from_url(config.broker_url) as broker:
                broker.flushall()
        else:
            self._kill(victim)

    def recover(self, before: int, total: int) -> float:
        """Wait until all parts are back and the import has got further than `before`; how long that last took."""
        wait_for(self._is_back, BACK_SECONDS)
        back_at = time.monotonic()
        wait_for(lambda: self.rows_read > before or before == total, BACK_SECONDS)
        return time.monotonic() - back_at

    def _is_back(self) -> bool:
        """Whether every part is there and says that it works."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                health = json.load(answer)
        except (URLError, OSError):
            return False
        # A worker that was killed is counted for another five seconds.
        return bool(health == WELL)

    def _kill(self, victim: str) -> None:
        # The job is the child of the worker that does the work; between two jobs there is none.
        name = "worker imports" if victim == "job" else victim
        # Whoever was the last one too may not have been started again yet.
        wait_for(lambda: name in self.running.parts(), BACK_SECONDS)
        part = self.running.parts()[name]
        struck = children(part)[:1] if victim == "job" else [part]
        for process in struck:
            os.kill(process, signal.SIGKILL)
        wait_for(lambda: not any(map(is_there, struck)), BACK_SECONDS)

    def _switch_off(self) -> None:
        """Kill everything at once, the database too."""
        supervisor, parts = self.running.process, self.running.parts()
        every = [supervisor.pid, *parts.values(), *(child for part in parts.values() for child in children(part))]
        for process in every:
            # Some were about to end by themselves.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        supervisor.wait()
        if self.cluster:
            self.cluster.kill()
            self.cluster.start()
        wait_for(lambda: not any(map(is_there, every)), BACK_SECONDS)
