"""The formula guard: a file that leaves cannot make a spreadsheet compute (rules §8.2)."""

import re

import polars as pl

from cdpweb.domain.columns import columns_where

_FORMULA_START = r"'*[=+\-@\t\r]"
_NUMBER = r"'*[+-]?[0-9 ()]*[.,]?[0-9 ()]*"
"""What begins like a formula and is none: a sign, digits, spaces, brackets, one decimal mark."""


def guard(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells as they are written: one `'` before each that a spreadsheet could take for a formula."""
    every = pl.all()
    return cells.with_columns(pl.when(_is_dangerous(every)).then(every.str.replace("^", "'")).otherwise(every))


def unguard(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells as they were before `guard`, whose exact inverse this is; the same frame where none was guarded."""
    marked = columns_where(cells, pl.all().str.starts_with("'"))
    if not marked:
        return cells
    cell = pl.col(marked)
    return cells.with_columns(
        pl.when(cell.str.starts_with("'") & _is_dangerous(cell)).then(cell.str.slice(1)).otherwise(cell)
    )


def _is_dangerous(cell: pl.Expr) -> pl.Expr:
    return cell.str.contains(f"^{_FORMULA_START}") & ~cell.str.contains(f"^{_NUMBER}$")


def guard_text(text: str) -> str:
    """One cell as `guard` writes it."""
    return f"'{text}" if _is_dangerous_text(text) else text


def unguard_text(text: str) -> str:
    """One cell as `unguard` reads it."""
    return text[1:] if text.startswith("'") and _is_dangerous_text(text) else text


def _is_dangerous_text(text: str) -> bool:
    return re.match(_FORMULA_START, text) is not None and re.fullmatch(_NUMBER, text) is None
