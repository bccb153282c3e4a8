"""Work one step ahead: the next block is read and normalised while this one is written."""

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")

_END = object()
_POLL_SECONDS = 0.1


class _Broken:
    """An exception on its way to the thread that iterates."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The items, the next of which is made in a thread while the current one is used.

    One item waits at most, so memory holds two. What the making raises is raised here; leaving the loop stops it.
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=1)
    left = threading.Event()
    maker = threading.Thread(target=_make, args=(items, waiting, left), daemon=True, name="ahead")
    maker.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, _Broken):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        left.set()
        maker.join()


def _make(items: Iterable[T], waiting: "queue.Queue[object]", left: threading.Event) -> None:
    try:
        for item in items:
            if not _put(item, waiting, left):
                return
        _put(_END, waiting, left)
    except BaseException as error:
        _put(_Broken(error), waiting, left)


def _put(item: object, waiting: "queue.Queue[object]", left: threading.Event) -> bool:
    """Hand over an item; False if nobody is there any more to take it."""
    while not left.is_set():
        try:
            waiting.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False
