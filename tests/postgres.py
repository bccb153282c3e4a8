"""A real PostgreSQL server for the tests, started as an unprivileged user."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import programs
from tests.running import children, is_there

GONE_SECONDS = 30
FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"

LOCALE = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8")
"""Texts are sorted as people do, and not by their bytes, as in most installations: what differs there, differs here."""


class Cluster:
    """A server in a folder of its own, which listens on a socket there. `options` are those of its command line."""

    def __init__(self, options: str = "") -> None:
        # Not pytest's own folder: the server's user may not enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="cdpweb-postgres-"))
        self._user = _unprivileged(self.folder)
        self._files = str(self.folder / "cluster")
        self._options = f"{options} -c listen_addresses= -k {self.folder}"
        self._run("initdb", "-A", "trust", "-U", "cdpweb", "--no-sync", *LOCALE)

    def start(self) -> None:
        """Start the server; returns when it takes connections, after a crash when it has recovered."""
        self._run("pg_ctl", "-o", self._options, "-l", str(self.folder / "log"), "-w", "start")

    def kill(self) -> None:
        """Kill the server as a crash does: all of its processes at once, none of which writes another byte."""
        number = int((self.folder / "cluster" / "postmaster.pid").read_text().split()[0])
        # Their parent first: it would start others in their place.
        struck = (number, *children(number))
        for process in struck:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        end = time.monotonic() + GONE_SECONDS
        while any(map(is_there, struck)):
            assert time.monotonic() < end, "the server does not die"
            time.sleep(0.01)

    def close(self) -> None:
        """Stop the server and delete its files."""
        self._run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        """The DATABASE_URL of a database."""
        return f"postgresql://cdpweb@/{name}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database like `template`; its name."""
        name = f"test_{secrets.token_hex(4)}"
        self._command(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def drop(self, name: str) -> None:
        """Delete a database, whoever is connected to it."""
        self._command(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The DATABASE_URL of a fresh database like `template`, deleted afterwards."""
        name = self.create(template)
        yield self.url(name)
        self.drop(name)

    def disconnect(self, name: str) -> None:
        """End all connections to a database."""
        self._command(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def _command(self, sql: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]

    def _run(self, program: str, *words: str) -> None:
        command = [programs.postgres(program), "-D", self._files, *words]
        finished = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False, **self._user
        )
        assert finished.returncode == 0, finished.stderr.decode()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A running server, one for each test process; fast, for nobody will ever pull its plug."""
    cluster = Cluster(FAST)
    cluster.start()
    yield cluster
    cluster.close()


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The DATABASE_URL of an empty database."""
    with postgres_cluster.database() as url:
        yield url


@pytest.fixture(scope="module")
def postgres_module_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The DATABASE_URL of an empty database for all tests of a module."""
    with postgres_cluster.database() as url:
        yield url


def _unprivileged(folder: Path) -> dict[str, Any]:
    """As whom the server runs: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
