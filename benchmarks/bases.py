"""Where the benchmarks import: a fresh base on either database, with the catalog that the files speak of."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.catalog import CATALOG
from benchmarks.measuring import Measured, run
from tests.postgres import Cluster

SERVER = "-c shared_buffers=2GB -c max_wal_size=8GB"
"""PostgreSQL as it would be run: what is committed is on the disk."""


@dataclass(frozen=True)
class Base:
    """An instance folder and its database."""

    environment: dict[str, str]

    def load(self, file: Path, *options: str) -> Measured:
        """Import a file as anybody does from the shell: the whole command, from its start to its end.

        Raises RuntimeError where the task does not finish, or does not account for every row.
        """
        measured = self.command("import", str(file), "--json", "--phone-country", "RU", *options)
        told: dict[str, Any] = json.loads(measured.printed)
        outcomes = sum(told[name] for name in ("created", "updated", "unchanged", "rejected", "blank"))
        if told["status"] != "finished" or outcomes != told["rows"]:
            raise RuntimeError(f"{file.name}: {measured.printed}")
        return measured

    def command(self, *words: str) -> Measured:
        """Run `python -m cdpweb …`."""
        return run([sys.executable, "-m", "cdpweb", *words], self.environment)


@contextmanager
def base(folder: Path, database_url: str = "") -> Iterator[Base]:
    """A fresh base in an instance folder of its own within `folder`, on SQLite unless told otherwise."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        instance = Path(name)
        settings = {"CDPWEB_INSTANCE": name, "DATABASE_URL": database_url, "REDIS_URL": ""}
        settings["PYTHONDONTWRITEBYTECODE"] = ""  # elsewhere a program is compiled once, not at every start
        made = Base({**os.environ, **settings})
        catalog = instance / "catalog.json"
        catalog.write_text(json.dumps(CATALOG))
        made.command("catalog", "load", str(catalog))
        yield made


@contextmanager
def server() -> Iterator[Cluster]:
    """A running PostgreSQL, gone afterwards."""
    cluster = Cluster(SERVER)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.close()
