"""The watchdog: rings again for every open task that nobody works on, and deletes what has expired.

With it a killed worker, an emptied broker and a crash between commit and ring all heal the same way.
"""

import signal
import time
from collections.abc import Sequence
from threading import Event

import structlog
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cdpweb import queueing
from cdpweb.domain.tasks import Status
from cdpweb.extensions import current_config, db
from cdpweb.models import Task
from cdpweb.services import uploads

log = structlog.get_logger()

LOOK_SECONDS = 1.0
TIDY_SECONDS = 60 * 60

OPEN = [status for status in Status if status.is_open]


def serve(app: Flask) -> None:
    """Look every second, tidy every hour, until told to stop."""
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    watch = Watch()
    next_tidy = time.monotonic()
    while not over.wait(LOOK_SECONDS):
        with app.app_context():
            watch.look()
            if time.monotonic() >= next_tidy:
                next_tidy = time.monotonic() + TIDY_SECONDS
                tidy()


class Watch:
    """What the watchdog remembers from one look to the next."""

    def __init__(self) -> None:
        self._idle_before: set[int] = set()

    def look(self) -> list[int]:
        """Ring for the open tasks that were idle at the last look as well; answers which.

        Between leaving its queue and taking its lease a task looks idle for a moment, hence the two looks.
        """
        try:
            idle = set(queueing.idle(open_tasks()))
            forgotten = sorted(idle & self._idle_before)
            for task_id in forgotten:
                queueing.ring(task_id)
                log.info("rung_again", task=task_id)
        except (queueing.BrokerDown, SQLAlchemyError) as trouble:
            log.warning("cannot_look", trouble=type(trouble).__name__)
            return []
        self._idle_before = idle - set(forgotten)
        return forgotten


def open_tasks() -> Sequence[int]:
    """The tasks for which a worker has something to do, oldest first."""
    return db.session.scalars(select(Task.id).where(Task.status.in_(OPEN)).order_by(Task.id)).all()


def tidy() -> None:
    """Delete uploads whose time is over; whatever goes wrong here must not stop the watch."""
    db.session.rollback()
    db.session.info["writes"] = True
    try:
        uploads.delete_expired(db.session, current_config())
        db.session.commit()
    except Exception:
        db.session.rollback()
        log.exception("tidy_failed")
