"""The doorbell: rings once for a task that waits, says its place and who listens."""

from collections.abc import Callable

import pytest
from flask import Flask
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from cdpweb import broker, leases, presence, queueing
from tests.conftest import wait_for


@pytest.fixture
def database(sqlite_database: str) -> str:
    """No database is met here: once is enough."""
    return sqlite_database


@pytest.fixture(autouse=True)
def _context(app: Flask) -> object:
    with app.app_context():
        yield


def test_a_second_ring_for_a_waiting_task_changes_nothing() -> None:
    queueing.ring(7)
    queueing.ring(7)
    assert queueing.line_of("imports").get_job_ids() == ["task-7"]


def test_tasks_wait_in_the_order_of_their_rings() -> None:
    for task_id in (7, 3, 9):
        queueing.ring(task_id)
    assert [queueing.place(task_id) for task_id in (7, 3, 9)] == [0, 1, 2]
    assert queueing.place(4) is None


def test_the_queues_are_apart() -> None:
    queueing.ring(7, "short")
    assert queueing.place(7) is None
    assert queueing.place(7, "short") == 0


def test_idle_is_who_neither_waits_nor_is_worked_on() -> None:
    queueing.ring(1)
    leases.renew(broker.connection(), 2, "me", milliseconds=5000)
    assert queueing.idle([1, 2, 3]) == [3]
    assert queueing.idle([]) == []


def test_jobs_carry_json_and_no_time_limit() -> None:
    queueing.ring(7)
    job = queueing.line_of("imports").fetch_job("task-7")
    assert (job.func_name, job.args, job.timeout) == ("cdpweb.jobs.run_task", [7], -1)
    assert b'"cdpweb.jobs.run_task"' in job.data


def test_a_task_whose_job_is_over_can_be_rung_for_again(drain: Callable[..., None]) -> None:
    queueing.ring(7)
    drain()
    assert queueing.place(7) is None
    queueing.ring(7)
    assert queueing.place(7) == 0


def test_a_task_whose_job_has_failed_can_be_rung_for_again() -> None:
    line = queueing.line_of("imports")
    line.enqueue("cdpweb.jobs.no_such_job", 7, job_id="task-7", failure_ttl=1000)
    SimpleWorker([line], connection=broker.connection(), serializer=JSONSerializer).work(
        burst=True, logging_level="CRITICAL"
    )
    assert line.failed_job_registry.get_job_ids() == ["task-7"]
    queueing.ring(7)
    assert queueing.place(7) == 0
    assert line.fetch_job("task-7").func_name == "cdpweb.jobs.run_task"


def test_workers_are_counted_while_they_say_that_they_are_there() -> None:
    assert queueing.workers() == 0
    gone = [presence.announce(broker.connection(), "imports", name) for name in ("one", "two")]
    presence.announce(broker.connection(), "short", "three").set()
    wait_for(lambda: queueing.workers() == 2, 2)
    gone[0].set()
    wait_for(lambda: queueing.workers() == 1, 3)
    gone[1].set()
    wait_for(lambda: queueing.workers() == 0, 3)


@pytest.mark.parametrize(
    "act", [lambda: queueing.ring(7), lambda: queueing.place(7), queueing.workers, lambda: queueing.idle([7])]
)
def test_a_broker_that_is_away_is_told_in_words(make_app: Callable[..., Flask], act: Callable[[], object]) -> None:
    with (
        make_app(REDIS_URL="unix:///nowhere/broker.sock").app_context(),
        pytest.raises(queueing.BrokerDown, match="saved and starts by itself when the queue is back"),
    ):
        act()
