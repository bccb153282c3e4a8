"""Presence: which workers are alive, by a key of each that lives only while it is renewed.

RQ's own registry notices a killed worker only after minutes; these keys are gone after five seconds.
"""

from threading import Event, Thread

import structlog
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

ALIVE_MILLISECONDS = 5000
RENEWAL_SECONDS = 1.0

TROUBLES = (RedisError, OSError, ValueError)
"""What a broker that is away leads to; the last one where the connection is closed while its answer is awaited."""


def announce(connection: Redis, queue: str, name: str) -> Event:
    """Say by a thread, every second, that worker `name` listens to `queue`, until the answered event is set."""
    over = Event()
    Thread(target=_keep, args=(connection, f"{_prefix(queue)}{name}", over), name="presence", daemon=True).start()
    return over


def count(connection: Redis, queue: str) -> int:
    """How many workers listen to `queue`."""
    return sum(1 for _ in connection.scan_iter(match=f"{_prefix(queue)}*", count=1000))


def _keep(connection: Redis, key: str, over: Event) -> None:
    while True:
        try:
            connection.set(key, 1, px=ALIVE_MILLISECONDS)
        except TROUBLES:
            log.warning("presence_not_renewed")
        if over.wait(RENEWAL_SECONDS):
            break
    _forget(connection, key)


def _forget(connection: Redis, key: str) -> None:
    try:
        connection.delete(key)
    except TROUBLES:
        log.warning("presence_not_deleted")


def _prefix(queue: str) -> str:
    return f"cdpweb:worker:{queue}:"
