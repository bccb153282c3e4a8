"""Columns of text, IDs, yes or no, and of what the catalog knows (rules §2.1, §2.4, §2.8, §2.10)."""

import zoneinfo
from collections.abc import Callable, Collection
from functools import cache

import polars as pl

from cdpweb.domain.catalog import CustomField
from cdpweb.domain.cells import Reading, parsed, read_each
from cdpweb.domain.columns import Parsed, columns_where
from cdpweb.domain.nfc import nfc
from cdpweb.domain.spreadsheets import HASH_SIGNS, looks_rounded, repaired, without_apostrophe

MAX_TEXT_CHARACTERS = 1000
MAX_EXTERNAL_ID_BYTES = 2000

_BYTE_ORDER_MARK = "\ufeff"
"""Invisible; it stands inside a file where two files were put together."""

_WHOLE_NUMBER = r"^([0-9]+)(?:[.,]0{1,2})?$"
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SEXES = {"male": "male", "m": "male", "female": "female", "f": "female", "w": "female"}
_NO_ZONES = {"localtime", "posixrules", "Factory"}
"""Names among the time zones that mean none."""


SEPARATOR = "|"
"""What stands between the values of a multi-value field."""


def trim(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells without Unicode white space and byte-order marks around them."""
    every, mark = pl.all().str, _BYTE_ORDER_MARK
    trimmed = cells.select(every.strip_chars())
    marked = columns_where(trimmed, every.starts_with(mark) | every.ends_with(mark))
    if not marked:
        return trimmed
    return trimmed.with_columns(pl.col(marked).str.replace_all(rf"^[\s{mark}]+|[\s{mark}]+$", ""))


def text(cells: pl.Series) -> Parsed:
    """Text of up to 1000 characters in NFC."""
    cell = pl.col("cell")
    too_long = cell.str.len_chars() > MAX_TEXT_CHARACTERS
    return _judged(nfc(cells).to_frame("cell"), pl.when(too_long).then(pl.lit("text_too_long")))


def external_id(cells: pl.Series, *, rounded: bool = False) -> Parsed:
    """External IDs: up to 1000 characters and 2000 bytes in NFC, no control characters, case kept.

    `rounded`: a spreadsheet has cut the column's numbers after fifteen digits (see `spreadsheets.rounding`), so that
    different customers would share one.
    """
    column = repaired(nfc(without_apostrophe(cells)), whole=True)
    cell = pl.col("cell")
    too_long = (cell.str.len_chars() > MAX_TEXT_CHARACTERS) | (cell.str.len_bytes() > MAX_EXTERNAL_ID_BYTES)
    wrong = (
        pl.when(cell.str.contains(HASH_SIGNS))
        .then(pl.lit("hash_signs"))
        .when(looks_rounded(cell) & pl.lit(rounded))
        .then(pl.lit("digits_rounded"))
        .when(cell.str.contains(r"\p{Cc}"))
        .then(pl.lit("text_has_control_characters"))
        .when(too_long)
        .then(pl.lit("text_too_long"))
    )
    return _judged(column, wrong)


def customer_id(cells: pl.Series) -> Parsed:
    """Our own ids (Int64, from 1). What is none is null without a problem: the row's error says it (rules §5.0)."""
    column = repaired(without_apostrophe(cells), whole=True)
    number = pl.col("cell").str.extract(_WHOLE_NUMBER, 1).cast(pl.Int64, strict=False)
    value = pl.when(number > 0).then(number)
    code = pl.when(pl.col("value").is_not_null()).then("code")
    return parsed(column.with_columns(value=value).select("value", code=code))


def boolean(cells: pl.Series) -> Parsed:
    """True or false (Boolean) in words or digits, in any case."""
    return _mapped(cells, _BOOLEANS, pl.Boolean(), "boolean_invalid")


def sex(cells: pl.Series) -> Parsed:
    """`male` or `female`, in any case and by the first letter too."""
    return _mapped(cells, _SEXES, pl.String(), "sex_invalid")


def area(cells: pl.Series, external_ids: Collection[str]) -> Parsed:
    """External IDs of areas."""
    known = frozenset(external_ids)
    return read_each(nfc(cells), lambda given: (given, None) if given in known else (None, "area_unknown"), pl.String())


def time_zone(cells: pl.Series) -> Parsed:
    """Names of IANA time zones, in any case; as IANA spells them."""

    def read(given: str) -> Reading:
        zone = _time_zones().get(given.casefold())
        return zone, None if zone else "time_zone_unknown"

    return read_each(cells, read, pl.String())


@cache
def _time_zones() -> dict[str, str]:
    return {name.casefold(): name for name in zoneinfo.available_timezones() - _NO_ZONES}


def choice(cells: pl.Series, field: CustomField) -> Parsed:
    """Choices of a field as their external IDs: given by that ID, or else by their name in any case.

    Where the field creates missing choices, an unknown text of up to 1000 characters is its own external ID.
    """
    identified = {one.external_id for one in field.choices}
    named = {one.name.casefold(): one.external_id for one in reversed(field.choices)}

    def read(given: str) -> Reading:
        if given in identified:
            return given, None
        if found := named.get(given.casefold()):
            return found, None
        if not field.create_missing:
            return None, "choice_unknown"
        return (given, None) if len(given) <= MAX_TEXT_CHARACTERS else (None, "text_too_long")

    return read_each(nfc(cells), read, pl.String())


def multiple(cells: pl.Series, parse: Callable[[pl.Series], Parsed]) -> Parsed:
    """Several values joined by |, each read by `parse`: the set as sorted text joined by |.

    One bad value skips the whole cell, with the first bad one's problem. Separators alone say nothing: null.
    """
    parts = cells.to_frame("cell").with_row_index("index").filter(pl.col("cell").is_not_null())
    parts = parts.with_columns(pl.col("cell").str.split(SEPARATOR)).explode("cell")
    parts = parts.with_columns(trim(parts.select("cell"))).filter(pl.col("cell") != "")
    read, problems = parse(parts["cell"])
    parts = parts.with_columns(value=read.cast(pl.String))
    found = problems.select(
        index=parts["index"].gather(problems["index"]), code="code", lost=read.is_null().gather(problems["index"])
    )
    lost = found.filter("lost").unique("index", keep="first", maintain_order=True)
    kept = parts.join(lost, on="index", how="anti").filter(pl.col("value").is_not_null())
    sets = (
        kept.group_by("index").agg("value").with_columns(pl.col("value").list.unique().list.sort().list.join(SEPARATOR))
    )
    values = pl.DataFrame({"index": pl.int_range(len(cells), dtype=pl.UInt32, eager=True)}).join(
        sets, on="index", how="left", maintain_order="left"
    )
    warnings = found.join(lost, on="index", how="anti").unique(maintain_order=True)
    return Parsed(
        values["value"], pl.concat([lost, warnings]).select("index", "code").sort("index", maintain_order=True)
    )


def _mapped(cells: pl.Series, words: dict[str, bool] | dict[str, str], dtype: pl.DataType, invalid: str) -> Parsed:
    cell = pl.col("cell")
    value = cell.str.to_lowercase().replace_strict(words, default=None, return_dtype=dtype)
    code = pl.when(cell.is_not_null() & pl.col("value").is_null()).then(pl.lit(invalid))
    return parsed(cells.to_frame("cell").with_columns(value=value).select("value", code=code))


def _judged(column: pl.DataFrame, wrong: pl.Expr) -> Parsed:
    """The cells of `column` but those that are `wrong`, a code; where nothing is, a `code` it has stays."""
    judged = column.with_columns(wrong=wrong)
    code = pl.coalesce("wrong", "code") if "code" in column.columns else pl.col("wrong")
    return parsed(judged.select(value=pl.when(pl.col("wrong").is_null()).then("cell"), code=code))
