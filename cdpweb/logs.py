"""Logging: one line per event on standard error, without personal data."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TextIO

import structlog

QUOTED = re.compile(r"""[`'"“(\[{].*[`'"”)\]}]""", re.DOTALL)
"""From the first sign that opens something to the last that closes something: what is wrong is named in there."""

NAMING = re.compile(r"\S*@\S*|\+?\d{5,}")
"""An email or a long number."""


def configure_logs(level: str = "INFO") -> None:
    """Send our events and those of the libraries to standard error, one line each, a traceback behind its line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=False, exception_formatter=traceback_without_values),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, StandardError)] + [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Standard error, also when it has been replaced since."""
        return sys.stderr


ExceptionFacts = tuple[type[BaseException], BaseException, TracebackType | None]


def traceback_without_values(target: TextIO, facts: ExceptionFacts) -> None:
    """Write where an exception came from; what it says, without the values that it names, for they may be personal."""
    for one in reversed(list(_chain(facts[1]))):
        target.write("\nTraceback (most recent call last):\n" + "".join(traceback.format_tb(one.__traceback__)))
        target.write(f"{type(one).__qualname__}: {without_values(str(one))}")


def without_values(message: str) -> str:
    """A message of a program without what it quotes: `invalid literal for int() with base 10: 'x'` as `invalid literal
    for int…`.
    """
    return NAMING.sub("…", QUOTED.sub("…", message))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, the one it came from, and so on."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        yield at
        seen.add(id(at))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
