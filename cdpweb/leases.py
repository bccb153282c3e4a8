"""Leases: a key in the broker that lives only while a worker renews it.

A lease says that somebody is at work on a task, and nothing about the truth: that is the database's. It only saves the
watchdog from ringing again for a task that is being worked on.
"""

import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import structlog
from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

from cdpweb import broker

log = structlog.get_logger()

RENEWALS_PER_LEASE = 5

RENEW = """
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class LeaseTaken(Exception):
    """Somebody else is at work on the task."""


def new_owner() -> str:
    """A name for this run of a task that no other run has; at most 64 characters."""
    return f"{secrets.token_hex(8)}-{os.getpid()}-{socket.gethostname()[:30]}"


@contextmanager
def held(task_id: int, owner: str) -> Iterator[None]:
    """Hold the task's lease, renewed by a thread; raises LeaseTaken where another owner has it.

    Without a broker the work goes on without a lease: the fence in the database still protects the task. A broker that
    is away for a moment is asked again by the thread, so that nobody has to wait for it here.
    """
    connection = broker.connect(current_app.config["BROKER_URL"], retries=0)
    milliseconds = current_app.config["LEASE_MILLISECONDS"]
    if not _take(connection, task_id, owner, milliseconds):
        connection.close()
        raise LeaseTaken
    over = Event()
    thread = Thread(target=_keep, args=(connection, task_id, owner, milliseconds, over), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _release_quietly(connection, task_id, owner)
        connection.close()


def renew(connection: Redis, task_id: int, owner: str, milliseconds: int) -> bool:
    """Take or renew the lease; False where another owner has it."""
    return bool(connection.eval(RENEW, 1, key(task_id), owner, milliseconds))


def holder(task_id: int) -> str | None:
    """Who is at work on the task, if anybody."""
    found: bytes | None = broker.connection().get(key(task_id))  # type: ignore[assignment]
    return found.decode() if found else None


def unheld(task_ids: Sequence[int]) -> list[int]:
    """Those of the tasks that nobody is at work on."""
    if not task_ids:
        return []
    holders = broker.connection().mget([key(number) for number in task_ids])
    return [number for number, holder in zip(task_ids, holders, strict=True) if holder is None]


def release(connection: Redis, task_id: int, owner: str) -> None:
    """Give the lease back, if `owner` has it."""
    connection.eval(RELEASE, 1, key(task_id), owner)


def key(task_id: int) -> str:
    """The lease's key in the broker."""
    return f"cdpweb:lease:{task_id}"


def _take(connection: Redis, task_id: int, owner: str, milliseconds: int) -> bool:
    try:
        return renew(connection, task_id, owner, milliseconds)
    except (RedisError, OSError):
        log.warning("lease_without_broker", task=task_id)
        return True


def _keep(connection: Redis, task_id: int, owner: str, milliseconds: int, over: Event) -> None:
    """Renew until `over`; a broker that is away for a while is asked again at the next turn."""
    while not over.wait(milliseconds / 1000 / RENEWALS_PER_LEASE):
        try:
            if not renew(connection, task_id, owner, milliseconds):
                log.warning("lease_lost", task=task_id)
        except (RedisError, OSError):
            log.warning("lease_not_renewed", task=task_id)


def _release_quietly(connection: Redis, task_id: int, owner: str) -> None:
    try:
        release(connection, task_id, owner)
    except (RedisError, OSError):
        log.warning("lease_not_released", task=task_id)
