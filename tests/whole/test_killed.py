"""Killed at any instant, an import resumes by itself, and ends as an undisturbed one (product §7).

Alone: `python -m pytest -m kill`.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from cdpweb.config import read_config
from tests.conftest import wait_for
from tests.running import BACK_SECONDS, START_SECONDS, Running
from tests.web.markup import filled
from tests.whole.files import mixed
from tests.whole.house import environment_of, run_command
from tests.whole.instance import Instance

pytestmark = [pytest.mark.kill, pytest.mark.timeout(400)]

ROWS = 60_000
BLOCKS = 20
MOMENT = "2026-06-01T12:00"
VICTIMS = {"job": 0.15, "worker imports": 0.3, "the broker's memory": 0.45, "broker": 0.6, "web": 0.75}
"""Who is killed as soon as this share of the rows has been done."""

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
    "actions": "recorded_at",
    "changes": "at",
    "task_rows": "",
    "problems": "",
    "problem_groups": "",
    "counters": "",
}
"""What an import writes, each with its time of recording, which alone may differ."""

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
def undisturbed(tmp_path_factory: pytest.TempPathFactory, catalog: Path, file: Path) -> Iterator["Future[Instance]"]:
    """The same file imported in one go, from the shell, in another instance and beside the other one."""
    instance = Instance(tmp_path_factory.mktemp("undisturbed") / "instance", 0)

    def go() -> Instance:
        environment = environment_of(instance.folder)
        command(environment, "catalog", "load", str(catalog))
        command(environment, "import", str(file), "--action-date", MOMENT)
        return instance

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(go)
    instance.let_go()


@pytest.fixture
def running(tmp_path: Path, catalog: Path, file: Path) -> Iterator[Running]:
    """All of cdpweb as `make run` starts it, with small blocks so that there is time to kill."""
    settings = {"CDPWEB_BLOCK_BYTES": file.stat().st_size // BLOCKS, "CDPWEB_LEASE_MILLISECONDS": 1000}
    command(environment_of(tmp_path / "instance"), "catalog", "load", str(catalog))
    running = Running(tmp_path, **settings)
    yield running
    running.stop()


def test_whatever_is_killed_the_import_ends_as_an_undisturbed_one(
    running: Running, undisturbed: "Future[Instance]", file: Path
) -> None:
    instance = Instance(running.instance, running.port)
    task_id = launch(running, instance, file)
    for victim, share in VICTIMS.items():
        wait_for_rows(instance, ROWS * share)
        strike(running, victim)
        assert rows_read(instance) < ROWS, f"the import was over before the {victim} could be killed"
    assert instance.wait_for_end(task_id, BACK_SECONDS) == "finished"
    wait_for(running.is_well, BACK_SECONDS)
    page = instance.visitor().get(f"/tasks/{task_id}")
    assert f"{ROWS:,} of {ROWS:,} rows" in page.words
    compare(instance, undisturbed.result())
    instance.let_go()


def test_after_the_machine_was_switched_off_the_import_goes_on(
    running: Running, undisturbed: "Future[Instance]", file: Path, tmp_path: Path
) -> None:
    instance = Instance(running.instance, running.port)
    task_id = launch(running, instance, file)
    wait_for_rows(instance, ROWS / 2)
    switch_off(running)
    assert rows_read(instance) < ROWS, "the import was over before the machine could be switched off"
    again = Running(tmp_path)
    try:
        assert instance.wait_for_end(task_id, BACK_SECONDS + START_SECONDS) == "finished"
        compare(instance, undisturbed.result())
    finally:
        instance.let_go()
        again.stop()


def launch(running: Running, instance: Instance, file: Path) -> int:
    """Launch the file on the import page of what has just been started."""
    wait_for(running.is_announced, START_SECONDS)
    visitor = instance.visitor()
    shown = visitor.send(file.read_bytes())
    return visitor.post("/imports", filled(shown.page, action_date=MOMENT)).task_id


def switch_off(running: Running) -> None:
    """Kill everything at once."""
    parts = running.parts()
    every = [running.process.pid, *parts.values(), *(child for part in parts.values() for child in children(part))]
    for process in every:
        os.kill(process, signal.SIGKILL)
    running.process.wait()
    wait_for(lambda: not any(Path(f"/proc/{process}").exists() for process in every), BACK_SECONDS)


def rows_read(instance: Instance) -> int:
    return int(instance.value("select rows_read from tasks"))


def wait_for_rows(instance: Instance, least: float) -> None:
    wait_for(lambda: rows_read(instance) >= least, BACK_SECONDS)


def strike(running: Running, victim: str) -> None:
    """Kill a part; the job is the child of the worker that does the work."""
    if victim == "the broker's memory":
        with Redis.from_url(read_config({"CDPWEB_INSTANCE": str(running.instance)}).broker_url) as broker:
            broker.flushall()
    elif victim == "job":
        os.kill(children(running.parts()["worker imports"])[0], signal.SIGKILL)
    else:
        os.kill(running.parts()[victim], signal.SIGKILL)


def children(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(number) for number in listed.stdout.split()]


def compare(disturbed: Instance, undisturbed: Instance) -> None:
    """Every value that an import writes, its counts and its ledger; times of recording aside."""
    assert disturbed.rows(COUNTS) == undisturbed.rows(COUNTS)
    for table, time_of_recording in WRITTEN.items():
        names = [name for (name,) in undisturbed.rows(f"select name from pragma_table_info('{table}')")]
        columns = ", ".join(name for name in names if name != time_of_recording)
        statement = f"select {columns} from {table} order by 1, 2, 3" if len(names) > 2 else f"select * from {table}"
        assert disturbed.rows(statement) == undisturbed.rows(statement), table


def command(environment: dict[str, str], *words: str) -> None:
    answer: Any = run_command(environment, *words)
    assert answer.returncode == 0, answer.stderr
