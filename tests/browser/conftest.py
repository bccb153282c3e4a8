"""What tests in a browser share."""

import pytest


@pytest.fixture
def database(sqlite_database: str) -> str:
    """A browser does not see which database it is: once is enough."""
    return sqlite_database
