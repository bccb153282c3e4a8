"""The command line: the same services from the shell."""

import click

from cdpweb.cli import operate
from cdpweb.cli.frame import CommandLine

cli = CommandLine(help="cdpweb imports customers from CSV files.")

COMMANDS: tuple[click.Command, ...] = (*operate.COMMANDS,)

for command in COMMANDS:
    cli.add_command(command)
