"""Numbers as canonical text: no exponent, no superfluous zeros, never rounded (rules §2.8, §2.10)."""

import polars as pl

from cdpweb.domain.cells import parsed
from cdpweb.domain.columns import Parsed
from cdpweb.domain.spreadsheets import HASH_SIGNS, looks_rounded, repaired, without_apostrophe

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**31), 2**31 - 1
MOST_DIGITS, MOST_DECIMALS = 16, 2
"""Digits of a decimal number before and behind its decimal mark."""

_INTEGER = r"^([+-]?[0-9]+)(?:[.,]0{1,2})?$"
"""A table of floating-point numbers writes 42 as 42.0; three zeros would look like thousands."""

_DECIMAL = r"^[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)$"
_SURPLUS_ZEROS = rf"^([^.,]*[.,][0-9]{{{MOST_DECIMALS}}})0{{2,}}$"
"""As databases write decimals, `12.5000`; a single zero more would look like thousands, `12.500`."""


def integer(cells: pl.Series) -> Parsed:
    """Whole numbers from −2³¹ to 2³¹−1 (String)."""
    column = _cleaned(cells).with_columns(digits=pl.col("cell").str.extract(_INTEGER, 1))
    digits = pl.col("digits")
    column = column.with_columns(number=digits.cast(pl.Int64, strict=False))
    number = pl.col("number")
    in_range = number.is_between(SMALLEST_INTEGER, LARGEST_INTEGER)
    return _judged(column, digits.is_not_null(), in_range, number.cast(pl.String))


def decimal(cells: pl.Series, *, rounded: bool = False) -> Parsed:
    """Numbers of up to 16 digits and two decimals (String).

    `rounded`: a spreadsheet has cut the column's numbers after fifteen digits (see `spreadsheets.rounding`).
    """
    column = _cleaned(cells).with_columns(pl.col("cell").str.replace(_SURPLUS_ZEROS, "$1"))
    if rounded:
        lost = looks_rounded(pl.col("cell"))
        named = pl.when(lost).then(pl.lit("digits_rounded")).otherwise("code")
        column = column.with_columns(cell=pl.when(~lost).then("cell"), code=named)
    column = column.with_columns(
        pl.col("cell")
        .str.strip_chars_start("+-")
        .str.replace(",", ".", literal=True)
        .str.split_exact(".", 1)
        .struct.rename_fields(["units", "fraction"])
        .alias("parts")
    ).unnest("parts")
    units, fraction = pl.col("units").str.strip_chars_start("0"), pl.col("fraction").fill_null("")
    fits = (units.str.len_bytes() <= MOST_DIGITS) & (fraction.str.len_bytes() <= MOST_DECIMALS)
    return _judged(column, pl.col("cell").str.contains(_DECIMAL), fits, _canonical(units, fraction))


def _cleaned(cells: pl.Series) -> pl.DataFrame:
    """Columns `cell` and `code`: what a spreadsheet did to a number undone or, where it cannot be, named."""
    column, hash_signs = repaired(without_apostrophe(cells), whole=False), pl.col("cell").str.contains(HASH_SIGNS)
    named = pl.when(hash_signs).then(pl.lit("hash_signs")).otherwise("code")
    return column.select(cell=pl.when(~hash_signs).then("cell"), code=named)


def _canonical(units: pl.Expr, fraction: pl.Expr) -> pl.Expr:
    units = pl.when(units == "").then(pl.lit("0")).otherwise(units)
    fraction = fraction.str.strip_chars_end("0")
    number = units + pl.when(fraction == "").then(pl.lit("")).otherwise("." + fraction)
    negative = pl.col("cell").str.starts_with("-") & (number != "0")
    return pl.when(negative).then("-" + number).otherwise(number)


def _judged(column: pl.DataFrame, is_number: pl.Expr, fits: pl.Expr, canonical: pl.Expr) -> Parsed:
    code = (
        pl.when(~pl.col("is_number"))
        .then(pl.lit("number_invalid"))
        .when(~pl.col("fits"))
        .then(pl.lit("number_out_of_range"))
        .otherwise("code")
    )
    judged = column.with_columns(is_number=is_number, fits=fits.fill_null(False), canonical=canonical)
    there = pl.col("cell").is_not_null()
    return parsed(
        judged.select(
            value=pl.when("is_number", "fits").then("canonical"), code=pl.when(there).then(code).otherwise("code")
        )
    )
