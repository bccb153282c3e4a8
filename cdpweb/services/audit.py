"""The audit trail: who did what, when. For now it goes to the log; the table comes with sign-in."""

import structlog

log = structlog.get_logger()


def record(event: str, *, person: str | None = None, **subject: int | str) -> None:
    """Record that `person` did `event` to `subject`, which is named by ids and codes, never by personal data.

    Example: `record("task_cancelled", person=access.person(), task=7)`.
    """
    log.info("audit", did=event, person=person, **subject)
