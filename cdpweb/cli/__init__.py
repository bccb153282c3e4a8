"""The command line: the same services from the shell."""

from cdpweb.cli.frame import CommandLine

OPERATING = ("run", "web", "worker", "watchdog", "broker", "db")

cli = CommandLine(
    dict.fromkeys(OPERATING, "cdpweb.cli.operate"),
    help="cdpweb imports customers from CSV files.",
)
