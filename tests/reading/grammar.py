"""The grammar of rules 1.4 read character by character: slow and obvious, the measure of the fast readers."""

from dataclasses import dataclass, field

from cdpweb.reading.dialect import Dialect

# Unicode's White_Space, written out.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


@dataclass
class Record:
    line: int
    offset: int
    malformed: bool = False
    cells: list[str] = field(default_factory=list)


class _Malformed(Exception):
    pass


def line_end(text: str, at: int) -> int:
    """How many characters the line end at `at` has, 0 if there is none."""
    if text[at : at + 2] == "\r\n":
        return 2
    return 1 if text[at : at + 1] in ("\r", "\n") else 0


def quoted_cell(text: str, at: int, quote: str, max_cell_bytes: int) -> tuple[str, int]:
    """The cell whose opening quote stands at `at`, and the place after its closing quote."""
    first = at = at + 1
    cell = ""
    while at < len(text):
        if text[at] == quote and text[at + 1 : at + 2] == quote:
            cell, at = cell + quote, at + 2
        elif text[at] == quote:
            if len(text[first:at].encode()) > max_cell_bytes:
                raise _Malformed
            return cell, at + 1
        else:
            cell, at = cell + text[at], at + 1
    raise _Malformed


def line_of(text: str, at: int) -> int:
    """The number of the physical line that `at` stands on."""
    line, here = 1, 0
    while here < at:
        size = line_end(text, here)
        line, here = line + (size > 0), here + (size or 1)
    return line


def next_line(text: str, at: int) -> int:
    while at < len(text) and not line_end(text, at):
        at += 1
    return at + line_end(text, at)


def read(text: str, dialect: Dialect, max_cell_bytes: int, at: int = 0) -> list[Record]:
    """All records of `text` from `at` on."""
    records = []
    while at < len(text):
        record = Record(line_of(text, at), len(text[:at].encode()))
        at = _record(text, at, dialect, max_cell_bytes, record)
        records.append(record)
    return records


def _record(text: str, at: int, dialect: Dialect, max_cell_bytes: int, record: Record) -> int:
    while True:
        opened, cell = at, ""
        if dialect.quote and text[at : at + 1] == dialect.quote:
            try:
                cell, at = quoted_cell(text, at, dialect.quote, max_cell_bytes)
                if at < len(text) and text[at] != dialect.delimiter and not line_end(text, at):
                    raise _Malformed
            except _Malformed:
                record.malformed, record.line = True, line_of(text, opened)
                return next_line(text, opened)
        else:
            while at < len(text) and text[at] != dialect.delimiter and not line_end(text, at):
                cell, at = cell + text[at], at + 1
        record.cells.append(cell)
        if text[at : at + 1] != dialect.delimiter:
            return at + line_end(text, at)
        at += 1


def row(number: int, record: Record, columns: int) -> tuple[object, ...]:
    """A record as read_blocks gives it: record, line, fault, blank, cells."""
    if record.malformed:
        return number, record.line, "malformed_record", False, *[None] * columns
    empty = [not cell.strip(WHITE_SPACE) for cell in record.cells]
    fault = None
    if not all(empty[columns:]):
        fault = "too_many_cells"
    elif len(record.cells) < columns and not all(empty):
        fault = "too_few_cells"
    cells: list[str | None] = [*record.cells, *[None] * columns]
    return number, record.line, fault, all(empty), *cells[:columns]
