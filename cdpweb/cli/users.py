"""People, from the shell: whoever can run this on the machine may let anybody in."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from cdpweb.cli.base import with_base
from cdpweb.domain.roles import Role
from cdpweb.extensions import current_config, db
from cdpweb.models.accounts import User
from cdpweb.services import accounts
from cdpweb.services.refused import Refused

P = ParamSpec("P")
R = TypeVar("R")

HOURS = accounts.LINK_SECONDS // 3600


def with_people(command: Callable[P, R]) -> Callable[P, R]:
    """As `with_base`, on an application in which people sign in."""
    return with_base(command, people=True)


@click.group()
def user() -> None:
    """Add, disable, enable, reset and list those who may sign in."""


@user.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice([one.value for one in Role]), default=Role.MARKETER.value, show_default=True)
@with_people
def add(email: str, role: str) -> None:
    """Add a person; prints the link by which a password is chosen."""
    person = accounts.add(db.session, email, Role(role))
    db.session.commit()
    _print_link(person)


@user.command("disable")
@click.argument("email")
@with_people
def disable(email: str) -> None:
    """Let a person in no more; all sessions end at once."""
    accounts.disable(db.session, _found(email), person=None)
    db.session.commit()
    click.echo(f"{email} is not let in any more.")


@user.command("enable")
@click.argument("email")
@with_people
def enable(email: str) -> None:
    """Let a person in again."""
    accounts.enable(_found(email))
    db.session.commit()
    click.echo(f"{email} may sign in again.")


@user.command("reset")
@click.argument("email")
@with_people
def reset(email: str) -> None:
    """Remove a person's second factor and sessions; prints a link to choose a new password."""
    person = _found(email)
    if not person.active:
        raise Refused(f"{email} is disabled. Enable the account first: python -m cdpweb user enable {email}")
    accounts.reset(person)
    db.session.commit()
    _print_link(person)


@user.command("link")
@with_people
def link() -> None:
    """Print the link to the page that makes the owner's account, as long as there is none."""
    token = accounts.first_link(db.session)
    if token is None:
        raise Refused("There is an owner already. For a new password: python -m cdpweb user reset EMAIL")
    click.echo(address(token))


@user.command("list")
@with_people
def list_users() -> None:
    """List everybody, with role and state."""
    for one in accounts.everybody(db.session):
        state = "disabled" if not one.active else "invited" if one.password is None else "active"
        click.echo(f"{one.email}\t{one.role}\t{state}")


def address(token: str) -> str:
    """The address of the page that a link leads to."""
    return f"{current_config().public_url}/welcome/{token}"


def _found(email: str) -> User:
    person = accounts.by_email(db.session, email)
    if person is None:
        raise Refused(f"Nobody has the account {email}. `python -m cdpweb user list` lists all.")
    return person


def _print_link(person: User) -> None:
    click.echo(f"Hand this link on to {person.email}; it works once, for {HOURS} hours:")
    click.echo(address(accounts.link(person)))


COMMANDS = {"user": user}
