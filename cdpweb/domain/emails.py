"""Email addresses in their canonical form (rules §2.5)."""

import unicodedata
from functools import lru_cache

import polars as pl
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from cdpweb.domain.cells import Reading, parsed, settle
from cdpweb.domain.columns import Parsed

MAX_EMAIL_BYTES = 254

_SHORT_BYTES = 64
"""An ASCII address this short meets every limit on the length of an address, a domain and a label (RFC 1035: 63)."""

_ATOM = r"[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_TOP_LABEL = r"(?:[A-Za-z0-9][A-Za-z0-9\-]*)?[A-Za-z]"
_ADDRESS = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_TOP_LABEL}$"
_SPECIAL_USE = rf"[@.](?:{'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$"
_DASHES_AFTER_TWO = r"@(?:[^.]+\.)*[^.]{2}--"
"""A label that looks like Punycode without being it; the library refuses it."""


def parse(cells: pl.Series) -> Parsed:
    """Addresses as email-validator normalises them, lower-cased (String); the rest is `email_invalid`.

    Plain ASCII addresses are decided in one sweep, exactly as the library decides them; Punycode, other scripts and
    very long ones are left to the library.
    """
    cell, lowered, size = pl.col("cell"), pl.col("lowered"), pl.col("size")
    looked_at = cells.to_frame("cell").with_columns(lowered=cell.str.to_lowercase(), size=cell.str.len_bytes())
    plain = (size == cell.str.len_chars()) & (size <= _SHORT_BYTES)
    valid = cell.str.contains(_ADDRESS) & ~lowered.str.contains(_SPECIAL_USE)
    if cells.str.contains("--", literal=True).any():
        plain &= ~lowered.str.contains("xn--", literal=True)
        valid &= ~cell.str.contains(_DASHES_AFTER_TWO)
    plainly, validly = pl.col("plain"), pl.col("valid")
    answers = looked_at.with_columns(plain=plain, valid=valid).select(
        "cell",
        value=pl.when(plainly & validly).then(lowered),
        code=pl.when((plainly & ~validly) | (size > MAX_EMAIL_BYTES)).then(pl.lit("email_invalid")),
        open=~plainly & (size <= MAX_EMAIL_BYTES),
    )
    return parsed(settle(answers, _read))


def _read(raw: str) -> Reading:
    address = email(raw)
    return address, None if address else "email_invalid"


@lru_cache(maxsize=2**16)
def email(raw: str) -> str | None:
    """The canonical form of one address, or None where it is not one: what `parse` gives for every cell."""
    try:
        normalized = validate_email(raw, check_deliverability=False).normalized
    except EmailNotValidError:
        return None
    lowered = unicodedata.normalize("NFC", normalized.lower())
    return lowered if len(lowered.encode()) <= MAX_EMAIL_BYTES else None
