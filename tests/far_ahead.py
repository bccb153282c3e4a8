"""The worst that working ahead can be: each block is decided while the one in front of it is not committed."""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from cdpweb.engine import run
from cdpweb.engine.ahead import Ahead


@contextmanager
def far_ahead() -> Iterator[None]:
    """What there is a matter of time, is certain here: no block is committed before the next one has been decided."""
    coming: Future[Any] = Future()
    coming.set_result(None)
    write_block = run.write_block

    class Noted(Ahead[Any]):
        def _next(self) -> Future[Any]:
            nonlocal coming
            coming = super()._next()
            return coming

    def waiting(*given: Any) -> Any:
        written = write_block(*given)
        wait([coming])
        return written

    with patch.object(run, "Ahead", Noted), patch.object(run, "write_block", waiting):
        yield
