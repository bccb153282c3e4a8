"""Blocks of numbered rows out of a work file, restartable between any two of them (rules §1.4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import polars as pl

from cdpweb.reading import errors
from cdpweb.reading.dialect import Dialect, announced_delimiter
from cdpweb.reading.flat import MAX_RECORD_BYTES, Flattener, RecordTooLong
from cdpweb.reading.rows import rows_of

MAX_COLUMNS = 16_384
"""As many as a spreadsheet has; empty ones at the right come from there."""

MAX_NAMED_COLUMNS = 2_000
"""Each of them is asked about on the page."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two records: bytes into the work file, number and physical line of the next record."""

    offset: int
    record: int
    line: int


@dataclass(frozen=True, slots=True)
class Header:
    """The header's cells as written, the physical line it starts on, and where the records begin."""

    cells: tuple[str, ...]
    line: int
    next: Position


@dataclass(frozen=True, slots=True)
class Block:
    """Some records and the place after them.

    `rows` has the columns `record` (UInt32, from 1), `line` (UInt32, where the record starts; for a malformed one,
    where its quote opened), `fault` (String: null, "malformed_record", "too_many_cells", "too_few_cells"),
    `blank` (Boolean: every cell is white space), and `c0`, `c1`, … (String: the cells exactly as in the file, null
    where a short or malformed record has none).
    """

    rows: pl.DataFrame
    next: Position


def read_header(path: Path, dialect: Dialect, max_cell_bytes: int) -> Header:
    """The header of a work file.

    Raises FileRefused: `empty_file`, `no_header`, `header_line_missing`, `header_malformed`,
    `too_many_columns`, `no_records`.
    """
    with path.open("rb") as file:
        header = header_of(file, dialect, max_cell_bytes)
        if header.next.offset == path.stat().st_size:
            raise errors.no_records(header.line)
    return header


def read_blocks(
    path: Path, dialect: Dialect, columns: int, start: Position, block_bytes: int, max_cell_bytes: int
) -> Iterator[Block]:
    """The records of a work file from `start` on, in blocks of about `block_bytes`, at least one record each.

    The records are the same wherever reading starts and however large the blocks are. Memory is bounded by
    `block_bytes` or the longest record. Raises FileRefused `record_too_long`.
    """
    with path.open("rb") as file:
        yield from blocks_of(file, dialect, columns, start, block_bytes, max_cell_bytes)


def header_of(file: BinaryIO, dialect: Dialect, max_cell_bytes: int) -> Header:
    """As read_header, from an open file, which may end after the header."""
    flattener = Flattener(file, dialect, 0, max_cell_bytes)
    line = _seek_header(flattener, dialect.header_line)
    try:
        flat = flattener.record()
    except RecordTooLong as error:
        raise errors.record_too_long(0, line, MAX_RECORD_BYTES) from error
    last_line = line + flattener.alphabet.line_ends(flat)
    if flat.startswith(flattener.alphabet.malformed_mark):
        raise errors.header_malformed(last_line)
    cells = tuple(flattener.alphabet.cells(flat))
    named = sum(1 for cell in cells if cell.strip())
    if not named:
        raise errors.no_header(line)
    if len(cells) > MAX_COLUMNS or named > MAX_NAMED_COLUMNS:
        raise errors.too_many_columns(line, len(cells), MAX_NAMED_COLUMNS)
    return Header(cells, line, Position(flattener.window.offset, 1, last_line + 1))


def _seek_header(flattener: Flattener, header_line: int) -> int:
    """Go to the header's line; its number. A first line `sep=;` is never the header."""
    window = flattener.window
    if window.is_done:
        raise errors.empty_file()
    line = 1
    window.reach(16)
    first_line = window.text[:16].splitlines()[0].decode(errors="replace")
    if header_line == 1 and announced_delimiter(first_line):
        header_line = 2
    while line < header_line and not window.is_done:
        window.skip_line()
        line += 1
    if window.is_done:
        raise errors.header_line_missing(header_line, line - 1)
    return line


def blocks_of(
    file: BinaryIO, dialect: Dialect, columns: int, start: Position, block_bytes: int, max_cell_bytes: int
) -> Iterator[Block]:
    """As read_blocks, from an open file."""
    reader = BlockReader(file, dialect, columns, start, max_cell_bytes)
    return reader.blocks(reader.flats(block_bytes))


class Flat(NamedTuple):
    """Some records as flat text (see flat.py), and where they end in the work file."""

    text: bytes
    end: int


class BlockReader:
    """Reads an open work file from a position on, a block at a time; keeps nothing of a block that it has given.

    The two steps of it, `flats` and `blocks`, may each have a thread of its own.
    """

    def __init__(self, file: BinaryIO, dialect: Dialect, columns: int, start: Position, max_cell_bytes: int) -> None:
        self._flattener = Flattener(file, dialect, start.offset, max_cell_bytes)
        self._columns = columns
        self._position = start

    @property
    def is_done(self) -> bool:
        """Whether all records have been read."""
        return self._flattener.window.is_done

    def block(self, size: int) -> Block:
        """The records that begin within the next `size` bytes, at least one. Raises as read_blocks."""
        return next(self.blocks(self.flats(size)))

    def flats(self, size: int) -> Iterator[Flat]:
        """The first step: flat text of about `size` bytes each. Raises RecordTooLong."""
        while not self.is_done:
            text = self._flattener.read(size)
            yield Flat(text, self._flattener.window.offset)

    def blocks(self, flats: Iterable[Flat]) -> Iterator[Block]:
        """The second step: a block of each of the `flats`. Raises as read_blocks."""
        try:
            for flat in flats:
                yield self._block(flat)
        except RecordTooLong as error:
            at = self._position
            raise errors.record_too_long(at.record, at.line, MAX_RECORD_BYTES) from error

    def _block(self, flat: Flat) -> Block:
        at = self._position
        rows, next_line = rows_of(flat.text, self._flattener.alphabet, self._columns, at.record, at.line)
        self._position = Position(flat.end, at.record + rows.height, next_line)
        return Block(rows, self._position)
