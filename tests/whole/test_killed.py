"""Killed at any instant, an import resumes by itself, and ends as an undisturbed one (product §7).

Alone: `python -m pytest -m kill`. Longer, as `make kill-long` does: `CDPWEB_TESTS_KILLS` kills, spread over
`CDPWEB_TESTS_KILL_ROWS` rows; `CDPWEB_TESTS_SEED` chooses who is killed when.
"""

import json
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from cdpweb.models import Base
from cdpweb.models.postings import POSTED_COLUMNS, Posted
from tests.conftest import wait_for
from tests.databases import BOTH
from tests.postgres import Cluster
from tests.running import BACK_SECONDS
from tests.whole.files import mixed
from tests.whole.house import environment_of, run_command
from tests.whole.instance import Instance
from tests.whole.stack import Stack

ROWS = int(os.environ.get("CDPWEB_TESTS_KILL_ROWS", "28000"))
KILLS = int(os.environ.get("CDPWEB_TESTS_KILLS", "8"))
SEED = int(os.environ.get("CDPWEB_TESTS_SEED", "20260601"))
BLOCKS_PER_KILL = 5
RESUME_SECONDS = 10
END_SECONDS = BACK_SECONDS + ROWS / 1000
"""By when an import has ended at the latest."""

MOMENT = "2026-06-01T12:00"

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300 + KILLS * 30 + ROWS // 1000)]

CATALOG = {
    "segment_groups": [
        {
            "system_name": "Loyalty",
            "name": "Loyalty",
            "segments": [{"system_name": "Gold", "name": "Gold"}, {"system_name": "Silver", "name": "Silver"}],
        }
    ]
}
WRITTEN = {
    "customers": "created_at",
    "segment_members": "",
    "external_ids": "",
    "actions": "recorded_at",
    "changes": "at",
    "task_rows": "",
    "problems": "",
    "problem_groups": "",
}
"""What an import writes, each with its time of recording, which alone may differ."""

IDS = "select name, next_id from counters where name in ('customers', 'actions', 'changes') order by name"

IDENTIFIERS = "select * from identifiers union all select * from fresh_identifiers order by value, kind"
"""SQLite's index of them."""

ALWAYS_SETTLING = """
    update counters set next_id = 1000000000 where name = 'identifiers';
    create trigger always_settling before update on counters when old.name = 'settled' begin select raise(ignore); end
"""
"""Lets SQLite's fresh identifiers settle after each block, as if there were always many."""

