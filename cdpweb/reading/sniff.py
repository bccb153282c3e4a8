"""Which delimiter, quote and header line a file seems to have: proposed to the user, never imposed (rules §1.4)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from cdpweb.reading.dialect import Dialect, announced_delimiter, in_words
from cdpweb.reading.flat import Flattener

SAMPLE_CHARACTERS = 1 << 16
SAMPLE_RECORDS = 200
COMMON_DELIMITERS = (",", ";", "\t", "|", ":", "^", "~", "¦", "§", "\x1f")
HARDLY_DELIMITERS = " _-.@\"'()[]/\\&%+=?!"
"""What column names are made of besides letters and digits."""

_APOSTROPHE = "'"
_QUOTED_OFTEN = 0.5
"""Cells in apostrophes, for each line, from which on it is taken for the quote."""


@dataclass(frozen=True)
class Sniffed:
    """What a file's beginning looks like."""

    delimiter: str
    quote: str
    header_line: int
    columns: int


@dataclass(frozen=True)
class _Trial:
    """One delimiter and quote tried on the sample."""

    delimiter: str
    quote: str
    columns: int
    score: float


def sniff(head: str) -> Sniffed:
    """The delimiter, quote and header line that the beginning of a file suggests.

    `head` may end anywhere. The header line is the first that is neither blank nor `sep=`.
    """
    skipped, announced, text = _beginning(_sample(head))
    candidates = (announced,) if announced else _candidates(text)
    trials = [_try(text, delimiter, _quote(text, delimiter)) for delimiter in candidates]
    best = max(trials, key=lambda trial: trial.score)  # the first of equals: candidates come in order of use
    return Sniffed(best.delimiter, best.quote, 1 + skipped, best.columns)


def doubt(dialect: Dialect, header: tuple[str, ...], sniffed: Sniffed) -> str | None:
    """A sentence if the delimiter in use leaves the header in one piece and another would not."""
    if len(header) > 1 or sniffed.columns < 2 or sniffed.delimiter == dialect.delimiter:
        return None
    return (
        f"With the delimiter “{in_words(dialect.delimiter)}” the header is a single column, “{header[0][:100]}”. "
        f"The file looks separated by “{in_words(sniffed.delimiter)}”, which makes {sniffed.columns} columns: "
        "choose that delimiter."
    )


def _sample(head: str) -> str:
    """Whole lines from the beginning, if there are any."""
    sample = head[:SAMPLE_CHARACTERS]
    is_cut = len(head) > len(sample)
    return "".join(_lines(sample)[:-1]) or sample if is_cut else sample


def _beginning(head: str) -> tuple[int, str | None, str]:
    """How many lines precede the header, the delimiter they announce, and the text from the header on."""
    lines = _lines(head)
    announced = announced_delimiter(lines[0].rstrip("\r\n")) if lines else None
    skipped = 1 if announced else 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    return (skipped, announced, "".join(lines[skipped:])) if skipped < len(lines) else (0, announced, head)


def _lines(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


def _candidates(text: str) -> list[str]:
    """Common delimiters, then whatever else in the header is hardly part of a column's name."""
    header = next(iter(_lines(text)), "").rstrip("\r\n")
    others = {c for c in header if not c.isalnum() and c not in HARDLY_DELIMITERS and c not in COMMON_DELIMITERS}
    return [*COMMON_DELIMITERS, *sorted(others)]


def _try(text: str, delimiter: str, quote: str) -> _Trial:
    """Score a delimiter and quote by how many records have the width of the header, and how wide that is."""
    widths = _widths(text, Dialect(delimiter=delimiter, quote=quote))
    columns = next(widths, 1)
    if columns < 2:
        return _Trial(delimiter, quote, 1, 0.0)  # whatever it parts further on: most of those tried part nothing
    others = list(widths)
    agreement = others.count(columns) / len(others) if others else 1.0
    return _Trial(delimiter, quote, columns, agreement * (1 - 1 / columns))


def _widths(text: str, dialect: Dialect) -> Iterator[int]:
    """The number of cells of each record of the sample that is not blank; 0: it is malformed."""
    flattener = Flattener(io.BytesIO(text.encode(errors="replace")), dialect, 0, SAMPLE_CHARACTERS)
    alphabet = flattener.alphabet
    for _ in range(SAMPLE_RECORDS):
        if flattener.window.is_done:
            return
        flat = flattener.record()
        if flat.strip():
            yield 0 if flat.startswith(alphabet.malformed_mark) else flat.count(alphabet.delimiter) + 1


def _quote(text: str, delimiter: str) -> str:
    """The usual quote, or the apostrophe where many cells stand in two of them. Never none: that hides stray quotes.

    An apostrophe in front alone guards a cell (rules §8.2).
    """
    begun = text.count(delimiter + _APOSTROPHE) + text.count("\n" + _APOSTROPHE) + text.startswith(_APOSTROPHE)
    ended = text.count(_APOSTROPHE + delimiter) + text.count(_APOSTROPHE + "\n") + text.count(_APOSTROPHE + "\r")
    is_usual = min(begun, ended) < _QUOTED_OFTEN * (text.count("\n") + 1) or delimiter == _APOSTROPHE
    return Dialect.quote if is_usual else _APOSTROPHE
