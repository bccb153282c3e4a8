"""What a worker does when the bell rings: a few lines per job."""

import structlog

from cdpweb import leases
from cdpweb.extensions import db

log = structlog.get_logger()


def run_task(task_id: int) -> None:
    """Run a task from its checkpoint to its end, under its lease; does nothing where another worker has it."""
    from cdpweb.engine import run

    owner = leases.new_owner()
    try:
        with leases.held(task_id, owner):
            run.run_task(db.session, task_id, owner=owner)
    except leases.LeaseTaken:
        log.info("task_has_a_worker", task=task_id)
