"""A glance: what the first megabyte of a stored file shows, at once (product §2)."""

import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cdpweb.reading import errors
from cdpweb.reading.archives import Kind, open_plain, read_all
from cdpweb.reading.blocks import Header, blocks_of, header_of
from cdpweb.reading.dialect import Dialect
from cdpweb.reading.encoding import DEFAULT
from cdpweb.reading.rows import empty_rows
from cdpweb.reading.sniff import doubt, sniff
from cdpweb.reading.workfile import transcode

HEAD_BYTES = 1 << 20


@dataclass(frozen=True)
class Glance:
    """What the beginning of a file shows, read with `dialect`.

    `rows` are the whole records of what was read, as Block has them. `is_whole`: that is all of them; otherwise
    `approximate_records` is a guess from their length. `filled`: positions of the columns in which a value was seen.
    `has_mark`: a byte-order mark named the encoding. `doubt`: a sentence if the delimiter looks wrong.
    """

    dialect: Dialect
    kind: Kind
    has_mark: bool
    header: Header
    rows: pl.DataFrame
    filled: frozenset[int]
    is_whole: bool
    approximate_records: int
    doubt: str | None


def glance(
    path: Path,
    *,
    max_unpacked_bytes: int,
    max_cell_bytes: int,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    header_line: int | None = None,
    head_bytes: int = HEAD_BYTES,
) -> Glance:
    """Look at the first `head_bytes` of a stored file. What is None is detected (the encoding: UTF-8), the rest obeyed.

    Raises FileRefused for all that archives, encoding, dialect and header are refused for, and `no_records`.
    """
    with open_plain(path, max_unpacked_bytes) as plain:
        head = read_all(plain, head_bytes)
        is_whole = not plain.read(1)
        expected_bytes = plain.expected_bytes
    utf8 = io.BytesIO()
    text = transcode(io.BytesIO(head), utf8, encoding or DEFAULT, whole=is_whole)
    sniffed = sniff(utf8.getvalue().decode(errors="ignore"))
    dialect = Dialect(
        text.encoding,
        sniffed.delimiter if delimiter is None else delimiter,
        sniffed.quote if quote is None else quote,
        sniffed.header_line if header_line is None else header_line,
    )
    header = header_of(utf8, dialect, max_cell_bytes)
    rows = _rows(utf8.getvalue(), dialect, header, max_cell_bytes, is_whole)
    if is_whole and not rows.height:
        raise errors.no_records(header.line)
    return Glance(
        dialect=dialect,
        kind=plain.kind,
        has_mark=text.has_mark,
        header=header,
        rows=rows,
        filled=_filled(rows, len(header.cells)),
        is_whole=is_whole,
        approximate_records=rows.height if is_whole else rows.height * expected_bytes // len(head),
        doubt=doubt(dialect, header.cells, sniffed),
    )


def _rows(utf8: bytes, dialect: Dialect, header: Header, max_cell_bytes: int, is_whole: bool) -> pl.DataFrame:
    """The records after the header; of a file that goes on, all but the last, which may be cut off."""
    if not is_whole:
        # A quoted cell that is cut off would spoil the rows in it. Closed, it is the last record, and goes with it.
        quote = dialect.quote.encode()
        utf8 = utf8.rstrip(quote or b"\r\n") + quote + b"\n"
    read = blocks_of(io.BytesIO(utf8), dialect, len(header.cells), header.next, len(utf8), max_cell_bytes)
    frames = [block.rows for block in read]
    if not frames:
        return empty_rows(len(header.cells))
    rows = pl.concat(frames)
    return rows if is_whole else rows.head(-1)


def _filled(rows: pl.DataFrame, columns: int) -> frozenset[int]:
    cells = [pl.col(f"c{number}").str.contains(r"\S").any() for number in range(columns)]
    return frozenset(number for number, filled in enumerate(rows.select(cells).row(0)) if filled)
