"""What the commands about imports share: a base that is ready, and refusals as sentences."""

import getpass
import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from cdpweb.cli.frame import with_app
from cdpweb.config import BadSetting
from cdpweb.extensions import db
from cdpweb.models import Task, revision, troubles
from cdpweb.services import audit, tasks
from cdpweb.services.audit import Origin
from cdpweb.services.refused import Refused

P = ParamSpec("P")
R = TypeVar("R")

SHOWN_SENTENCES = 20
UNNOTED = {"task", "tasks"}
"""Commands that scripts ask again and again, and that tell nothing personal."""


class Refusal(click.ClickException):
    """A refusal on standard error, one sentence a line; the status is 1."""

    def show(self, file: object = None) -> None:
        """Print it."""
        click.echo(self.message, err=True)


def with_base(command: Callable[P, R], *, people: bool = False) -> Callable[P, R]:
    """Run `command` on a base that is ready, with a session that writes; Refused becomes sentences and status 1.

    `people`: as for `with_app`.
    """

    @wraps(command)
    def ready(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            _prepare()
            db.session.info["writes"] = True
            _note()
            return command(*args, **kwargs)
        except Refused as refused:
            raise refusal(refused) from refused
        except Exception as error:
            troubles.hush(error)
            if sentence := _trouble(error):
                raise Refusal(sentence) from error
            raise

    return with_app(ready, people=people)


def _note() -> None:
    """Record who runs which command; what it is run on may be personal."""
    audit.origin.set(Origin(f"shell:{login()}"))
    words = " ".join(_path(click.get_current_context()))
    if words not in UNNOTED:
        audit.record("shell_command", command=words)
        db.session.commit()


def _path(context: click.Context) -> list[str]:
    """The names of a command and of the groups it stands in: "user", "add"."""
    return [*_path(context.parent), context.info_name or ""] if context.parent else []


def login() -> str:
    """Who sits at the terminal: the login, also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def refusal(refused: Refused) -> Refusal:
    """The sentences of a refusal, of very many the first; that about the whole comes last."""
    sentences = dict.fromkeys(said for name, said in refused.sentences.items() if name)
    shown, more = list(sentences)[:SHOWN_SENTENCES], len(sentences) - SHOWN_SENTENCES
    whole = refused.sentences.get("", "")
    return Refusal("\n".join(filter(None, [*shown, f"… and {more:,} more." if more > 0 else "", whole])))


def _trouble(error: Exception) -> str | None:
    """What a trouble of the database means to who typed the command; None for anything else."""
    if troubles.is_passing(error):
        return "The database is busy: another job is writing. Nothing was changed; try again."
    if troubles.is_away(error):
        return "The database does not answer. Try again when it is back, or check DATABASE_URL."
    return None


def task_of(task_id: int) -> Task:
    """The task with this number; raises Refused."""
    task = tasks.get(db.session, task_id) if task_id > 0 else None
    if task is None:
        raise Refused(f"There is no task {task_id}. `python -m cdpweb tasks` lists all of them.")
    return task


def _prepare() -> None:
    """A new database gets its tables; one of another version is refused."""
    # Who sits at a terminal reads sentences; what a broker that is away makes us log every second would bury them.
    logging.getLogger().setLevel(logging.ERROR)
    with db.engine.connect() as connection:
        stands_at = revision.standing(connection)
    if stands_at is None:
        from cdpweb import migrating

        migrating.upgrade()
    elif stands_at != revision.newest():
        raise BadSetting("The database is of another version of cdpweb. Bring it up with: python -m cdpweb db upgrade")
