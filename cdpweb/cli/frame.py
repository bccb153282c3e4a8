"""What all commands stand in: refusals as sentences, and the application around a command."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click

from cdpweb.app import create_app
from cdpweb.config import BadSetting

P = ParamSpec("P")
R = TypeVar("R")


class CommandLine(click.Group):
    """A group of commands that ends with a sentence on standard error and status 1 where a setting is refused."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BadSetting as refusal:
            raise click.ClickException(str(refusal)) from refusal


def with_app(command: Callable[P, R]) -> Callable[P, R]:
    """Run `command` in an application context, and so with a database session."""

    @wraps(command)
    def in_context(*args: P.args, **kwargs: P.kwargs) -> R:
        with create_app().app_context():
            return command(*args, **kwargs)

    return in_context
