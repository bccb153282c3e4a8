"""The words of a task: its kinds, its statuses and what can become of a row (rules §4, product §4)."""

from enum import StrEnum


class TaskKind(StrEnum):
    """What an import may do."""

    IMPORT = "import"
    EDIT = "edit"
    ADD = "add"

    @property
    def label(self) -> str:
        """The words of the task menu."""
        return {"import": "Customer import", "edit": "Edit customers", "add": "Add customers"}[self.value]


class Status(StrEnum):
    """Where a task stands."""

    WAITING = "waiting"
    CHECKING = "checking"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"

    @property
    def is_open(self) -> bool:
        """Whether a worker has, or will have, something to do."""
        return self in (Status.WAITING, Status.CHECKING, Status.RUNNING, Status.UNDOING)


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    BLANK = "blank"
