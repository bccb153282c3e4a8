"""The grammar of a file, character by character (rules 1.4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """One record: its number, the line it starts on and its cells; a malformed one stands where its quote opened."""

    number: int
    line: int
    cells: tuple[str, ...]
    is_malformed: bool = False


def read(
    content: str, header_line: int, delimiter: str, quote: str, max_cell_bytes: int
) -> tuple[tuple[str, ...], list[Record]]:
    """The header's cells and the records after it."""
    content = content.removeprefix("\ufeff")
    if obeyed := re.match(r"sep=([^\r\n])(\r\n|\r|\n|\Z)", content):
        delimiter, header_line = obeyed[1], max(header_line, 2)
    reader = _Reader(content, delimiter, quote, max_cell_bytes)
    for _ in range(header_line - 1):
        reader.skip_line()
    records = list(reader.records())
    if not records or records[0].is_malformed:
        raise ValueError("the file has no readable header")
    return records[0].cells, records[1:]


class _Reader:
    def __init__(self, text: str, delimiter: str, quote: str, max_cell_bytes: int) -> None:
        self.text, self.delimiter, self.quote, self.max_cell_bytes = text, delimiter, quote, max_cell_bytes
        self.at, self.line = 0, 1

    def records(self) -> Iterator[Record]:
        number = 0
        while self.at < len(self.text):
            yield self.record(number)
            number += 1

    def record(self, number: int) -> Record:
        line, cells = self.line, []
        while True:
            opened_at, opened_line = self.at, self.line
            cell = self.quoted() if self.here() == self.quote else self.unquoted()
            if cell is None:
                self.at, self.line = opened_at, opened_line
                self.skip_line()
                return Record(number, opened_line, (), is_malformed=True)
            cells.append(cell)
            if self.here() != self.delimiter:
                self.skip_line()
                return Record(number, line, tuple(cells))
            self.at += 1

    def unquoted(self) -> str:
        start = self.at
        while self.here() not in (self.delimiter, "\r", "\n", ""):
            self.at += 1
        return self.text[start : self.at]

    def quoted(self) -> str | None:
        """The cell inside the quotes, or None when it is malformed."""
        cell = ""
        self.at += 1
        while self.here() != self.quote or self.text[self.at : self.at + 2] == self.quote * 2:
            if self.here() == "":
                return None
            if self.here() == self.quote:
                self.at += 1
            if self.here() == "\n" or (self.here() == "\r" and self.text[self.at + 1 : self.at + 2] != "\n"):
                self.line += 1
            cell += self.here()
            self.at += 1
        self.at += 1
        well_ended = self.here() in (self.delimiter, "\r", "\n", "")
        return cell if well_ended and len(cell.encode()) <= self.max_cell_bytes else None

    def skip_line(self) -> None:
        """Move to the beginning of the next line, if there is one."""
        while self.here() not in ("\r", "\n", ""):
            self.at += 1
        if self.here():
            self.at += 2 if self.text[self.at : self.at + 2] == "\r\n" else 1
            self.line += 1

    def here(self) -> str:
        """The character to be read next; nothing at the end of the file."""
        return self.text[self.at : self.at + 1]
