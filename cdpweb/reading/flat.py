"""Flat text: the records of a file one per line, without quotes, so that splitting it is all that is left to do.

A record becomes one line: its cells as they are, joined by the delimiter. What a quoted cell may contain and a flat
one may not (delimiter, line ends) is written as an escape character and a code; so is the escape character itself.
Two readers make flat text of the same grammar (rules §1.4): `_regular` takes a stretch of records at once and proves
that every quote in it opens, closes or is doubled as it should; `_exact` takes what the first could not, and goes
record by record only where there are quotes. Both begin and end between two records, so it does not matter which of
them reads what.
"""

import re
import sys
from collections.abc import Callable
from functools import cached_property
from typing import BinaryIO

import polars as pl

from cdpweb.reading.dialect import Dialect
from cdpweb.reading.window import LINE_END, Window

PIECE_BYTES = 1 << 20
"""Flattened at a time: every piece takes some calls of polars, which smaller ones would make more of."""

MAX_RECORD_BYTES = 64 << 20
LOOKAHEAD_BYTES = 4
"""After a cell one character must be in sight: a delimiter takes up to four bytes, CR LF two."""

MAX_STEPS_BACK = 16


class Alphabet:
    """The characters of a dialect and the codes that stand for them in flat text."""

    def __init__(self, dialect: Dialect) -> None:
        self.delimiter = dialect.delimiter.encode()
        self.quote = dialect.quote.encode()
        taken = self.delimiter + self.quote
        self.escape = next(bytes([one]) for one in b"\x1a\x1b\x1c" if one not in taken)
        codes = [self.escape + bytes([one]) for one in b"abcdefgh" if one not in taken]
        self.escape_code, self.delimiter_code, self.lf_code, self.cr_code, self.malformed_mark = codes[:5]

    def escaped(self, text: bytes) -> bytes:
        """The text with the escape character itself written as a code."""
        return text.replace(self.escape, self.escape_code)

    def coded(self, text: bytes) -> bytes:
        """What stood inside quotes: delimiters and line ends become codes."""
        text = text.replace(self.delimiter, self.delimiter_code)
        return text.replace(b"\n", self.lf_code).replace(b"\r", self.cr_code)

    @cached_property
    def meanings(self) -> dict[str, str]:
        """Code to character, for reading flat cells."""
        codes = (self.delimiter_code, self.lf_code, self.cr_code, self.escape_code)
        characters = (self.delimiter, b"\n", b"\r", self.escape)
        return {code.decode(): character.decode() for code, character in zip(codes, characters, strict=True)}

    def cells(self, flat: bytes) -> list[str]:
        """The cells of one flat line."""
        code = re.compile("|".join(map(re.escape, self.meanings)))
        cells = flat.decode().removesuffix("\n").split(self.delimiter.decode())
        return [code.sub(lambda found: self.meanings[found.group()], cell) for cell in cells]

    def line_ends(self, flat: bytes) -> int:
        """How many physical lines end within the quoted cells of some flat text."""
        pairs = flat.count(self.cr_code + self.lf_code)
        return flat.count(self.lf_code) + flat.count(self.cr_code) - pairs


