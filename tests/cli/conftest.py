"""A shell: commands as they are typed, on a fresh base of their own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from redis import Redis
from sqlalchemy import select

from cdpweb.app import create_app
from cdpweb.cli import cli
from cdpweb.extensions import db
from cdpweb.models import AuditEvent


@dataclass
class Shell:
    """Runs commands; `app` is the application that their base belongs to."""

    folder: Path
    broker_url: str
    app: Flask

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to its base and its broker."""
        return {
            "CDPWEB_INSTANCE": self.app.instance_path,
            "DATABASE_URL": self.app.config["DATABASE_URL"],
            "REDIS_URL": self.broker_url,
        }

    def __call__(self, *words: str | Path, broker: str | None = None) -> Result:
        """What a command printed, and its status."""
        environment = self.environment | ({"REDIS_URL": broker} if broker else {})
        result = CliRunner().invoke(cli, [str(word) for word in words], env=environment)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def file(self, text: str | bytes, name: str = "customers.csv") -> Path:
        """A file that a person has."""
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def audited(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of the audit log with their subjects; all of them by who sits at the terminal."""
        with self.app.app_context():
            events = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
        assert all(one.person and one.person.startswith("shell:") for one in events), events
        return [(one.event, one.subject) for one in events]

    def load(self, text: str | bytes, *options: str) -> dict[str, Any]:
        """The JSON of an import that finishes."""
        result = self("import", self.file(text), *options, "--json")
        assert result.exit_code == 0, result.stderr
        loaded: dict[str, Any] = json.loads(result.stdout)
        return loaded

    def refused(self, text: str | bytes, *options: str) -> str:
        """What an import that is refused at once says; nothing of it stays."""
        before = self.stored()
        result = self("import", self.file(text), *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert self.stored() == before, "a refused import left something behind"
        return result.stderr

    def stored(self) -> list[str]:
        """The uploads on disk, and how many rows the base has of what an import may make."""
        names = sorted(path.name for path in (Path(self.app.instance_path) / "uploads").glob("*"))
        tables = ("uploads", "tasks", "segments", "segment_groups", "customers")
        with self.app.app_context(), db.engine.connect() as connection:
            counts = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]
        return [*names, *map(str, counts)]


@pytest.fixture
def shell(database: str, tmp_path: Path, broker_url: str) -> Iterator[Shell]:
    """A shell on a fresh base and an empty broker."""
    with Redis.from_url(broker_url) as connection:
        connection.flushall()
    app = create_app(INSTANCE=tmp_path / "instance", DATABASE_URL=database, REDIS_URL=broker_url)
    yield Shell(tmp_path, broker_url, app)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def base(shell: Shell) -> Callable[..., Any]:
    """Make entries of the catalog: `base(SEGMENT_GROUPS, system_name="Loyalty", name="Loyalty")`."""
    from cdpweb.services.catalog.entries import create

    def make(kind: Any, **entry: Any) -> None:
        with shell.app.app_context():
            create(db.session, kind, entry)
            db.session.commit()

    return make
