"""The worst that working ahead can be: each block is decided while the one in front of it is not committed."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest.mock import patch

from cdpweb.engine import run

T = TypeVar("T")

_END = object()


@contextmanager
def far_ahead() -> Iterator[None]:
    """What there is a matter of time, is certain here: no block is committed before the next one has been decided."""
    coming: Future[Any] = Future()
    coming.set_result(_END)
    write_block = run.write_block

    def ahead(items: Iterable[T]) -> Generator[T, None, None]:
        nonlocal coming
        making = iter(items)
        with ThreadPoolExecutor(1, "ahead") as beside:
            own = coming = beside.submit(next, making, _END)  # type: ignore[arg-type]
            while (item := own.result()) is not _END:
                own = coming = beside.submit(next, making, _END)  # type: ignore[arg-type]
                yield item

    def waiting(*given: Any) -> Any:
        written = write_block(*given)
        wait([coming])
        return written

    with patch.object(run, "ahead", ahead), patch.object(run, "write_block", waiting):
        yield
