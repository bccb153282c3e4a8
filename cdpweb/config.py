"""Every setting once: its name, unit, default and meaning; its environment variable is CDPWEB_<NAME>."""

import dataclasses
import hashlib
import ipaddress
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "CDPWEB_"
PLAIN_NAMES = ("DATABASE_URL", "REDIS_URL", "HOST", "PORT", "PUBLIC_URL", "TRUSTED_HOSTS")
"""Settings that are also read without the prefix, as hosting platforms give them."""

OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
SOCKET_PATH_BYTES = 107
MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000


class BadSetting(Exception):
    """A setting cannot be used; the message says which, why and what would do."""


def setting(default: Any, unit: str, meaning: str, least: float | None = None) -> Any:
    """Declare one setting: `least` is the smallest number that makes sense."""
    return dataclasses.field(default=default, metadata={"unit": unit, "meaning": meaning, "least": least})


@dataclass(frozen=True)
class Config:
    """The settings of one installation, read once at the start."""

    INSTANCE: Path = setting(ROOT / "instance", "folder", "holds the database, the uploads, the secrets, the broker")
    DATABASE_URL: str = setting("", "URL", "the database; empty: SQLite in the instance folder")
    REDIS_URL: str = setting("", "URL", "the broker; empty: the embedded one")
    HOST: str = setting("127.0.0.1", "address", "where the web server listens; by default on this machine only")
    PORT: int = setting(8000, "port", "where the web server listens", least=1)
    PUBLIC_URL: str = setting("", "URL", "what people type to reach cdpweb; https:// makes cookies secure")
    TRUSTED_HOSTS: str = setting("", "names", "further names cdpweb answers under, separated by commas")
    PROXIES: int = setting(0, "proxies", "how many proxies of ours stand in front and say who asks", least=0)
    SESSION_HOURS: float = setting(12, "hours", "how long a sign-in lasts after the last request", least=0.1)
    SECRET_KEY: str = setting("", "text", "signs sessions and forms; empty: made once, kept in the instance folder")
    WEB_THREADS: int = setting(8, "threads", "requests that each web process answers at a time", least=1)
    WEB_PROCESSES: int = setting(2, "processes", "web processes", least=1)
    SLOW_SECONDS: float = setting(20, "seconds", "how long a sender may take for each 20 kB", least=0.1)
    MAX_UPLOAD_BYTES: int = setting(2 * GIGABYTE, "bytes", "the largest file that is received", least=1)
    MAX_UNPACKED_BYTES: int = setting(4 * GIGABYTE, "bytes", "the most that may come out of an archive", least=1)
    MAX_CELL_BYTES: int = setting(MEGABYTE, "bytes", "the longest quoted cell", least=1)
    FREE_DISK_RESERVE_BYTES: int = setting(GIGABYTE, "bytes", "disk space that no upload may take", least=0)
    UPLOAD_RETENTION_DAYS: int = setting(14, "days", "how long a file is kept after the end of its task", least=0)
    UNLAUNCHED_UPLOAD_HOURS: int = setting(24, "hours", "how long a file without a task is kept", least=0)
    CHANGES_RETENTION_DAYS: int = setting(365, "days", "how long changes are kept, and with them undo", least=0)
    BLOCK_BYTES: int = setting(6 * MEGABYTE, "bytes", "the most of a file that is written in one transaction", least=1)
    WAIT_BETWEEN_BLOCKS_SECONDS: float = setting(
        0.0, "seconds", "pause between two blocks, for a machine that has other things to do", least=0
    )
    LEASE_MILLISECONDS: int = setting(5000, "milliseconds", "how long a silent worker is believed alive", least=1000)
    POLL_SECONDS: float = setting(1.0, "seconds", "how often an open page asks how its task is doing", least=0.2)
    LOG_LEVEL: str = setting("INFO", "level", "what is logged: DEBUG, INFO, WARNING or ERROR")

    @property
    def address(self) -> str:
        """Where the web server listens: host and port."""
        return f"[{self.HOST}]:{self.PORT}" if ":" in self.HOST else f"{self.HOST}:{self.PORT}"

    @property
    def own_address(self) -> str:
        """Where this machine reaches the web server by a name that it answers under."""
        return {"0.0.0.0": f"127.0.0.1:{self.PORT}", "::": f"[::1]:{self.PORT}"}.get(self.HOST, self.address)  # noqa: S104

    @property
    def public_url(self) -> str:
        """What people type to reach the front page, without a slash at its end."""
        return self.PUBLIC_URL.rstrip("/") or f"http://{self.address}"

    @property
    def is_secure(self) -> bool:
        """Whether people come by TLS, so that cookies may be kept off plain connections."""
        return self.public_url.startswith("https://")

    @property
    def hosts(self) -> list[str]:
        """The host names that a request may carry: this machine's, the public one, and those that are trusted."""
        named = [urlsplit(self.PUBLIC_URL).hostname or "", *(name.strip() for name in self.TRUSTED_HOSTS.split(","))]
        if not _is_wildcard(self.HOST):
            named.append(self.HOST)
        return list(dict.fromkeys([*OWN_NAMES, *(_as_host(name) for name in named if name)]))

    @property
    def database_uri(self) -> str:
        """The database as SQLAlchemy names it; PostgreSQL is always reached by psycopg 3."""
        for plain in ("postgresql://", "postgres://"):
            if self.DATABASE_URL.startswith(plain):
                return "postgresql+psycopg://" + self.DATABASE_URL.removeprefix(plain)
        return self.DATABASE_URL or f"sqlite:///{self.INSTANCE / 'cdpweb.db'}"

    @property
    def embeds_broker(self) -> bool:
        """Whether we start a broker of our own."""
        return not self.REDIS_URL

    @property
    def broker_url(self) -> str:
        """Where the broker answers."""
        return self.REDIS_URL or f"unix://{self.broker_socket}"

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's socket: in the instance folder, or where its path is short enough for a socket."""
        beside = self.INSTANCE / "broker" / "broker.sock"
        if len(os.fsencode(beside)) <= SOCKET_PATH_BYTES:
            return beside
        digest = hashlib.sha256(os.fsencode(self.INSTANCE)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"cdpweb-{os.getuid()}-{digest}" / "broker.sock"

    def checked(self) -> "Config":
        """These settings, or BadSetting with a sentence."""
        _check_public_url(self.PUBLIC_URL)
        _check_host(self)
        _check_port(self.PORT)
        _check_database(self.database_uri)
        _check_broker(self.REDIS_URL)
        _check_level(self.LOG_LEVEL)
        return self


def read_config(environment: Mapping[str, str] | None = None, **overrides: Any) -> Config:
    """The settings from the environment, `overrides` first; raises BadSetting."""
    environment = os.environ if environment is None else environment
    found = {}
    for declared in dataclasses.fields(Config):
        name, text = _given(declared.name, environment)
        if text is not None:
            found[declared.name] = _parsed(declared, name, text)
    found |= overrides
    found["INSTANCE"] = Path(found.get("INSTANCE") or ROOT / "instance").absolute()
    return Config(**found).checked()


def prepare_instance(config: Config) -> Config:
    """Make the instance folder and the secret key in it; raises BadSetting where that cannot be done.

    What this process writes from now on is readable by its user only: all of it is about customers.
    """
    os.umask(0o077)
    try:
        config.INSTANCE.mkdir(parents=True, exist_ok=True)
        if not os.access(config.INSTANCE, os.W_OK | os.X_OK):
            raise PermissionError("permission denied")
        return dataclasses.replace(config, SECRET_KEY=config.SECRET_KEY or _kept_secret(config.INSTANCE / "secret_key"))
    except OSError as error:
        raise BadSetting(
            f"The instance folder {config.INSTANCE} cannot be written to ({error.strerror or error}). "
            f"Give it to this user, or name another folder in CDPWEB_INSTANCE."
        ) from error


def _given(name: str, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """The variable that sets `name`, and its text; an empty one counts as not set."""
    plain = [name] if name in PLAIN_NAMES else []
    for variable in [PREFIX + name, *plain]:
        if environment.get(variable):
            return variable, environment[variable]
    return PREFIX + name, None


def _parsed(declared: dataclasses.Field[Any], variable: str, text: str) -> Any:
    """`text` as the type of the setting."""
    if declared.type not in (int, float):
        return Path(text) if declared.type is Path else text
    unit, least = declared.metadata["unit"], declared.metadata["least"]
    try:
        number = declared.type(text)
    except ValueError:
        kind = "a whole number" if declared.type is int else "a number"
        raise BadSetting(f'{variable} is "{text}"; it must be {kind} of {unit}, such as {declared.default}.') from None
    if not least <= number < float("inf"):
        raise BadSetting(f"{variable} is {text}; it must be at least {least} {unit}.")
    return number


def _check_public_url(url: str) -> None:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query):
        raise BadSetting(
            f'PUBLIC_URL is "{url}"; it must be a scheme and a name without a path, such as https://cdp.example.org.'
        )


def _check_host(config: Config) -> None:
    """Refuse what is no address, and to listen to everybody without knowing one's own name."""
    try:
        is_address = config.HOST == "localhost" or bool(ipaddress.ip_address(config.HOST))
    except ValueError:
        is_address = False
    if not is_address:
        raise BadSetting(f'HOST is "{config.HOST}"; it must be an IP address of this machine, such as 127.0.0.1.')
    if _is_wildcard(config.HOST) and not (config.PUBLIC_URL or config.TRUSTED_HOSTS):
        raise BadSetting(
            f'HOST is "{config.HOST}", which is every address of this machine, but cdpweb does not know its own name. '
            f"Set PUBLIC_URL to what people will type, such as https://cdp.example.org."
        )


def _is_wildcard(host: str) -> bool:
    return host in ("0.0.0.0", "::")  # noqa: S104


def _as_host(name: str) -> str:
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _check_port(port: int) -> None:
    if port > 65535:
        raise BadSetting(f"PORT is {port}; it must be between 1 and 65535.")


def _check_database(uri: str) -> None:
    if not uri.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting(
            f'DATABASE_URL begins with "{uri.split(":")[0]}:"; cdpweb knows postgresql:// and sqlite:/// databases.'
        )


def _check_broker(url: str) -> None:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadSetting(
            f'REDIS_URL begins with "{url.split(":")[0]}:"; it must be a redis://, rediss:// or unix:// address.'
        )


def _check_level(level: str) -> None:
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise BadSetting(f'CDPWEB_LOG_LEVEL is "{level}"; it must be DEBUG, INFO, WARNING or ERROR.')


def _kept_secret(path: Path) -> str:
    """The key in `path`, made at the first call; several processes may call at once."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text().strip()
