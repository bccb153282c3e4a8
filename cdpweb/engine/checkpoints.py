"""SQLite's checkpoints beside an import: a block goes from the log into the database file while the next is made."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Engine


@contextmanager
def checkpoints(engine: Engine) -> Iterator[Callable[[], None]]:
    """Gives what is to be called after each block; on PostgreSQL, whose server does such work itself, it does nothing.

    SQLite would do it within every commit that finds the log long enough, while nothing else gets done. The log can
    begin anew once all of it has been moved: so where the last checkpoint has not kept up with the blocks, the next
    one is waited for.
    """
    if engine.dialect.name != "sqlite":
        yield lambda: None
        return
    with ThreadPoolExecutor(1, "checkpoint") as beside:
        running: Future[Any] = beside.submit(_checkpoint, engine)

        def begin() -> None:
            nonlocal running
            kept_up = running.done()
            running.result()
            running = beside.submit(_checkpoint, engine)
            if not kept_up:
                running.result()

        yield begin


def _checkpoint(engine: Engine) -> None:
    with closing(engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
