"""The watchdog rings again for open tasks that nobody works on, and for those only."""

from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy.orm import Session

from cdpweb import broker, leases, queueing
from cdpweb.domain.tasks import Status
from cdpweb.models import Task
from cdpweb.watchdog import Watch, open_tasks
from tests.launching import launched, people, status_of


@pytest.fixture
def task_id(session: Session) -> int:
    return launched(session, people(1))


def set_status(session: Session, task_id: int, status: Status) -> None:
    task = session.get(Task, task_id)
    assert task
    task.status = status
    session.commit()


@pytest.mark.parametrize("status", Status)
def test_open_tasks_are_those_with_something_to_do(session: Session, task_id: int, status: Status) -> None:
    set_status(session, task_id, status)
    assert (task_id in open_tasks()) == (status in ("waiting", "checking", "running", "undoing"))


def test_a_task_that_was_never_rung_for_is_found_at_the_second_look(task_id: int) -> None:
    watch = Watch()
    assert watch.look() == []
    assert watch.look() == [task_id]
    assert queueing.place(task_id) == 0
    assert watch.look() == watch.look() == []


def test_a_task_that_waits_in_its_queue_is_left_alone(task_id: int) -> None:
    queueing.ring(task_id)
    watch = Watch()
    assert watch.look() == watch.look() == []


def test_a_task_that_somebody_works_on_is_left_alone_until_the_lease_ends(task_id: int) -> None:
    watch = Watch()
    with leases.held(task_id, "me"):
        assert watch.look() == watch.look() == []
    assert (watch.look(), watch.look()) == ([], [task_id])


def test_an_emptied_broker_heals(session: Session, task_id: int, drain: Callable[..., None]) -> None:
    queueing.ring(task_id)
    broker.connection().flushall()
    watch = Watch()
    assert (watch.look(), watch.look()) == ([], [task_id])
    drain()
    assert status_of(session, task_id) == Status.FINISHED
    assert (watch.look(), watch.look()) == ([], [])


def test_a_broker_that_is_away_does_not_end_the_watch(app: Flask, broker_url: str, task_id: int) -> None:
    watch = Watch()
    app.extensions["broker"] = broker.connect("unix:///nowhere/broker.sock")
    assert watch.look() == watch.look() == []
    app.extensions["broker"] = Redis.from_url(broker_url)
    assert (watch.look(), watch.look()) == ([], [task_id])