class Flattener:
    """Reads records from a place in a work file on, as flat text."""

    def __init__(self, file: BinaryIO, dialect: Dialect, offset: int, max_cell_bytes: int) -> None:
        self.window = Window(file, offset)
        self.alphabet = Alphabet(dialect)
        self._max_cell_bytes = max_cell_bytes
        self._grammar = _Grammar(self.alphabet.delimiter, self.alphabet.quote)

    def read(self, size: int) -> bytes:
        """The records that begin within the next `size` bytes, at least one; no line end after the last.

        Call it only while `window.is_done` is false. Raises RecordTooLong if that is what the first one is.
        """
        stop = self.window.offset + max(size, 1)
        return b"\n".join(self._until(stop, lambda left: self._piece(min(PIECE_BYTES, left))))

    def _until(self, stop: int, flatten: Callable[[int], bytes]) -> list[bytes]:
        """What `flatten`, given the bytes left, makes of the file up to `stop`, or up to a record that is too long."""
        flat: list[bytes] = []
        while (left := stop - self.window.offset) > 0 and not self.window.is_done:
            try:
                flat.append(flatten(left))
            except RecordTooLong:
                if flat:
                    break
                raise
        return flat

    def _piece(self, size: int) -> bytes:
        self.window.reach(size + LOOKAHEAD_BYTES)
        start, stop = self.window.at, self._whole_lines(size)
        flat = self._regular(self.window.text[start:stop]) if stop > start else None
        if flat is None:
            return self._exact(size)
        self.window.at = stop
        return flat

    def _whole_lines(self, size: int) -> int:
        """Where in the window a stretch of whole lines ends, of at most about `size` bytes and with paired quotes."""
        window, quote = self.window, self.alphabet.quote
        if window.at_end and len(window.text) - window.at <= size:
            stop = len(window.text)
        else:
            stop = self._line_start(window.at + size)
        if not quote:
            return stop
        quotes = window.text.count(quote, window.at, stop)
        for _ in range(MAX_STEPS_BACK):
            if quotes % 2 == 0:
                return stop
            before = window.line_start(window.text.rfind(quote, window.at, stop))
            quotes -= window.text.count(quote, before, stop)
            stop = before
        return window.at

    def _line_start(self, stop: int) -> int:
        """As Window.line_start, but never between CR and LF."""
        start = self.window.line_start(stop)
        between = self.window.text[start - 1 : start + 1] == b"\r\n" and start > self.window.at
        return start + 1 if between else start

    def _regular(self, text: bytes) -> bytes | None:
        """Whole records as flat text, or None unless every quote in them is where it should be."""
        alphabet, quote = self.alphabet, self.alphabet.quote
        if not quote or quote not in text:
            return line_feeds(alphabet.escaped(text)).removesuffix(b"\n")
        parts = text.split(quote)
        inside = quote.join(parts[1::2])
        outside = line_feeds(alphabet.escaped(quote.join(parts[0::2])))
        between = outside.split(quote)
        doubled = between[1:-1].count(b"")
        written = len(inside) + doubled * len(quote)
        if written > self._max_cell_bytes or not self._opens_and_closes(outside, len(between) - 1, doubled):
            return None
        coded = alphabet.coded(alphabet.escaped(inside))
        if doubled:
            between[1:-1] = [part or quote for part in between[1:-1]]
        parts[0::2] = between
        if coded != inside:
            parts[1::2] = coded.split(quote)
        parts[-1] = parts[-1].removesuffix(b"\n")  # only here, as the last record may be one empty quoted cell
        return b"".join(parts)

    def _opens_and_closes(self, outside: bytes, pairs: int, doubled: int) -> bool:
        """Whether each quoted stretch, shown in `outside` as one quote, stands where a quoted cell may.

        Before it: a delimiter, a line end or the start; after it: a delimiter, a line end or the end. Two stretches
        side by side are a doubled quote within one cell.
        """
        quote, text = self.alphabet.quote, column_of(outside)
        opening, closing = (text.str.count_matches(one)[0] for one in (self._grammar.opening, self._grammar.closing))
        opens, closes = opening + outside.startswith(quote), closing + outside.endswith(quote)
        return bool(opens + doubled == pairs and closes + doubled == pairs)

    def _exact(self, size: int) -> bytes:
        """The records that begin within the next `size` bytes, at least one, one by one where there are quotes."""
        stop = self.window.offset + size
        flat = self._until(stop, lambda left: self._well_formed(left) or self.record())
        return b"".join(flat).removesuffix(b"\n")

    def _well_formed(self, size: int) -> bytes:
        """The records up to the next malformed one, as far as `size` bytes hold them; b"" if there are none."""
        window, alphabet = self.window, self.alphabet
        window.reach(size + LOOKAHEAD_BYTES)
        # Within as many bytes as a quoted cell may have none can have too many.
        records = self._grammar.records.match(window.text, window.at, window.at + min(size, self._max_cell_bytes))
        start, window.at = window.at, self._line_start(records.end() if records else window.at)
        text = alphabet.escaped(window.text[start : window.at])
        return line_feeds(self._grammar.quoted_cell.sub(self._without_quotes, text))

    def _without_quotes(self, quoted: re.Match[bytes]) -> bytes:
        return self.alphabet.coded(quoted[1].replace(self.alphabet.quote * 2, self.alphabet.quote))

    def record(self) -> bytes:
        """The next record as a flat line that ends in LF. Raises RecordTooLong."""
        while True:
            try:
                return self._record_at_hand()
            except _OutOfSight:
                self._check_length(self.window.reach(0))
                self.window.grow()

    def _record_at_hand(self) -> bytes:
        window, delimiter = self.window, self.alphabet.delimiter
        at, cells = window.at, list[bytes]()
        while True:
            opened = at
            try:
                cell, at = self._cell(opened)
            except _BadQuote:
                return self._malformed(opened, cells)
            cells.append(cell)
            if not window.text.startswith(delimiter, at):
                break
            at += len(delimiter)
        at = _extent(LINE_END, window.text, at)
        self._check_length(at - window.at)
        window.at = at
        return delimiter.join(cells) + b"\n"

    def _cell(self, at: int) -> tuple[bytes, int]:
        """The flat cell that begins at `at` in the window, and where it ends."""
        text, alphabet, quote = self.window.text, self.alphabet, self.alphabet.quote
        if not quote or not text.startswith(quote, at):
            end = _extent(self._grammar.bare_cell, text, at)
            self._must_see_beyond(end)
            return alphabet.escaped(text[at:end]), end
        first = at + len(quote)
        last = _extent(self._grammar.quoted_body, text, first, first + self._max_cell_bytes + 2 * len(quote))
        end = last + len(quote)
        self._must_see_beyond(end)
        is_closed = text.startswith(quote, last) and self._grammar.cell_end.match(text, end)
        if last - first > self._max_cell_bytes or not is_closed:
            raise _BadQuote
        return alphabet.coded(alphabet.escaped(text[first:last].replace(quote * 2, quote))), end

    def _must_see_beyond(self, end: int) -> None:
        """What comes after a cell decides whether it ends there."""
        if not self.window.at_end and end + LOOKAHEAD_BYTES > len(self.window.text):
            raise _OutOfSight

    def _malformed(self, opened: int, cells: list[bytes]) -> bytes:
        """A marked line in place of a record whose quote at `opened` went wrong; go on at the line after that one.

        The cells before stay on the line for the line ends in them, which count.
        """
        self._check_length(opened - self.window.at)
        self.window.at = opened
        self.window.skip_line()
        return self.alphabet.malformed_mark + self.alphabet.delimiter.join(cells) + b"\n"

    def _check_length(self, size: int) -> None:
        if size > MAX_RECORD_BYTES:
            raise RecordTooLong


