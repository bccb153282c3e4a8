"""SQLite's log is moved beside the import, and begins anew where it has grown long."""

import time
from threading import Thread

from sqlalchemy import text

from cdpweb.engine import checkpoints as engine
from cdpweb.engine.checkpoints import checkpoints
from cdpweb.models.connections import WRITING_BLOCKS
from tests.conftest import wait_for
from tests.databases import on_sqlite

LONG = 20
A_WHILE = 0.05


def write(bench, pages):
    """As a block does, which leaves the log to others."""
    with bench.engine.execution_options(**WRITING_BLOCKS).begin() as connection:
        connection.execute(text("create table if not exists filled (bytes)"))
        connection.execute(text(f"insert into filled values (zeroblob({pages * 4096}))"))


@on_sqlite
def test_a_block_waits_for_a_long_log_and_the_next_one_finds_it_short(bench, monkeypatch):
    monkeypatch.setattr(engine, "LONG_LOG_PAGES", LONG)
    move, lengths = engine._checkpoint, []

    def slowly(*given):
        time.sleep(A_WHILE)
        lengths.append(move(*given))
        return lengths[-1]

    monkeypatch.setattr(engine, "_checkpoint", slowly)
    waited = []
    with checkpoints(bench.engine) as after_block:
        wait_for(lambda: len(lengths) == 1, 10)
        for block, pages in enumerate((2 * LONG, 1, 1, 1), 1):
            write(bench, pages)
            after_block()
            waited.append(len(lengths) > block)
    assert waited == [False, True, False, False]
    assert max(lengths) >= 2 * LONG
    assert lengths[-1] < LONG


@on_sqlite
def test_a_long_log_begins_anew_where_somebody_still_read_from_it_for_a_while(bench, monkeypatch):
    monkeypatch.setattr(engine, "LONG_LOG_PAGES", LONG)
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 10)
    move, lengths = engine._checkpoint, []
    monkeypatch.setattr(engine, "_checkpoint", lambda *given: lengths.append(move(*given)) or lengths[-1])
    move(bench.engine)
    with bench.engine.connect() as reader, checkpoints(bench.engine) as after_block:
        wait_for(lambda: lengths, 10)
        write(bench, 1)
        with reader.begin():
            reader.execute(text("select count(*) from filled"))
            write(bench, 2 * LONG)
            after_block()
            write(bench, 1)
            waiting = Thread(target=after_block)
            waiting.start()
            waiting.join(A_WHILE)
            assert waiting.is_alive()
        waiting.join(10)
        write(bench, 1)
    assert move(bench.engine) < LONG
