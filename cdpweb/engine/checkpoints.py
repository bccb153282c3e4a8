"""SQLite's checkpoints beside an import: a block goes from the log into the database file while the next is made."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Engine

LONG_LOG_PAGES = 100_000
"""From so many pages on (of 4 kB) the log is to begin anew."""

PATIENCE_SECONDS = 0.5
"""How long one waits then for those who read from it, such as the thread that looks ahead."""

LOOKS_EVERY_SECONDS = 0.02


@contextmanager
def checkpoints(engine: Engine) -> Iterator[Callable[[], None]]:
    """Gives what is to be called after each block; on PostgreSQL, whose server does such work itself, it does nothing.

    SQLite would do it within every commit that finds the log long enough, while nothing else gets done. But its log
    begins anew only in a transaction that finds all of it moved: so where the log is long, the next block waits.
    """
    if engine.dialect.name != "sqlite":
        yield lambda: None
        return
    with ThreadPoolExecutor(1, "checkpoint") as beside:
        running: Future[int] = beside.submit(_checkpoint, engine)
        begins_anew = False

        def begin() -> None:
            nonlocal running, begins_anew
            is_long = running.result() >= LONG_LOG_PAGES and not begins_anew
            running = beside.submit(_checkpoint, engine, PATIENCE_SECONDS if is_long else 0.0)
            if is_long:
                running.result()
            begins_anew = is_long

        yield begin


def _checkpoint(engine: Engine, patience_seconds: float = 0.0) -> int:
    """Move what nobody reads from the log, and for a while what somebody reads; how many pages are in the log."""
    until = time.monotonic() + patience_seconds
    with closing(engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        while True:
            _, pages, moved = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if moved == pages or time.monotonic() >= until:
                return int(pages)
            time.sleep(LOOKS_EVERY_SECONDS)
