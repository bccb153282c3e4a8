"""Unicode's canonical composition, only where a text may need it (rules §2.4)."""

import polars as pl

_COMPOSED = r"^[\x{0}-\x{2FF}\x{400}-\x{52F}]*$"
"""Latin and Cyrillic letters: with no other character beside them they are in NFC already (Unicode, UAX #15)."""


def nfc(texts: pl.Series) -> pl.Series:
    """The texts in NFC. Asking first takes a tenth of the time that composing does."""
    others = (~texts.str.contains(_COMPOSED)).arg_true()
    return texts if others.is_empty() else texts.clone().scatter(others, texts.gather(others).str.normalize("NFC"))
