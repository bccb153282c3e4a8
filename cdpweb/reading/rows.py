"""Flat text as a table of rows: cells, line numbers, and what is wrong with the shape of a row (rules §1.4, §2.3)."""

import polars as pl

from cdpweb.reading.flat import Alphabet, column_of

MALFORMED, TOO_MANY, TOO_FEW = "malformed_record", "too_many_cells", "too_few_cells"


def rows_of(flat: bytes, alphabet: Alphabet, columns: int, record: int, line: int) -> tuple[pl.DataFrame, int]:
    """The rows of some flat text, as Block describes them, and the physical line after them.

    `record` and `line` are those of the first row.
    """
    has_codes = alphabet.escape in flat
    lines = pl.DataFrame({"flat": _lines(flat)}).with_columns(
        line_ends=1 + _line_ends_inside(alphabet) if has_codes else pl.lit(1, pl.UInt32),
        malformed=pl.col("flat").str.starts_with(alphabet.malformed_mark.decode()) if has_codes else pl.lit(False),
        blank=pl.col("flat").str.contains(_emptiness(alphabet)),
    )
    cells = _cells(lines, alphabet, columns)
    fault = _fault(cells, alphabet, columns)
    if has_codes:
        cells = _with_meanings(cells, alphabet)
    rows = cells.select(
        pl.int_range(record, record + pl.len(), dtype=pl.UInt32).alias("record"),
        _line_numbers(line).alias("line"),
        fault.alias("fault"),
        "blank",
        *_names(columns),
    )
    return rows, line + int(lines["line_ends"].sum())


def empty_rows(columns: int) -> pl.DataFrame:
    """No rows, with the columns they would have."""
    shape: dict[str, type[pl.DataType]] = {
        "record": pl.UInt32,
        "line": pl.UInt32,
        "fault": pl.String,
        "blank": pl.Boolean,
    }
    return pl.DataFrame(schema=shape | dict.fromkeys(_names(columns), pl.String))


def _lines(flat: bytes) -> pl.Series:
    return column_of(flat).str.split("\n").explode().head(-1)


def _line_ends_inside(alphabet: Alphabet) -> pl.Expr:
    """How many physical lines end within the quoted cells of a row."""

    def count(code: bytes) -> pl.Expr:
        return pl.col("flat").str.count_matches(code.decode(), literal=True)

    return count(alphabet.lf_code) + count(alphabet.cr_code) - count(alphabet.cr_code + alphabet.lf_code)


def _line_numbers(line: int) -> pl.Expr:
    """Where each row starts; of a malformed one, its last line, since that is where the quote opened."""
    after = line + pl.col("line_ends").cum_sum()
    return (after - pl.when("malformed").then(1).otherwise("line_ends")).cast(pl.UInt32)


def _names(columns: int) -> list[str]:
    return [f"c{number}" for number in range(columns)]


def _cells(lines: pl.DataFrame, alphabet: Alphabet, columns: int) -> pl.DataFrame:
    """The lines with one more column per cell, and `rest` for what goes beyond them."""
    well_formed = pl.when(~pl.col("malformed")).then("flat") if lines["malformed"].any() else pl.col("flat")
    split = well_formed.str.splitn(alphabet.delimiter.decode(), columns + 1)
    named = split.struct.rename_fields([*_names(columns), "rest"])
    return lines.select("line_ends", "malformed", "blank", named.alias("cells")).unnest("cells")


def _fault(cells: pl.DataFrame, alphabet: Alphabet, columns: int) -> pl.Series:
    """What is wrong with the shape of each row. Surplus cells that are all empty are nothing."""
    is_short = pl.col(f"c{columns - 1}").is_null() & ~pl.col("blank")
    is_long = pl.col("rest").is_not_null() & ~pl.col("rest").str.contains(_emptiness(alphabet))
    return cells.select(
        pl.when("malformed")
        .then(pl.lit(MALFORMED))
        .when(is_long)
        .then(pl.lit(TOO_MANY))
        .when(is_short)
        .then(pl.lit(TOO_FEW))
        .otherwise(pl.lit(None, pl.String))
    ).to_series()


def _emptiness(alphabet: Alphabet) -> str:
    """A pattern for flat cells that hold nothing but white space (Unicode's White_Space, as str.strip_chars has it)."""
    delimiter = alphabet.delimiter.decode()
    codes = [alphabet.lf_code, alphabet.cr_code]
    if delimiter.isspace() and not "\x1c" <= delimiter <= "\x1f":  # the separators that only Python calls white space
        codes.append(alphabet.delimiter_code)
    listed = "|".join(rf"\x{{{code[0]:x}}}\x{{{code[1]:x}}}" for code in codes)
    return rf"\A(?:[\s\x{{{ord(delimiter):x}}}]|{listed})*\z"


def _with_meanings(cells: pl.DataFrame, alphabet: Alphabet) -> pl.DataFrame:
    """The cells with every code turned back into what it stands for."""
    strings = [name for name, kind in cells.schema.items() if kind == pl.String and name != "rest"]
    coded = cells.select(pl.col(strings).str.contains(alphabet.escape.decode(), literal=True).any()).row(0, named=True)
    meant = [name for name in strings if coded[name]]
    return cells.with_columns(pl.col(meant).str.replace_many(alphabet.meanings)) if meant else cells
