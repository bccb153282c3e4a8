"""Commands of the operator: what the Procfile starts, and `run`, which starts all of it.

Each imports what it starts by itself, so that none waits for the others' libraries.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

import click

from cdpweb.cli.frame import with_app
from cdpweb.config import prepare_instance, read_config

GRACE_SECONDS = "5"
QUEUES = ("imports", "short")
SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl(2)."""


@click.command()
def run() -> None:
    """Migrate the database and start everything; Ctrl-C stops it."""
    from cdpweb import migrating, supervision
    from cdpweb.app import create_app

    config = prepare_instance(read_config())
    supervision.check(config)
    with create_app().app_context():
        migrating.upgrade()
        _show_first_link()
    supervision.run(config)


def _show_first_link() -> None:
    """Show who starts a new installation the way to the owner's account: on the terminal, where no log keeps it."""
    from cdpweb.cli.users import address
    from cdpweb.extensions import db
    from cdpweb.services import accounts

    token = accounts.first_link(db.session)
    if token is None:
        return
    words = f"\n  Make the owner's account (this link works once, for 24 hours):\n  {address(token)}\n\n"
    if not _on_terminal(words):
        click.echo("\n  There is no owner yet. For the link to make the account: python -m cdpweb user link\n")


def _on_terminal(words: str) -> bool:
    """Print to the terminal, even where the output goes to a file; False where there is none."""
    try:
        with Path("/dev/tty").open("w") as terminal:
            terminal.write(words)
    except OSError:
        return False
    return True


@click.command()
def web() -> None:
    """Start the web server."""
    _end_with_supervisor()
    config = prepare_instance(read_config())
    options = {
        "--bind": config.address,
        "--worker-class": "cdpweb.serving.PatientWorker",
        "--workers": str(config.WEB_PROCESSES),
        "--threads": str(config.WEB_THREADS),
        "--graceful-timeout": GRACE_SECONDS,
        "--log-level": "warning",
    }
    words = [word for option in options.items() for word in option]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--preload", *words, "cdpweb.app:create_app()"]
    os.execv(sys.executable, command)


@click.command()
@click.argument("queue", type=click.Choice(QUEUES))
def worker(queue: str) -> None:
    """Work at a queue."""
    _end_with_supervisor()
    from cdpweb import worker
    from cdpweb.bare import create_bare_app

    worker.serve(create_bare_app(), queue)


@click.command()
def watchdog() -> None:
    """Ring again for tasks that nobody works on; delete what has expired."""
    _end_with_supervisor()
    from cdpweb import watchdog
    from cdpweb.bare import create_bare_app

    watchdog.serve(create_bare_app())


@click.command()
def broker() -> None:
    """Start the embedded broker."""
    _end_with_supervisor()
    from cdpweb import broker

    broker.serve(prepare_instance(read_config()))


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@with_app
def upgrade() -> None:
    """Bring the database to this version's tables and shipped rows."""
    from cdpweb import migrating
    from cdpweb.models import revision

    migrating.upgrade()
    click.echo(f"The database is up to date: {revision.newest()}.")


def _end_with_supervisor() -> None:
    """Have this process, and what it becomes, told to end when supervisor is killed: nobody could stop it any more."""
    if "SUPERVISOR_ENABLED" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


COMMANDS = {"run": run, "web": web, "worker": worker, "watchdog": watchdog, "broker": broker, "db": db}
