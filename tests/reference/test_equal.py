"""The engine does, at every block size, what the reference does row by row (rules 2 to 6)."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdpweb.domain.catalog import Catalog

from . import strategies
from .comparing import told
from .engine import ByEngine
from .importers import WHOLE_FILE_BYTES, File, by_reference
from .state import State

EXAMPLES = int(os.environ.get("CDPWEB_TESTS_EXAMPLES", "16"))
"""How many pairs of files are imported; a bug in rare company wants thousands."""


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=strategies.two_files, block_bytes=st.sampled_from([1, 200, WHOLE_FILE_BYTES]))
def test_engine_equals_reference(
    by_engine: ByEngine, block_bytes: int, made: tuple[Catalog, State, File, File]
) -> None:
    """rules, introduction: the result is that of applying the rows one by one, in file order, at every block size."""
    catalog, base, *files = made
    expected = by_reference(*files, base=base, catalog=catalog)
    found = by_engine(*files, base=base, catalog=catalog, block_bytes=block_bytes)
    assert told(found) == told(expected)
