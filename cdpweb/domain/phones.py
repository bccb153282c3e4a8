"""Phone numbers as E.164 (rules §2.6, §2.10)."""

import re
from functools import lru_cache

import phonenumbers
import polars as pl
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult

from cdpweb.domain.cells import Reading, parsed, settle
from cdpweb.domain.columns import Parsed
from cdpweb.domain.phone_sweep import FEWEST_DIGITS, MOST_DIGITS, SEPARATORS, sweep
from cdpweb.domain.spreadsheets import HASH_SIGNS, repaired, without_apostrophe

phonenumbers.enable_pattern_cache()

_DIGITS_ALONE = re.compile(rf"[{SEPARATORS}\s]*(?:[{SEPARATORS}\s]*\d){{3,20}}[{SEPARATORS}\s]*")
"""As many as the longest number has, a German one of seventeen, behind an exit code of three."""

_LETTER = re.compile(r"[^\W\d_]")
_ANOTHER_PLUS = re.compile(r"\d.*\+", re.DOTALL)
_BETWEEN_NUMBERS = re.compile(r"[/,;|&\\\n]| or ", re.IGNORECASE)
_EXIT_CODES = ("00", "011")
_ANY_COUNTRY = "US"
"""An extension is written alike everywhere; phonenumbers looks for it only where it knows a country."""

_MOST_CHARACTERS = 250
"""Longer texts phonenumbers does not look at."""

_DECIMAL_TAIL = r"^([0-9]{7,})\.0$"
"""How a table of floating-point numbers writes a phone: the last zero is none of its digits."""


def parse(cells: pl.Series, countries: pl.Series | str | None = None) -> Parsed:
    """Phone numbers as E.164 without the plus (Int64).

    `countries` says, for all cells or for each, the country (ISO 3166 alpha-2) that a number without a country code is
    of. Numbers of digits and separators are decided in a sweep as `number` decides them, the others by `number`.
    """
    column = _cleaned(cells).with_columns(country=_per_cell(countries, len(cells)))
    asked = column.select("at", "cell", "country")
    swept = asked.hstack(sweep(asked).drop("at"))
    answers = column.hstack(settle(swept, number, "country").rename({"code": "problem"}))
    was_repaired = pl.col("value").is_not_null() | pl.col("problem").is_null()
    repairs = parsed(answers.select("value", code=pl.when(was_repaired).then("code")))
    readings = parsed(answers.select("value", code="problem"))
    return Parsed(readings.values, pl.concat([repairs.problems, readings.problems]).sort("index", maintain_order=True))


def phone(raw: str, country: str | None = None) -> Reading:
    """One number by the same rules: E.164 as an integer or None, and the code of its first problem or None."""
    values, problems = parse(pl.Series([raw]), country)
    return values[0], problems["code"][0] if problems.height else None


def _cleaned(cells: pl.Series) -> pl.DataFrame:
    """Columns `at`, `cell` and `code`: what a spreadsheet did to a number undone or, where it cannot be, named."""
    cell, hash_signs = pl.col("cell"), pl.col("cell").str.contains(HASH_SIGNS)
    cleaned = repaired(without_apostrophe(cells), whole=True).with_row_index("at")
    if cleaned["cell"].str.starts_with("#").any():
        named = pl.when(hash_signs).then(pl.lit("hash_signs")).otherwise("code")
        cleaned = cleaned.with_columns(cell=pl.when(~hash_signs).then(cell), code=named)
    if cleaned["cell"].str.ends_with(".0").any():
        cleaned = cleaned.with_columns(cell.str.replace(_DECIMAL_TAIL, "$1"))
    return cleaned


def _per_cell(countries: pl.Series | str | None, height: int) -> pl.Series:
    if isinstance(countries, pl.Series):
        return countries
    return pl.repeat(countries, height, dtype=pl.String, eager=True)


@lru_cache(maxsize=2**16)
def number(text: str, country: str | None) -> Reading:
    """One number as phonenumbers reads it, by the three readings of rules §2.6 in their order.

    A cell holds two numbers when what stands before its last part is a number: `030 1234567/12` stands for two lines.
    """
    if len(text) > _MOST_CHARACTERS:
        return None, "phone_invalid"
    parts = [number(part, country)[0] for part in _BETWEEN_NUMBERS.split(text) if part != text]
    if _ANOTHER_PLUS.search(text) or len(parts) - parts.count(None) > 1:
        return None, "phone_two_numbers"
    text = re.sub(r"\s", " ", text)
    written = _parsed(text, country)
    if (looked_at := written or _parsed(text, _ANY_COUNTRY)) and looked_at.extension:
        return None, "phone_has_extension"
    if any(parts[:-1]):
        return None, "phone_two_numbers"
    if written and phonenumbers.is_valid_number(written):
        return _e164(written), None
    return _read_as_international(text) or (None, _reason(text, written))


def _read_as_international(text: str) -> Reading | None:
    """A number of digits alone with its exit code read as a plus, or else with a plus in front."""
    if not _DIGITS_ALONE.fullmatch(text):
        return None
    digits = phonenumbers.normalize_digits_only(text)
    for exit_code in _EXIT_CODES:
        abroad = digits.startswith(exit_code) and _parsed("+" + digits.removeprefix(exit_code), None)
        if abroad and phonenumbers.is_valid_number(abroad):
            return _e164(abroad), None
    plus_added = _parsed("+" + digits, None)
    if plus_added and phonenumbers.is_valid_number(plus_added):
        return _e164(plus_added), "phone_read_as_international"
    return None


def _parsed(text: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except NumberParseException:
        return None


def _e164(phone: PhoneNumber) -> int:
    return int(phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)[1:])


def _reason(text: str, written: PhoneNumber | None) -> str:
    """Why it is no number: by the number of its digits, else by the lengths of its country."""
    if _LETTER.search(text) or not (count := len(phonenumbers.normalize_digits_only(text))):
        return "phone_invalid"
    length = phonenumbers.is_possible_number_with_reason(written) if written else None
    if count < FEWEST_DIGITS or length in (ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return "phone_too_short"
    return "phone_too_long" if count > MOST_DIGITS or length == ValidationResult.TOO_LONG else "phone_invalid"
