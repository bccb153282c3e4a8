"""Workers as processes of their own: they do the work, and being killed at any moment costs nothing."""

import dataclasses
import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cdpweb import jobs, leases, queueing
from cdpweb.domain.tasks import Status
from cdpweb.engine.run import run_task
from cdpweb.extensions import current_config, db
from cdpweb.models import Action, Customer, Task, TaskRow
from cdpweb.services import uploads
from tests.conftest import wait_for
from tests.launching import launched, people, status_of
from tests.live import START_SECONDS, Processes

ROWS = 600
SLOW = {"CDPWEB_BLOCK_BYTES": "600", "CDPWEB_WAIT_BETWEEN_BLOCKS_SECONDS": "0.05", "CDPWEB_LEASE_MILLISECONDS": "1000"}
"""Small blocks with pauses, so that there is time to kill."""


@pytest.fixture
def worker(processes: Processes, app: object) -> Callable[[], subprocess.Popen[bytes]]:
    def start() -> subprocess.Popen[bytes]:
        before = queueing.workers()
        process = processes.start("worker", "imports")
        wait_for(lambda: queueing.workers() > before, START_SECONDS)
        return process

    return start


def rows_read(session: Session, task_id: int) -> int:
    session.rollback()
    return session.scalars(select(Task.rows_read).where(Task.id == task_id)).one()


def children(process: subprocess.Popen[bytes]) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True)
    return [int(number) for number in listed.stdout.split()]


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_ring_is_answered_by_a_worker(session: Session, worker: Callable[[], object]) -> None:
    task_id = launched(session, people(3))
    worker()
    queueing.ring(task_id)
    wait_for(lambda: status_of(session, task_id) == Status.FINISHED, 20)
    assert session.scalar(select(func.count(Customer.id))) == 3
    wait_for(lambda: leases.holder(task_id) is None, 5)


@pytest.mark.parametrize(
    ("victim", "end"), [("worker", signal.SIGTERM), ("worker", signal.SIGKILL), ("job", signal.SIGKILL)]
)
def test_whoever_is_killed_the_import_ends_as_if_undisturbed(
    session: Session,
    processes: Processes,
    worker: Callable[[], subprocess.Popen[bytes]],
    victim: str,
    end: signal.Signals,
) -> None:
    processes.environment |= SLOW
    task_id = launched(session, people(ROWS))
    first = worker()
    processes.start("watchdog")
    queueing.ring(task_id)
    wait_for(lambda: rows_read(session, task_id) > 0, 30)
    jobs = children(first)
    os.kill(first.pid if victim == "worker" else jobs[0], end)
    if victim == "worker":
        wait_for(lambda: not any(map(is_alive, jobs)), 5)
        assert rows_read(session, task_id) < ROWS
        wait_for(lambda: queueing.workers() == 0, 10)
        processes.environment |= {"CDPWEB_BLOCK_BYTES": "1000000"}
        worker()
    wait_for(lambda: status_of(session, task_id) == Status.FINISHED, 60)
    assert rows_read(session, task_id) == ROWS
    assert session.scalar(select(func.count(Customer.id))) == ROWS


def test_a_task_that_was_rung_for_twice_ends_in_peace(
    session: Session, processes: Processes, worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """The second worker finds it held, and takes the broker's record of it along."""
    processes.environment |= SLOW
    task_id = launched(session, people(ROWS))
    worker()
    worker()
    queueing.ring(task_id)
    wait_for(lambda: rows_read(session, task_id) > 0, 30)
    queueing.ring(task_id)
    wait_for(lambda: "task_has_a_worker" in processes.log.read_text(), 20)
    wait_for(lambda: status_of(session, task_id) == Status.FINISHED, 60)
    wait_for(lambda: "job_ended_unknown" in processes.log.read_text(), 10)
    assert "Traceback" not in processes.log.read_text()
    assert rows_read(session, task_id) == ROWS


def test_of_two_workers_on_one_task_one_stops_without_a_trace(
    session: Session, app: Flask, processes: Processes, worker: Callable[[], subprocess.Popen[bytes]]
) -> None:
    processes.environment |= SLOW
    task_id = launched(session, people(ROWS))
    worker()
    queueing.ring(task_id)
    wait_for(lambda: rows_read(session, task_id) > 0, 30)
    # This process is the second one: it asks for no lease, as where the broker was away.
    config = current_config()
    limits = jobs.limits(dataclasses.replace(config, BLOCK_BYTES=600, WAIT_BETWEEN_BLOCKS_SECONDS=0.05))
    session.rollback()
    run_task(db.engine, task_id, owner="second", folder=uploads.folder_of(config), limits=limits)
    assert status_of(session, task_id) == Status.FINISHED
    wait_for(lambda: "task superseded" in processes.log.read_text(), 10)
    records = session.scalars(select(TaskRow.record).where(TaskRow.task_id == task_id).order_by(TaskRow.record)).all()
    assert records == list(range(1, ROWS + 1))
    assert session.scalar(select(func.count(Customer.id))) == session.scalar(select(func.count(Action.id))) == ROWS
