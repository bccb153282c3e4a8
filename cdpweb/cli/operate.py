"""Commands of the operator: what the Procfile starts, and `run`, which starts all of it."""

import os
import sys

import click

from cdpweb import broker, migrating, supervision, watchdog, worker
from cdpweb.app import create_app
from cdpweb.cli.frame import with_app
from cdpweb.config import prepare_instance, read_config
from cdpweb.queueing import QueueName

GRACE_SECONDS = "5"


@click.command()
def run() -> None:
    """Migrate the database and start everything; Ctrl-C stops it."""
    config = prepare_instance(read_config())
    supervision.check_broker(config)
    supervision.check_port(config)
    with create_app().app_context():
        migrating.upgrade()
    supervision.run(config)


@click.command()
def web() -> None:
    """Start the web server."""
    config = prepare_instance(read_config())
    host = f"[{config.HOST}]" if ":" in config.HOST else config.HOST
    options = {
        "--bind": f"{host}:{config.PORT}",
        "--worker-class": "gthread",
        "--workers": str(config.WEB_PROCESSES),
        "--threads": str(config.WEB_THREADS),
        "--graceful-timeout": GRACE_SECONDS,
        "--log-level": "warning",
    }
    words = [word for option in options.items() for word in option]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", *words, "cdpweb.app:create_app()"]
    os.execv(sys.executable, command)


@click.command("worker")
@click.argument("queue", type=click.Choice([str(name) for name in QueueName]))
def work(queue: str) -> None:
    """Work at a queue."""
    worker.serve(create_app(), queue)


@click.command("watchdog")
def watch() -> None:
    """Ring again for tasks that nobody works on; delete what has expired."""
    watchdog.serve(create_app())


@click.command("broker")
def serve_broker() -> None:
    """Start the embedded broker."""
    broker.serve(prepare_instance(read_config()))


@click.command(hidden=True)
def announce() -> None:
    """Print the address once everything answers."""
    supervision.announce(read_config())


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
@with_app
def upgrade() -> None:
    """Bring the database to this version's tables and shipped rows."""
    migrating.upgrade()
    click.echo(f"The database is up to date: {migrating.revision()}.")


COMMANDS = (run, web, work, watch, serve_broker, announce, db)
