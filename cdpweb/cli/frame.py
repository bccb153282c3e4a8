"""What all commands stand in: refusals as sentences, and the application around a command."""

import gc
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

import click

from cdpweb.config import BadSetting

P = ParamSpec("P")
R = TypeVar("R")


class CommandLine(click.Group):
    """Commands by name, each in its module's `COMMANDS`, imported when it is used: the web server starts at once.

    Where a setting is refused, the command ends with the sentence on standard error and status 1.
    """

    def __init__(self, modules: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they were given."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self._modules:
            return None
        gc.disable()  # what is imported stays: it need not be searched for garbage, now or later
        commands: dict[str, click.Command] = import_module(self._modules[cmd_name]).COMMANDS
        gc.freeze()
        gc.enable()
        return commands[cmd_name]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BadSetting as refusal:
            raise click.ClickException(str(refusal)) from refusal


def with_app(command: Callable[P, R], *, people: bool = False) -> Callable[P, R]:
    """Run `command` in an application context, with a database session; `people`: in one that they sign in to."""

    @wraps(command)
    def in_context(*args: P.args, **kwargs: P.kwargs) -> R:
        from cdpweb.bare import create_bare_app
        from cdpweb.extensions import db

        app = create_bare_app()
        if people:
            from cdpweb import signing_in

            signing_in.init_app(app)
        try:
            with app.app_context():
                return command(*args, **kwargs)
        finally:
            with app.app_context():
                db.engine.dispose()

    return in_context
