"""Every status of a task meets every wish (product 4): what happens at once, at the next block, what is refused."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cdpweb import queueing
from cdpweb.domain.tasks import Status
from cdpweb.models import Task
from cdpweb.services import tasks
from cdpweb.services.refused import Refused
from tests.launching import launched, people

QUESTION = [{"kind": "empty_columns", "columns": ["FirstName"]}]
LONG_AGO = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)

STANDS: dict[str, dict[str, Any]] = {
    "waiting": {"status": "waiting"},
    "checking": {"status": "checking", "owner": "somebody"},
    "checking, to pause": {"status": "checking", "owner": "somebody", "pause_requested": True},
    "checking, to cancel": {"status": "checking", "owner": "somebody", "cancel_requested": True},
    "running": {"status": "running", "owner": "somebody", "claims": 2},
    "running, to pause": {"status": "running", "owner": "somebody", "pause_requested": True},
    "running, to cancel": {"status": "running", "owner": "somebody", "cancel_requested": True},
    "paused": {"status": "paused"},
    "paused, asking": {"status": "paused", "questions": QUESTION},
    "finished": {"status": "finished", "finished_at": LONG_AGO},
    "failed": {"status": "failed", "finished_at": LONG_AGO, "reason": "It broke.", "claims": 5},
    "cancelled": {"status": "cancelled", "finished_at": LONG_AGO},
}
"""Where a task can stand."""

WISHES = {"pause": tasks.pause, "resume": tasks.resume, "cancel": tasks.cancel}


@dataclass(frozen=True)
class Then:
    """Where the task stands afterwards, and after a worker has come by."""

    status: str
    at_last: str
    wish: str = ""


REFUSED = None
PAUSED = Then("paused", "paused")
ON = Then("waiting", "finished")
OVER = Then("cancelled", "cancelled")

HELD: dict[str, dict[str, Then | None]] = {
    #                      pause                                resume                               cancel
    "waiting":             {"pause": PAUSED,                    "resume": REFUSED,                   "cancel": OVER},
    "checking":            {"pause": Then("checking", "paused", "pause"), "resume": REFUSED,
                            "cancel": Then("checking", "cancelled", "cancel")},
    "checking, to pause":  {"pause": REFUSED,                   "resume": Then("checking", "finished"),
                            "cancel": Then("checking", "cancelled", "pause cancel")},
    "checking, to cancel": {"pause": REFUSED,                   "resume": REFUSED,                   "cancel": REFUSED},
    "running":             {"pause": Then("running", "paused", "pause"), "resume": REFUSED,
                            "cancel": Then("running", "cancelled", "cancel")},
    "running, to pause":   {"pause": REFUSED,                   "resume": Then("running", "finished"),
                            "cancel": Then("running", "cancelled", "pause cancel")},
    "running, to cancel":  {"pause": REFUSED,                   "resume": REFUSED,                   "cancel": REFUSED},
    "paused":              {"pause": REFUSED,                   "resume": ON,                        "cancel": OVER},
    "paused, asking":      {"pause": REFUSED,                   "resume": REFUSED,                   "cancel": OVER},
    "finished":            {"pause": REFUSED,                   "resume": REFUSED,                   "cancel": REFUSED},
    "failed":              {"pause": REFUSED,                   "resume": ON,                        "cancel": REFUSED},
    "cancelled":           {"pause": REFUSED,                   "resume": REFUSED,                   "cancel": REFUSED},
}  # fmt: skip
"""While a worker may be at work."""

UNHELD = HELD | {
    "checking": {"pause": PAUSED, "resume": REFUSED, "cancel": OVER},
    "checking, to pause": {"pause": REFUSED, "resume": ON, "cancel": OVER},
    "checking, to cancel": {"pause": REFUSED, "resume": REFUSED, "cancel": OVER},
    "running": {"pause": PAUSED, "resume": REFUSED, "cancel": OVER},
    "running, to pause": {"pause": REFUSED, "resume": ON, "cancel": OVER},
    "running, to cancel": {"pause": REFUSED, "resume": REFUSED, "cancel": OVER},
}
"""While none is: nobody has to be waited for."""

CASES = [
    pytest.param(stands, wish, is_held, table[stands][wish], id=f"{stands}-{wish}-{'held' if is_held else 'unheld'}")
    for is_held, table in ((True, HELD), (False, UNHELD))
    for stands in STANDS
    for wish in WISHES
]


@pytest.fixture
def task(session: Session) -> Task:
    return session.get_one(Task, launched(session, people(3)))


def stand(session: Session, task: Task, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(task, name, value)
    session.commit()


def stands(task: Task) -> tuple[Any, ...]:
    return task.status, task.pause_requested, task.cancel_requested, task.finished_at, task.reason, task.questions


def test_the_tables_name_every_status() -> None:
    later = {Status.UNDOING, Status.UNDONE}
    assert {values["status"] for values in STANDS.values()} == {*Status} - later
    assert HELD.keys() == UNHELD.keys() == STANDS.keys()


@pytest.mark.parametrize(("where", "wish", "is_held", "then"), CASES)
def test_a_wish(
    session: Session, task: Task, drain: Any, where: str, wish: str, is_held: bool, then: Then | None
) -> None:
    stand(session, task, STANDS[where])
    before = stands(task)
    if then is None:
        with pytest.raises(Refused):
            WISHES[wish](session, task, is_held=is_held)
        session.rollback()
        assert stands(task) == before
        return
    WISHES[wish](session, task, is_held=is_held)
    session.commit()
    wishes = " ".join(word for word in ("pause", "cancel") if getattr(task, f"{word}_requested"))
    assert (task.status, wishes) == (then.status, then.wish)
    assert (task.finished_at is not None) == (then.status == "cancelled")
    assert task.reason is None
    if then.status != STANDS[where]["status"]:
        assert (task.owner, task.questions) == (None, None)
    if then.status == "waiting":
        assert task.claims == 0
    queueing.ring(task.id)
    drain()
    session.refresh(task)
    assert (task.status, task.pause_requested, task.cancel_requested) == (then.at_last, False, False)
    assert (task.rows_read == 3) == (then.at_last == "finished")


@pytest.mark.parametrize("where", [where for where, values in STANDS.items() if where != "paused, asking"])
def test_who_asks_nothing_takes_no_answer(session: Session, task: Task, where: str) -> None:
    stand(session, task, STANDS[where])
    with pytest.raises(Refused, match="asks nothing"):
        tasks.answer(session, task, {"empty_columns": "skip"})
