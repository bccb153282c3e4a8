"""Countries as two letters, for phones written without a country code (rules §2.6)."""

import phonenumbers
import polars as pl

from cdpweb.domain.cells import parsed
from cdpweb.domain.columns import Parsed

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166 alpha-2 codes of every country whose numbering plan phonenumbers knows."""

_OTHER_CODES = {"UK": "GB"}


def parse(cells: pl.Series) -> Parsed:
    """Country codes in any case as upper-case ISO 3166 alpha-2 (String); `UK` is `GB`, the rest unknown."""
    known = {code: code for code in COUNTRIES} | _OTHER_CODES
    cell = pl.col("cell")
    value = cell.str.to_uppercase().replace_strict(known, default=None, return_dtype=pl.String)
    return parsed(
        cells.to_frame("cell").select(
            value=value, code=pl.when(cell.is_not_null() & value.is_null()).then(pl.lit("phone_country_unknown"))
        )
    )


def country(text: str) -> str | None:
    """The country that a person means by two letters, as `parse` reads them."""
    code = text.strip().upper()
    return code if code in COUNTRIES else _OTHER_CODES.get(code)
