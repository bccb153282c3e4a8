"""Who people are to cdpweb, and what scripts may be allowed (product §5)."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may do, from all to little."""

    OWNER = "owner"
    MARKETER = "marketer"
    ANALYST = "analyst"

    @property
    def meaning(self) -> str:
        """The role in a sentence."""
        return _MEANINGS[self]

    @property
    def sees_personal(self) -> bool:
        """Whether emails, phones, names and samples are shown unmasked."""
        return self is not Role.ANALYST


_MEANINGS = {
    Role.OWNER: "does everything, also users, tokens and the audit log",
    Role.MARKETER: "imports and edits customers",
    Role.ANALYST: "sees tasks and customers, personal data masked",
}


class Scope(StrEnum):
    """What an API token may be used for."""

    TASKS = "tasks:read"
    PROBLEMS = "problems:read"
    CUSTOMERS = "customers:export"

    @property
    def meaning(self) -> str:
        """The scope in a sentence."""
        return _SCOPES[self]


_SCOPES = {
    Scope.TASKS: "ask how tasks are doing: status and counts, nothing personal",
    Scope.PROBLEMS: "download the problems of a task, with the values that caused them",
    Scope.CUSTOMERS: "export customers",
}
