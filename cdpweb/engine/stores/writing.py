"""What a store gives for what is to be written."""

import datetime as dt
from collections.abc import Callable
from typing import TypeAlias

import polars as pl

Write: TypeAlias = Callable[[], None]
"""A statement whose rows stand ready in the form in which the database takes them. Called, it writes them."""


def moment(one: dt.datetime) -> pl.Expr:
    """A moment as frames hold them: in UTC, without saying so."""
    return pl.lit(one.replace(tzinfo=None), pl.Datetime("us"))
