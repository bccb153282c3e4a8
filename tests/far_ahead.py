"""The worst that working ahead can be: each block is decided before the one in front of it is written."""

from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")


def far_ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """In the place of `engine.ahead.ahead`: what there is a matter of time, is certain here."""
    making = iter(items)
    coming = next(making, None)
    while coming is not None:
        current, coming = coming, next(making, None)
        yield current