class RecordTooLong(Exception):
    """A record exceeds MAX_RECORD_BYTES."""


class _OutOfSight(Exception):
    """The window ends too early to tell."""


class _BadQuote(Exception):
    """A quoted cell is not closed as it should be, or is too long."""


def _extent(pattern: re.Pattern[bytes], text: bytes, at: int, stop: int = sys.maxsize) -> int:
    """Where a match of `pattern` at `at` ends; `at` if there is none."""
    found = pattern.match(text, at, stop)
    return found.end() if found else at


class _Grammar:
    """The patterns of rules §1.4 for one delimiter and quote. They never go back, so they take linear time."""

    def __init__(self, delimiter: bytes, quote: bytes) -> None:
        d, q = re.escape(delimiter), re.escape(quote)
        bare = _none_of(delimiter, rb"\r\n")
        self.bare_cell = re.compile(bare)
        self.cell_end = re.compile(rb"%b|\r\n|\r|\n|\Z" % d)
        line_end = rb"(?:\r\n|\r|\n)"
        body = rb"%b(?:%b%b)*+" % (_none_of(quote), q * 2, _none_of(quote)) if quote else rb"(?!)"
        cell = rb"(?>%b%b%b|(?!%b)%b)" % (q, body, q, q, bare) if quote else bare
        plain_line = _none_of(quote, rb"\r\n") + line_end if quote else rb"(?!)"
        self.quoted_body = re.compile(body, re.DOTALL)
        self.quoted_cell = re.compile(
            rb"%b(?:(?<=%b%b)|(?<=[\r\n]%b)|(?<=\A%b))(%b)%b" % (q, d, q, q, q, body, q), re.DOTALL
        )
        # For polars, which counts faster than bytes do and leaves the interpreter free meanwhile.
        delimiter_sign, quote_sign = _literally(delimiter), _literally(quote)
        self.opening = rf"{delimiter_sign}{quote_sign}|\n{quote_sign}"
        self.closing = rf"{quote_sign}{delimiter_sign}|{quote_sign}\n"
        self.records = re.compile(rb"(?>%b|%b(?:%b%b)*+%b)*+" % (plain_line, cell, d, cell, line_end), re.DOTALL)


def _none_of(character: bytes, others: bytes = b"") -> bytes:
    """A pattern for as many bytes as possible that neither begin `character` nor are one of `others`."""
    escaped = re.escape(character)
    if len(character) == 1:
        return rb"[^%b%b]*+" % (escaped, others)
    return rb"(?:(?!%b)%b)*+" % (escaped, rb"[^%b]" % others if others else b".")


def _literally(character: bytes) -> str:
    """A pattern for one character, as polars writes it."""
    return "".join(rf"\x{{{ord(one):x}}}" for one in character.decode())


def line_feeds(text: bytes) -> bytes:
    """What stands outside quotes: every line end becomes LF."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def column_of(text: bytes) -> pl.Series:
    """A long text in the first row of a column; an empty one below it, for polars keeps a column of one row as a
    scalar, and copies that at every step."""
    return pl.Series([text, b""], dtype=pl.Binary).cast(pl.String)
