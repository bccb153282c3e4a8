"""A worker: waits at one queue and does each job in a process of its own."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import structlog
from flask import Flask
from redis.exceptions import ConnectionError as BrokerGone
from redis.exceptions import TimeoutError as BrokerSilent
from rq import Worker
from rq.exceptions import InvalidJobOperation
from rq.serializers import JSONSerializer

from cdpweb import broker, presence
from cdpweb.extensions import db

log = structlog.get_logger()

PARENT_LOOK_SECONDS = 0.5
BROKER_LOOK_SECONDS = 0.5


class TaskWorker(Worker):
    """RQ's worker, with the application around each job, that stops at once when asked to.

    A job is stopped by killing its process: the block it was writing is rolled back, and the task goes on from its
    checkpoint as soon as there is a worker again.
    """

    max_connection_wait_time = 2.0
    app: Flask

    def perform_job(self, *args: Any, **kwargs: Any) -> bool:
        """Do the job in an application context; runs in the job's own process."""
        Thread(target=_die_with, args=(os.getppid(),), name="parent", daemon=True).start()
        with self.app.app_context():
            db.engine.dispose(close=False)
            done: bool = super().perform_job(*args, **kwargs)
            return done

    def handle_warm_shutdown_request(self) -> None:
        """Kill the job's process instead of waiting for it, maybe for an hour."""
        super().handle_warm_shutdown_request()
        if self.horse_pid:
            self.kill_horse()

    # A broker that is away for a while ends neither a job nor its worker: what a job has done is in the database.

    def execute_job(self, *args: Any, **kwargs: Any) -> None:
        """Start a job's process and wait for its end."""
        with _without_broker("job_ended"):
            super().execute_job(*args, **kwargs)

    def check_for_suspension(self, *args: Any, **kwargs: Any) -> None:
        """Wait while workers are told to."""
        with _without_broker("looked"):
            super().check_for_suspension(*args, **kwargs)

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """Say that this worker lives."""
        with _without_broker("heartbeat"):
            super().heartbeat(*args, **kwargs)

    def maintain_heartbeats(self, *args: Any, **kwargs: Any) -> None:
        """Say that worker and job live."""
        with _without_broker("heartbeat"):
            super().maintain_heartbeats(*args, **kwargs)

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """Log what ended a job; runs in the job's own process."""
        if isinstance(exc_info[1], BrokerGone | BrokerSilent):
            log.warning("job_ended_without_broker", job=job.id)
        elif isinstance(exc_info[1], InvalidJobOperation):
            # The broker has forgotten the job: it was rung for twice, and the other one has ended.
            log.info("job_ended_unknown", job=job.id)
        else:
            super().handle_exception(job, *exc_info)


def serve(app: Flask, queue: str) -> None:
    """Work at `queue` until told to stop."""
    url = app.config["BROKER_URL"]
    _wait_for_broker(url)
    worker = TaskWorker([queue], connection=broker.connect(url), serializer=JSONSerializer)
    worker.app = app
    gone = presence.announce(broker.connect(url), queue, worker.name)
    worker.work(logging_level="WARNING")
    gone.set()


def _wait_for_broker(url: str) -> None:
    """Return once the broker answers, for it starts at the same time as we do."""
    if not broker.answers(url):
        log.warning("waiting_for_broker")
    while not broker.answers(url):
        time.sleep(BROKER_LOOK_SECONDS)


@contextmanager
def _without_broker(what: str) -> Iterator[None]:
    try:
        yield
    except (BrokerGone, BrokerSilent):
        log.warning(f"{what}_without_broker")


def _die_with(parent: int) -> None:
    """End this process when its parent is gone: a job without its worker would compete with the next one."""
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
