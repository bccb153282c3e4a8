"""The doorbell: asks a worker to look at a task, and says who listens. The database is the truth, this is not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from cdpweb import broker, jobs, leases, presence
from cdpweb.broker import BrokerDown
from cdpweb.services.task_view import QueueState

__all__ = ["BrokerDown", "QueueName", "idle", "is_held", "place", "ring", "state_of", "workers"]

NO_TIMEOUT = -1
RESULT_SECONDS = 0
FAILURE_SECONDS = 24 * 60 * 60


class QueueName(StrEnum):
    """Two queues with a worker each, so that nobody's check waits for somebody's five million rows."""

    IMPORTS = "imports"
    SHORT = "short"


def ring(task_id: int, queue: str = QueueName.IMPORTS) -> None:
    """Ask the worker of `queue` to run the task; a second ring for one that still waits does nothing.

    Raises BrokerDown; the task is safe in the database, and the watchdog rings for it when the broker is back.
    """
    with _answering():
        line = line_of(queue)
        if line.get_job_position(job_id(task_id)) is not None:
            return
        line.enqueue(
            jobs.run_task,
            task_id,
            job_id=job_id(task_id),
            job_timeout=NO_TIMEOUT,
            result_ttl=RESULT_SECONDS,
            failure_ttl=FAILURE_SECONDS,
            description=f"task {task_id}",
        )


def workers(queue: str = QueueName.IMPORTS) -> int:
    """How many live workers listen to `queue`; raises BrokerDown."""
    with _answering():
        return presence.count(broker.connection(), queue)


def place(task_id: int, queue: str = QueueName.IMPORTS) -> int | None:
    """How many tasks are in front of this one in `queue`, 0 for the next; None where it does not wait there.

    Raises BrokerDown.
    """
    with _answering():
        position: int | None = line_of(queue).get_job_position(job_id(task_id))
        return position


def idle(task_ids: Sequence[int], queue: str = QueueName.IMPORTS) -> list[int]:
    """Those of the tasks that neither wait in `queue` nor are being worked on; raises BrokerDown."""
    with _answering():
        waiting = set(line_of(queue).get_job_ids())
        return leases.unheld([number for number in task_ids if job_id(number) not in waiting])


def is_held(task_id: int) -> bool:
    """Whether a worker is, or for all one can know may be, at work on the task."""
    try:
        with _answering():
            return leases.holder(task_id) is not None
    except BrokerDown:
        return True


def state_of(task_id: int, queue: str = QueueName.IMPORTS) -> QueueState:
    """All that is known of a task's place, for its page; a broker that is down is part of that."""
    try:
        with _answering():
            is_held = leases.holder(task_id) is not None
        return QueueState(True, workers(queue), place(task_id, queue), is_held)
    except BrokerDown:
        return QueueState(answers=False)


def line_of(queue: str) -> Queue:
    """RQ's queue of that name."""
    return Queue(queue, connection=broker.connection(), serializer=JSONSerializer)


def job_id(task_id: int) -> str:
    """The one job of a task."""
    return f"task-{task_id}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise BrokerDown from error
