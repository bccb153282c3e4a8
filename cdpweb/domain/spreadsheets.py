"""What a spreadsheet does to values, and what of it can be undone (rules §2.10)."""

import re
from dataclasses import dataclass

import polars as pl

HASH_SIGNS = "^#+$"
"""A column too narrow for its numbers shows, and saves, number signs alone."""

KEPT_DIGITS = 15
"""A spreadsheet's number keeps so many significant digits; those behind become zeros."""

_SCIENTIFIC = re.compile(r"([+-]?)([0-9]+)(?:[.,]([0-9]+))?[eE]([+-][0-9]{1,3})")
"""As spreadsheets write it, the exponent with its sign: `5E3` may be somebody's real ID."""

_DATE_SERIAL = r"^[1-9][0-9]{4}(?:[.,][0-9]+)?$"
"""Days since 1900, or since 1904: five digits are the years 1927 to 2177."""

_LONG_NUMBER = rf"^[1-9][0-9]{{{KEPT_DIGITS},}}$"
_LONG_ROUNDED = rf"^[1-9][0-9]{{{KEPT_DIGITS - 1}}}0+$"


@dataclass(frozen=True)
class RoundingEvidence:
    """What a column's numbers of more than 15 digits say about rounding; blocks of a column are added up.

    `lost` counts digits behind the fifteenth in numbers where all of those are zeros, `kept` the numbers where not.
    """

    lost: int = 0
    kept: int = 0

    def __add__(self, other: "RoundingEvidence") -> "RoundingEvidence":
        return RoundingEvidence(self.lost + other.lost, self.kept + other.kept)

    @property
    def is_rounded(self) -> bool:
        """Whether a spreadsheet has rounded the column: by chance it would look so in one case of a thousand.

        One ID of sixteen digits that ends in zero proves nothing: every tenth does.
        """
        return self.kept == 0 and self.lost >= 3


def rounding(cells: pl.Series) -> RoundingEvidence:
    """What these cells say about rounding."""
    numbers = without_apostrophe(cells)
    long, rounded = numbers.str.contains(_LONG_NUMBER), numbers.str.contains(_LONG_ROUNDED)
    lost = int((numbers.filter(rounded).str.len_bytes() - KEPT_DIGITS).sum())
    return RoundingEvidence(lost, int((long & ~rounded).sum()))


def looks_rounded(cell: pl.Expr) -> pl.Expr:
    """Whether nothing but zeros follows the fifteenth digit of a longer number."""
    return cell.str.contains(_LONG_ROUNDED)


def without_apostrophe(cells: pl.Series) -> pl.Series:
    """The cells without the one leading `'` that marks text; an apostrophe alone is an empty cell, null."""
    marked = pl.col("cell").str.starts_with("'")
    bare = pl.col("cell").str.slice(1).str.strip_chars().replace("", None)
    return cells.to_frame("cell").select(pl.when(marked).then(bare).otherwise("cell").alias(cells.name)).to_series()


def repaired(cells: pl.Series, *, whole: bool) -> pl.DataFrame:
    """The cells with scientific notation written out: columns `cell` (null where digits are lost) and `code`.

    `whole`: the number must be a whole one. Cells that are no scientific notation stay as they are, without a code.
    """
    column = cells.to_frame("cell").with_columns(code=pl.lit(None, dtype=pl.String))
    distinct = cells.filter(cells.str.contains(f"^(?:{_SCIENTIFIC.pattern})$")).unique()
    if distinct.is_empty():
        return column
    numbers = [written_out(text, whole=whole) for text in distinct]
    table = pl.DataFrame({"cell": distinct, "number": pl.Series(numbers, dtype=pl.String), "found": True})
    found, lost = pl.col("found").is_not_null(), pl.col("number").is_null()
    code = pl.when(lost).then(pl.lit("scientific_notation")).otherwise(pl.lit("scientific_repaired"))
    return column.join(table, on="cell", how="left", maintain_order="left").select(
        cell=pl.when(found).then("number").otherwise("cell"), code=pl.when(found).then(code)
    )


def written_out(scientific: str, *, whole: bool) -> str | None:
    """The number that scientific notation stands for, or None where the written digits do not cover it.

    `1.234E+3` is 1234 and `1.2345E+3` is 1234.5, which is not `whole`; `1.23E+3` may have been 1234 and is None.
    """
    parts = _SCIENTIFIC.fullmatch(scientific)
    if parts is None:
        return None
    sign, digits, decimals = parts[1], parts[2] + (parts[3] or ""), len(parts[3] or "") - int(parts[4])
    if decimals < 0:
        return None
    digits = digits.zfill(decimals + 1)
    units, fraction = digits[: len(digits) - decimals].lstrip("0") or "0", digits[len(digits) - decimals :].rstrip("0")
    if fraction and whole:
        return None
    number = f"{units}.{fraction}" if fraction else units
    return f"-{number}" if sign == "-" and number != "0" else number


def is_date_serial(cell: pl.Expr) -> pl.Expr:
    """Whether a spreadsheet wrote a date as a number of days, which two calendars read differently."""
    return cell.str.contains(_DATE_SERIAL)
