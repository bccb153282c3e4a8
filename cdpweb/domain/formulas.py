"""The formula guard: a file that leaves cannot make a spreadsheet compute (rules §8.2)."""

import re

import polars as pl

_FORMULA_START = r"'*[=+\-@\t\r]"
_NUMBER = r"'*[+-]?[0-9 ()]*[.,]?[0-9 ()]*"
"""What begins like a formula and is none: a sign, digits, spaces, brackets, one decimal mark."""


def guard(cells: pl.Series) -> pl.Series:
    """The cells as they are written: one `'` before each that a spreadsheet could take for a formula."""
    marked = pl.concat_str(pl.lit("'"), "cell")
    return cells.to_frame("cell").select(_chosen(marked, _is_dangerous()).alias(cells.name)).to_series()


def unguard(cells: pl.Series) -> pl.Series:
    """The cells as they were before `guard`, whose exact inverse this is."""
    marked = pl.col("cell").str.starts_with("'")
    if not cells.str.starts_with("'").any():
        return cells
    bare = pl.col("cell").str.slice(1)
    return cells.to_frame("cell").select(_chosen(bare, marked & _is_dangerous()).alias(cells.name)).to_series()


def _chosen(changed: pl.Expr, where: pl.Expr) -> pl.Expr:
    return pl.when(where).then(changed).otherwise("cell")


def _is_dangerous() -> pl.Expr:
    cell = pl.col("cell")
    return cell.str.contains(f"^{_FORMULA_START}") & ~cell.str.contains(f"^{_NUMBER}$")


def guard_text(text: str) -> str:
    """One cell as `guard` writes it."""
    return f"'{text}" if _is_dangerous_text(text) else text


def unguard_text(text: str) -> str:
    """One cell as `unguard` reads it."""
    return text[1:] if text.startswith("'") and _is_dangerous_text(text) else text


def _is_dangerous_text(text: str) -> bool:
    return re.match(_FORMULA_START, text) is not None and re.fullmatch(_NUMBER, text) is None
