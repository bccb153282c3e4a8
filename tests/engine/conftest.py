"""An import as the engine sees it: a file on disk, a task in the database, and nobody in between."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, select

from cdpweb.domain.settings import ImportSettings
from cdpweb.domain.tasks import Status
from cdpweb.engine.run import Limits, run_task
from cdpweb.extensions import db
from cdpweb.models import Customer, Task, Upload
from cdpweb.models.base import table_of
from cdpweb.models.types import now
from cdpweb.reading.dialect import Dialect


@dataclass
class Bench:
    """Puts files in and runs their tasks."""

    engine: Engine
    folder: Path

    def task(
        self,
        text: str | bytes,
        columns: list[str | None] | None = None,
        answers: dict[str, Any] | None = None,
        **settings: Any,
    ) -> int:
        """Store `text` as a file and make its task; the number of the task."""
        content = text.encode() if isinstance(text, str) else text
        header = content.decode(errors="replace").splitlines()[0].split(",")
        name = secrets.token_hex(16)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)
        with self.engine.begin() as connection:
            upload = connection.execute(
                insert(Upload).values(
                    name=name, given_name="file.csv", size_bytes=len(content), created_at=now(),
                    sha256=hashlib.sha256(content).hexdigest(),
                ).returning(Upload.id)
            ).scalar_one()  # fmt: skip
            return connection.execute(
                insert(Task).values(
                    kind="import", status=Status.WAITING, upload_id=upload, dialect=Dialect().as_json(), header=header,
                    columns=columns or header, settings=ImportSettings(**settings).to_json(), answers=answers or {},
                    created_at=now(),
                ).returning(Task.id)
            ).scalar_one()  # fmt: skip

    def run(
        self,
        task_id: int,
        *,
        block_bytes: int = 1 << 20,
        owner: str | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> Any:
        """Run a task as a worker would; its row afterwards."""
        limits = Limits(block_bytes, max_cell_bytes=1 << 20, max_unpacked_bytes=1 << 30)
        run_task(
            self.engine, task_id, owner=owner or secrets.token_hex(8), folder=self.folder, limits=limits,
            progress=progress,
        )  # fmt: skip
        return self.row(task_id)

    def row(self, task_id: int) -> Any:
        """The task as it stands."""
        table = table_of(Task)
        with self.engine.connect() as connection:
            return connection.execute(select(table).where(table.c.id == task_id)).one()

    def all(self, model: type[Any]) -> list[Any]:
        """All rows of a table."""
        with self.engine.connect() as connection:
            return list(connection.execute(select(table_of(model))))

    def customers(self) -> list[Any]:
        """All customers by id."""
        return sorted(self.all(Customer), key=lambda customer: customer.id)


@pytest.fixture
def bench(app: Flask, tmp_path: Path) -> Bench:
    """A fresh database of either kind and a folder for files."""
    with app.app_context():
        return Bench(db.engine, tmp_path / "uploads")
