"""A real PostgreSQL server for the tests, started as an unprivileged user."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import programs

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c listen_addresses="


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """The folder with the socket of a running server, one for each test process."""
    initdb, pg_ctl = programs.postgres("initdb"), programs.postgres("pg_ctl")
    # Not pytest's own folder: the server's user may not enter it.
    folder = Path(tempfile.mkdtemp(prefix="cdpweb-postgres-"))
    user = _unprivileged(folder)
    cluster = str(folder / "cluster")
    options = f"{FAST} -k {folder}"
    _run([initdb, "-D", cluster, "-A", "trust", "-U", "cdpweb", "-E", "UTF8", "--no-sync"], user)
    _run([pg_ctl, "-D", cluster, "-o", options, "-l", str(folder / "log"), "-w", "start"], user)
    yield folder
    _run([pg_ctl, "-D", cluster, "-m", "immediate", "stop"], user)
    shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_folder: Path) -> Iterator[str]:
    """The DATABASE_URL of a fresh database."""
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(host=str(postgres_folder), user="cdpweb", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        yield f"postgresql://cdpweb@/{name}?host={postgres_folder}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _unprivileged(folder: Path) -> dict[str, Any]:
    """As whom the server runs: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[str], user: dict[str, Any]) -> None:
    finished = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False, **user)
    assert finished.returncode == 0, finished.stderr.decode()
