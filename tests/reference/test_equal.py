"""The engine does, at every block size, what the reference does row by row (rules 2 to 6)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from cdpweb.domain.catalog import Catalog

from . import strategies
from .comparing import told
from .engine import ByEngine
from .importers import WHOLE_FILE_BYTES, File, by_reference
from .state import State

EXAMPLES = 20


@pytest.mark.parametrize("block_bytes", [1, 200, WHOLE_FILE_BYTES])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=strategies.two_files)
def test_engine_equals_reference(tmp_path: Path, block_bytes: int, made: tuple[Catalog, State, File, File]) -> None:
    """rules, introduction: the result is that of applying the rows one by one, in file order."""
    catalog, base, *files = made
    expected = by_reference(*files, base=base, catalog=catalog)
    found = ByEngine(tmp_path)(*files, base=base, catalog=catalog, block_bytes=block_bytes)
    assert told(found) == told(expected)
