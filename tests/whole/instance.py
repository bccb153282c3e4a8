"""An instance of cdpweb as somebody outside sees it: its pages, its database, its files."""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from cdpweb.app import create_app
from cdpweb.config import read_config
from cdpweb.domain.roles import Role
from tests.conftest import close
from tests.signing_in import session_cookie, state_of
from tests.whole.visitor import Visitor

END_SECONDS = 60
ENDED = ("finished", "failed", "cancelled", "paused")


class Instance:
    """The instance in `folder`, whose web server answers at `port`; without a `database_url` it is on SQLite."""

    def __init__(self, folder: Path, port: int, database_url: str = "") -> None:
        self.folder, self.port, self.database_url = folder, port, database_url
        self._base: Engine | None = None
        self._session: str | None = None

    @property
    def url(self) -> str:
        """Where its web server answers."""
        return f"http://127.0.0.1:{self.port}"

    def visitor(self) -> Visitor:
        """The owner, with a browser without JavaScript."""
        return Visitor(self.url, self.session())

    def signed_in(self) -> Any:
        """The cookies of a real browser in which the owner has signed in, for playwright's `storage_state`."""
        return state_of(self.session(), self.url)

    def session(self) -> str:
        """The owner's cookie."""
        if self._session is None:
            app = create_app(INSTANCE=self.folder, DATABASE_URL=self.database_url, REDIS_URL="")
            self._session = session_cookie(app, Role.OWNER)
            close(app)
        return self._session

    # Its files

    @property
    def uploads(self) -> list[Path]:
        """The files in the folder of uploads."""
        return list((self.folder / "uploads").glob("*"))

    @property
    def received(self) -> list[Path]:
        """The same without what imports make of them, at a time of their own."""
        return sorted(path for path in self.uploads if ".work" not in path.suffixes)

    @property
    def unfinished(self) -> list[Path]:
        """What is left of files that were being written."""
        return [path for path in self.uploads if path.suffix == ".part"]

    # Its database

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What the database answers to a statement, as tuples."""
        if self._base is None:
            config = read_config({}, INSTANCE=self.folder, DATABASE_URL=self.database_url)
            self._base = create_engine(config.database_uri, pool_pre_ping=True)
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

    def let_go(self) -> None:
        """Close the connections to the database."""
        if self._base:
            self._base.dispose()
