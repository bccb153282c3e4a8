"""What a store gives for what is to be written."""

from collections.abc import Callable
from typing import TypeAlias

Write: TypeAlias = Callable[[], None]
"""A statement whose rows stand ready in the form in which the database takes them. Called, it writes them."""
