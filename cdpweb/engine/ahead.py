"""Work one step ahead: the next block is read and normalised while this one is written."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_END = object()


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The items, the next of which is made in a thread while the current one is used.

    Two items exist at most: the one in use and the one that is made or waits. What the making raises is raised here;
    leaving the loop waits for the item that is being made.
    """
    making = iter(items)
    with ThreadPoolExecutor(1, "ahead") as beside:
        coming = beside.submit(next, making, _END)
        while (item := coming.result()) is not _END:
            coming = beside.submit(next, making, _END)
            yield item  # type: ignore[misc]
