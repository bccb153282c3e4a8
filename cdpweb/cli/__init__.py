"""The command line: the same services from the shell."""

from cdpweb.cli.frame import CommandLine

OPERATING = ("run", "web", "worker", "watchdog", "broker", "db")
TASKS = ("task", "tasks", "problems", "result", "pause", "resume", "cancel", "undo")

cli = CommandLine(
    {"import": "cdpweb.cli.imports", "export": "cdpweb.cli.exports"}
    | dict.fromkeys(TASKS, "cdpweb.cli.tasks")
    | {"customer": "cdpweb.cli.customers", "catalog": "cdpweb.cli.catalog"}
    | {"user": "cdpweb.cli.users"}
    | dict.fromkeys(OPERATING, "cdpweb.cli.operate"),
    help="cdpweb imports customers from CSV files.",
)