COUNTS = (
    "select kind, status, reason, columns, settings, total_records, total_bytes, next_offset, next_record, next_line, "
    "rows_read, created, updated, unchanged, rejected, blank, warnings, customers from tasks"
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalog") / "catalog.json"
    path.write_text(json.dumps(CATALOG))
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "customers.csv"
    path.write_bytes(mixed(ROWS))
    return path


@pytest.fixture(scope="module")
def sturdy_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that keeps what it has confirmed, as in operation, and recovers after a crash."""
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.close()


@pytest.fixture(scope="module", params=BOTH)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def stack(request: pytest.FixtureRequest, kind: str, tmp_path: Path, catalog: Path, file: Path) -> Iterator[Stack]:
    """All of cdpweb as `make run` starts it, with small blocks and long waits, so that there is time to kill."""
    settings = {
        "CDPWEB_BLOCK_BYTES": file.stat().st_size // (KILLS * BLOCKS_PER_KILL),
        "CDPWEB_WAIT_BETWEEN_BLOCKS_SECONDS": 0.3,
        "CDPWEB_LEASE_MILLISECONDS": 1000,
    }
    cluster = request.getfixturevalue("sturdy_cluster") if kind == "postgres" else None
    stack = Stack(tmp_path, cluster, **settings)
    command(environment_of(stack.folder, DATABASE_URL=stack.database_url), "catalog", "load", str(catalog))
    if kind == "sqlite":
        with closing(sqlite3.connect(stack.folder / "cdpweb.db")) as connection:
            connection.executescript(ALWAYS_SETTLING)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def undisturbed(
    request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory, catalog: Path, file: Path
) -> Iterator["Future[Instance]"]:
    """The same file imported in one go, from the shell, on the same kind of database and beside the other one."""
    url = request.getfixturevalue("postgres_module_url") if kind == "postgres" else ""
    instance = Instance(tmp_path_factory.mktemp("undisturbed") / "instance", 0, url)

    def go() -> Instance:
        environment = environment_of(instance.folder, DATABASE_URL=url)
        command(environment, "catalog", "load", str(catalog))
        command(environment, "import", str(file), "--action-date", MOMENT)
        return instance

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(go)
    instance.let_go()


def test_whatever_is_killed_whenever_the_import_ends_as_an_undisturbed_one(
    stack: Stack, undisturbed: "Future[Instance]", file: Path
) -> None:
    print(f"CDPWEB_TESTS_SEED={SEED}")  # noqa: T201
    task_id = stack.launch(file, action_date=MOMENT)
    for victim, share, pause in schedule(stack.victims):
        wait_for(lambda: stack.rows_read >= ROWS * share, BACK_SECONDS)  # noqa: B023
        time.sleep(pause)
        stack.strike(victim)
        before = stack.rows_read
        seconds = stack.recover(before, ROWS)
        print(f"{victim}, killed at row {before:,}: goes on after {seconds:.1f} s")  # noqa: T201
        assert before < ROWS, f"the import was over before {victim} could be killed"
        assert seconds <= RESUME_SECONDS
    assert stack.wait_for_end(task_id, END_SECONDS) == "finished"
    page = stack.visitor().get(f"/tasks/{task_id}")
    assert f"{ROWS:,} of {ROWS:,} rows" in page.words
    compare(stack, undisturbed.result())
    if not stack.database_url:
        assert stack.rows("select 1 from identifiers limit 1")


def schedule(victims: tuple[str, ...]) -> list[tuple[str, float, float]]:
    """Who is killed at which share of the rows, and how many seconds after that: everybody in turn, in any order."""
    chance = random.Random(SEED)
    struck = [victim for _ in range(KILLS) for victim in chance.sample(victims, len(victims))][:KILLS]
    shares = sorted(chance.uniform(0.02, 0.75) for _ in struck)
    return [(victim, share, chance.uniform(0, 0.3)) for victim, share in zip(struck, shares, strict=True)]


@pytest.mark.parametrize("kind", BOTH[1:], indirect=True)
def test_while_the_database_is_away_nothing_fails_and_pages_say_so(
    stack: Stack, undisturbed: "Future[Instance]", file: Path, catalog: Path
) -> None:
    assert stack.cluster
    task_id = stack.launch(file, action_date=MOMENT)
    wait_for(lambda: stack.rows_read >= ROWS / 4, BACK_SECONDS)
    visitor = stack.visitor()
    assert visitor.get("/tasks").status == 200
    stack.cluster.kill()
    answer = visitor.get("/tasks")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "The database does not answer" in answer.words
    environment = environment_of(stack.folder, DATABASE_URL=stack.database_url)
    refusal = run_command(environment, "catalog", "dump")
    assert (refusal.returncode, refusal.stderr.count("\n")) == (1, 1)
    assert "The database does not answer" in refusal.stderr
    # Longer than a worker or the watchdog could wait without noticing.
    time.sleep(5)
    stack.cluster.start()
    before = stack.rows_read
    assert before < ROWS
    assert stack.recover(before, ROWS) <= RESUME_SECONDS
    assert visitor.get("/tasks").status == 200
    assert stack.wait_for_end(task_id, END_SECONDS) == "finished"
    compare(stack, undisturbed.result())


@pytest.mark.parametrize("kind", BOTH[1:], indirect=True)
def test_an_import_in_the_shell_waits_for_the_database(
    sturdy_cluster: Cluster, undisturbed: "Future[Instance]", tmp_path: Path, catalog: Path, file: Path
) -> None:
    url = sturdy_cluster.url(sturdy_cluster.create())
    instance = Instance(tmp_path / "instance", 0, url)
    environment = environment_of(instance.folder, DATABASE_URL=url, CDPWEB_BLOCK_BYTES=100_000)
    command(environment, "catalog", "load", str(catalog))
    with ThreadPoolExecutor(1) as beside:
        words = ("import", str(file), "--action-date", MOMENT)
        shell = beside.submit(run_command, environment, *words, seconds=END_SECONDS)
        wait_for(lambda: instance.rows("select 1 from tasks where rows_read > 0"), BACK_SECONDS)
        sturdy_cluster.kill()
        time.sleep(2)
        sturdy_cluster.start()
        finished = shell.result()
    assert (finished.returncode, finished.stderr) == (0, "")
    compare(instance, undisturbed.result())
    instance.let_go()


def compare(disturbed: Instance, undisturbed: Instance) -> None:
    """Every value that an import writes, its counts and its ledger; times of recording aside."""
    for statement in (COUNTS, IDS) if disturbed.database_url else (COUNTS, IDS, IDENTIFIERS):
        assert disturbed.rows(statement) == undisturbed.rows(statement)
    assert unposted(disturbed) == set()
    for name, time_of_recording in WRITTEN.items():
        statement = contents(Base.metadata.tables[name], time_of_recording)
        assert disturbed.rows(statement) == undisturbed.rows(statement), name


def unposted(instance: Instance) -> set[tuple[object, ...]]:
    """What customers and rows cannot be found by; which of them stand together depends on the blocks."""
    rows = instance.rows("select kind, value, numbers from postings")
    posted = {(kind, value, int(one)) for kind, value, numbers in rows for one in str(numbers).split(",")}
    there = [
        f"select {kind.value}, cast({column} as text), id from customers where {column} is not null"
        for kind, column in POSTED_COLUMNS.items()
    ]
    there.append(
        f"select {Posted.OUTCOME.value}, task_id || ' ' || outcome, record from task_rows where customer_id is not null"
    )
    return {tuple(row) for row in instance.rows(" union all ".join(there))} - posted


def contents(table: Table, left_out: str) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name != left_out)
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    return f"select {columns} from {table.name} order by {key}"


def command(environment: dict[str, str], *words: str) -> None:
    answer: Any = run_command(environment, *words, seconds=END_SECONDS)
    assert answer.returncode == 0, answer.stderr
