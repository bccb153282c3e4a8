"""Whole numbers and decimals of custom fields, as canonical text (rules §2.8)."""

import polars as pl

from cdpweb.domain.cells import parsed
from cdpweb.domain.columns import Parsed
from cdpweb.domain.spreadsheets import HASH_SIGNS, SCIENTIFIC, repair_column, without_apostrophe

MAX_INTEGER = 2**31 - 1
WHOLE_DIGITS = 16
DECIMAL_DIGITS = 2

_INTEGER = r"^[+-]?[0-9]+$"
_DECIMAL = r"^[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)$"


def integer(cells: pl.Series) -> Parsed:
    """Whole numbers from −2³¹ to 2³¹−1 as text without sign of plus or leading zeros (String)."""
    repaired = _repaired(cells, whole=True)
    number = pl.col("cell").str.strip_prefix("+").cast(pl.Int64, strict=False)
    well_formed = pl.col("cell").str.contains(_INTEGER)
    fits = well_formed & number.is_between(-MAX_INTEGER - 1, MAX_INTEGER).fill_null(False)
    return _answer(repaired, number.cast(pl.String), well_formed, fits)


def decimal(cells: pl.Series) -> Parsed:
    """Decimals of at most 16 digits before and 2 behind the mark, as text without superfluous zeros (String).

    Nothing is rounded: zeros behind the second decimal are no digits, any other makes the number too exact.
    """
    repaired = _repaired(cells, whole=False)
    cell = pl.col("cell").str.replace(",", ".", literal=True)
    whole = cell.str.extract(r"^[+-]?([0-9]*)", 1).str.strip_chars_start("0")
    fraction = cell.str.extract(r"\.([0-9]*)$", 1).fill_null("").str.strip_chars_end("0")
    digits = pl.when(whole == "").then(pl.lit("0")).otherwise(whole)
    number = pl.when(fraction == "").then(digits).otherwise(digits + "." + fraction)
    negative = cell.str.starts_with("-") & (number != "0")
    well_formed = pl.col("cell").str.contains(_DECIMAL)
    fits = well_formed & (whole.str.len_bytes() <= WHOLE_DIGITS) & (fraction.str.len_bytes() <= DECIMAL_DIGITS)
    return _answer(repaired, pl.when(negative).then("-" + number).otherwise(number), well_formed, fits)


def _repaired(cells: pl.Series, *, whole: bool) -> pl.DataFrame:
    """The cells as they should have been written; `given` where there was one, `code` of a repair."""
    bare = without_apostrophe(cells)
    return repair_column(bare, SCIENTIFIC, whole=whole).with_columns(given=bare.is_not_null())


def _answer(cells: pl.DataFrame, number: pl.Expr, well_formed: pl.Expr, fits: pl.Expr) -> Parsed:
    lost = pl.col("code") == "scientific_notation"
    code = (
        pl.when(~pl.col("given")).then(pl.lit(None, pl.String))
        .when(lost).then("code")
        .when(pl.col("cell").str.contains(HASH_SIGNS)).then(pl.lit("hash_signs"))
        .when(~well_formed).then(pl.lit("number_invalid"))
        .when(~fits).then(pl.lit("number_out_of_range"))
        .otherwise("code")
    )  # fmt: skip
    return parsed(cells.select(value=pl.when(fits).then(number), code=code))
