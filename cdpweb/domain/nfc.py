"""Unicode's canonical composition, only where a text may need it (rules §2.4)."""

import polars as pl

_COMPOSED = r"^[\x{0}-\x{2FF}\x{400}-\x{52F}]*$"
"""Latin and Cyrillic letters: with no other character beside them they are in NFC already (Unicode, UAX #15)."""


def nfc(text: pl.Expr) -> pl.Expr:
    """The text in NFC. Asking first takes a tenth of the time that composing does."""
    is_composed = text.str.contains(_COMPOSED)
    return pl.when(is_composed).then(text).otherwise(pl.when(~is_composed).then(text).str.normalize("NFC"))
