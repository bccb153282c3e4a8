"""People who wait for SQLite's write lock have it before the next block of an import."""

import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from cdpweb.models import connections
from cdpweb.models.write_lock import PATIENCE_SECONDS

PEOPLE = 5


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}", pool_size=PEOPLE + 2)
    connections.prepare(engine)
    yield engine
    engine.dispose()


def in_turn(engine: Engine, options: dict[str, object], name: str, order: list[str], waits: threading.Event) -> None:
    with engine.execution_options(**options).connect() as connection:
        waits.set()
        with connection.begin():
            connection.exec_driver_sql("SELECT 1")
            order.append(name)


def begun(*arguments: object) -> threading.Thread:
    waits = threading.Event()
    thread = threading.Thread(target=in_turn, args=(*arguments, waits))
    thread.start()
    assert waits.wait(5)
    return thread


def test_all_who_wait_go_before_the_next_block(engine: Engine) -> None:
    order: list[str] = []
    with engine.execution_options(**connections.WRITING_BLOCKS).begin() as block:
        block.exec_driver_sql("SELECT 1")
        waiting = [begun(engine, connections.WRITING, "person", order) for _ in range(PEOPLE)]
        threading.Event().wait(0.1)
    waiting.append(begun(engine, connections.WRITING_BLOCKS, "block", order))
    for thread in waiting:
        thread.join()
    assert order == ["person"] * PEOPLE + ["block"]


def test_a_block_does_not_wait_for_ever(engine: Engine, tmp_path: Path) -> None:
    with (tmp_path / "x.db-waiting").open("w") as room:
        fcntl.flock(room, fcntl.LOCK_SH)
        order: list[str] = []
        begun(engine, connections.WRITING_BLOCKS, "block", order).join(PATIENCE_SECONDS + 5)
    assert order == ["block"]


def test_nobody_waits_where_nobody_else_writes(engine: Engine, tmp_path: Path) -> None:
    order: list[str] = []
    begun(engine, connections.WRITING, "person", order).join()
    assert order == ["person"]
    assert not (tmp_path / "x.db-waiting").exists()
