"""Programs that tests need beside Python: a missing one fails them by name."""

import os
import shutil
from pathlib import Path

import pytest

POSTGRES_FOLDERS = "/usr/lib/postgresql"


def chromium() -> str:
    """Debian's chromium; fails or skips the test without it."""
    return _need("browser", "chromium", shutil.which("chromium"))


def postgres(program: str) -> str:
    """A program of PostgreSQL's server, the newest; fails or skips the test without it."""
    installed = sorted(Path(POSTGRES_FOLDERS).glob(f"*/bin/{program}"), key=lambda path: float(path.parts[-3]))
    return _need("postgres", f"{program} of PostgreSQL", str(installed[-1]) if installed else shutil.which(program))


def _need(kind: str, name: str, path: str | None) -> str:
    if path is None and kind in os.environ.get("CDPWEB_TESTS_WITHOUT", "").split(","):
        pytest.skip(f"without {name}, as CDPWEB_TESTS_WITHOUT says")
    if path is None:
        pytest.fail(f"{name} is missing: `make test` installs it, or say CDPWEB_TESTS_WITHOUT={kind}", pytrace=False)
    return path
