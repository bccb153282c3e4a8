"""Plain values of a column: text, IDs, yes and no, one of several known words (rules §2.4, §2.8)."""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import polars as pl

from cdpweb.domain.catalog import CustomField
from cdpweb.domain.cells import parsed
from cdpweb.domain.columns import PROBLEM_SCHEMA, Parsed
from cdpweb.domain.spreadsheets import HASH_SIGNS, SCIENTIFIC_ID, looks_rounded, repair_column, without_apostrophe

MAX_TEXT_CHARACTERS = 1000
MAX_ID_CHARACTERS = 1000
MAX_ID_BYTES = 2000
SEPARATOR = "|"
"""What stands between the values of a multi-value field."""

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SEXES = {"male": "male", "m": "male", "female": "female", "f": "female", "w": "female"}
_DIGITS = r"^[0-9]{1,18}$"


def trim(cells: pl.Series) -> pl.Series:
    """The cells without white space (Unicode's White_Space) around them."""
    return cells.str.strip_chars()


def text(cells: pl.Series) -> Parsed:
    """Free text in NFC, up to 1000 characters (String)."""
    value = pl.col("cell").str.normalize("NFC")
    too_long = value.str.len_chars() > MAX_TEXT_CHARACTERS
    return _judged(cells, value, [(too_long, "text_too_long")])


def external_id(cells: pl.Series, *, rounded: bool = False) -> Parsed:
    """IDs in NFC, up to 1000 characters and 2000 bytes, case-sensitive (String).

    `rounded`: the column shows that a spreadsheet rounded its numbers (rules §2.10); those it touched are skipped, for
    two different customers may have become one.
    """
    repaired = repair_column(without_apostrophe(cells), SCIENTIFIC_ID, whole=True)
    value = pl.col("cell").str.normalize("NFC")
    wrong = [
        (pl.col("code") == "scientific_notation", "scientific_notation"),
        (value.str.contains(HASH_SIGNS), "hash_signs"),
        (value.str.contains(r"\p{Cc}"), "text_has_control_characters"),
        (value.str.len_chars() > MAX_ID_CHARACTERS, "text_too_long"),
        (value.str.len_bytes() > MAX_ID_BYTES, "text_too_long"),
        (looks_rounded(value) & pl.lit(rounded), "digits_rounded"),
    ]
    return _judge(repaired, value, wrong)


def customer_id(cells: pl.Series) -> Parsed:
    """Our own ids (Int64); what is no whole number is null, and the caller's to judge (rules §5.0)."""
    repaired = repair_column(without_apostrophe(cells), SCIENTIFIC_ID, whole=True)
    digits = pl.when(pl.col("cell").str.contains(_DIGITS)).then("cell")
    return parsed(repaired.select(value=digits.cast(pl.Int64), code=pl.lit(None, pl.String)))


def boolean(cells: pl.Series) -> Parsed:
    """Yes and no in their usual words, any case (Boolean)."""
    return _word(cells.str.to_lowercase(), _TRUTHS, pl.Boolean(), "boolean_invalid")


def sex(cells: pl.Series) -> Parsed:
    """`male` or `female`, from those words or their first letters, any case (String)."""
    return _word(cells.str.to_lowercase(), _SEXES, pl.String(), "sex_invalid")


def area(cells: pl.Series, known: Iterable[str]) -> Parsed:
    """External IDs of areas (String)."""
    return _word(cells.str.normalize("NFC"), {one: one for one in known}, pl.String(), "area_unknown")


def time_zone(cells: pl.Series) -> Parsed:
    """Names of IANA time zones in their own spelling, from any case (String)."""
    return _word(cells.str.to_lowercase(), _zones(), pl.String(), "time_zone_unknown")


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in zoneinfo.available_timezones()}


def choice(cells: pl.Series, field: CustomField) -> Parsed:
    """External IDs of a field's choices, from the ID or else the name, both exact (String).

    Unknown ones are new choices where the field says to create them; their text is their ID and name.
    """
    if field.create_missing:
        known = _spellings(field)
        plain = text(cells)
        return Parsed(plain.values.replace(known) if known else plain.values, plain.problems)
    return _word(cells.str.normalize("NFC"), _spellings(field), pl.String(), "choice_unknown")


def _spellings(field: CustomField) -> dict[str, str]:
    names = {choice.name: choice.external_id for choice in reversed(field.choices)}
    return names | {choice.external_id: choice.external_id for choice in field.choices}


def multiple(cells: pl.Series, parse: Callable[[pl.Series], Parsed]) -> Parsed:
    """Several values joined by |, in a fixed order and each once (String); one bad value skips them all (rules §2.8).

    `parse` reads a column of single values and gives text.
    """
    parts = (
        cells.to_frame("part")
        .with_columns(index=pl.int_range(pl.len(), dtype=pl.UInt32), part=pl.col("part").str.split(SEPARATOR))
        .explode("part")
        .with_columns(pl.col("part").str.strip_chars())
        .filter(pl.col("part") != "")
    )
    read = parse(parts["part"])
    problems = read.problems.with_columns(index=parts["index"].gather(read.problems["index"])).unique(
        maintain_order=True
    )
    joined = (
        parts.with_columns(value=read.values)
        .group_by("index", maintain_order=True)
        .agg(pl.col("value").unique().sort().str.join(SEPARATOR), whole=pl.col("value").is_not_null().all())
        .filter("whole")
    )
    rows = pl.DataFrame({"index": pl.int_range(len(cells), dtype=pl.UInt32, eager=True)})
    values = rows.join(joined.select("index", "value"), on="index", how="left", maintain_order="left")["value"]
    return Parsed(values, problems.cast(PROBLEM_SCHEMA))  # type: ignore[arg-type]


def _word(cells: pl.Series, known: Mapping[str, object], dtype: pl.DataType, code: str) -> Parsed:
    """What each of the known words stands for."""
    cell = pl.col("cell")
    value = cell.replace_strict(dict(known), default=None, return_dtype=dtype) if known else pl.lit(None, dtype)
    answers = cells.to_frame("cell").with_columns(value=value)
    unknown = cell.is_not_null() & pl.col("value").is_null()
    return parsed(answers.select("value", code=pl.when(unknown).then(pl.lit(code))))


def _judged(cells: pl.Series, value: pl.Expr, wrong: list[tuple[pl.Expr, str]]) -> Parsed:
    return _judge(cells.to_frame("cell").with_columns(code=pl.lit(None, pl.String)), value, wrong)


def _judge(cells: pl.DataFrame, value: pl.Expr, wrong: list[tuple[pl.Expr, str]]) -> Parsed:
    """The value of each cell unless one of the conditions holds, which then is its code."""
    verdict: pl.Expr = pl.lit(None, pl.String)
    for condition, code in reversed(wrong):
        verdict = pl.when(condition).then(pl.lit(code)).otherwise(verdict)
    answers = cells.with_columns(wrong=verdict, value=value)
    return parsed(
        answers.select(value=pl.when(pl.col("wrong").is_null()).then("value"), code=pl.coalesce("wrong", "code"))
    )
