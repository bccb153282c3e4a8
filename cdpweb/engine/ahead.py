"""Work one step ahead: the next block is read and normalised while this one is written."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_END = object()


class Ahead(Generic[T]):
    """The items, the next of which is made in a thread while the current one is used; the first one from now on.

    Two items exist at most: the one in use and the one that is made or waits. What the making raises is raised here.
    To be closed, which waits for the item that is being made.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._making = iter(items)
        self._beside = ThreadPoolExecutor(1, "ahead")
        self._coming = self._next()

    def _next(self) -> Future[Any]:
        return self._beside.submit(next, self._making, _END)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        item: T = self._coming.result()
        if item is _END:
            raise StopIteration
        self._coming = self._next()
        return item

    def close(self) -> None:
        """End the thread, after the item that it is making."""
        self._beside.shutdown()
