"""The fixture that says every rule twice: to the reference and to the engine."""

from pathlib import Path

import pytest

from .engine import ByEngine
from .importers import Importer, by_reference


@pytest.fixture(params=["reference", "engine"])
def importer(request: pytest.FixtureRequest, tmp_path: Path) -> Importer:
    """Imports files into a base."""
    return by_reference if request.param == "reference" else ByEngine(tmp_path)
