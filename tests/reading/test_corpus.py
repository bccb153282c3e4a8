"""Nasty files, as bytes: whatever they are packed in and encoded as, they are read as the grammar reads their text."""

import codecs
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cdpweb.reading.blocks import Position, read_blocks, read_header
from cdpweb.reading.dialect import Dialect
from cdpweb.reading.workfile import make_work_file
from tests.reading import grammar

DATA = Path(__file__).parents[1] / "data"
MAX_CELL = 200
WHOLE = 1 << 20
BLOCK_SIZES = (1, 7, 64, WHOLE)


@dataclass(frozen=True)
class Nasty:
    """A file's text, how it is to be read, and how it was encoded: `mark` goes before it."""

    text: str
    dialect: Dialect = field(default_factory=Dialect)
    mark: bytes = b""
    codec: str = "utf-8"

    @property
    def content(self) -> bytes:
        return self.mark + self.text.encode(self.codec)


def lines(*rows: str, end: str = "\n") -> str:
    return "".join(row + end for row in rows)


PLAIN = ("Email,Name", "a@b.org,Ännchen", '"b@b.org","山, 🙂"', 'c@b.org,"x\ny"', "d@b.org,z")
WIDE = [f"c{number}" for number in range(300)]
LIMIT = "x" * MAX_CELL

NASTY = {
    # Line ends
    "CR only": Nasty(lines(*PLAIN, end="\r")),
    "CR LF": Nasty(lines(*PLAIN, end="\r\n")),
    "mixed": Nasty('a,b\rc,d\r\ne,"f\r\rg"\n\rh,i\n\r\nj,k\r'),
    "no last line end": Nasty(lines(*PLAIN).rstrip("\n")),
    "ends in CR of CR LF": Nasty("a,b\r\nc,d\r"),
    "line feeds in cells at block ends": Nasty('a,b\n' + '"\n\n",c\n' * 30),
    "line separators are characters": Nasty("a,b\nx\u2028y,\x85z\n\v,\f\n"),
    # Encodings and marks
    "UTF-8 mark": Nasty(lines(*PLAIN), mark=codecs.BOM_UTF8),
    "UTF-8 mark in the middle": Nasty("a,b\n\ufeffc,d\n", mark=codecs.BOM_UTF8),
    "UTF-16 little": Nasty(lines(*PLAIN), mark=codecs.BOM_UTF16_LE, codec="utf-16-le"),
    "UTF-16 big": Nasty(lines(*PLAIN, end="\r\n"), mark=codecs.BOM_UTF16_BE, codec="utf-16-be"),
    "UTF-32 little": Nasty(lines(*PLAIN), mark=codecs.BOM_UTF32_LE, codec="utf-32-le"),
    "UTF-32 big": Nasty(lines(*PLAIN, end="\r"), mark=codecs.BOM_UTF32_BE, codec="utf-32-be"),
    "Windows-1251": Nasty(lines("Email,Имя", "a@b.org,Андрей"), Dialect("windows-1251"), codec="cp1251"),
    "Shift JIS": Nasty(lines("Email,名前", "a@b.org,ソ表能"), Dialect("shift_jis"), codec="shift_jis"),
    # Quotes
    "other quotes": Nasty("a,b\n'c,d','e''f'\n'g\"h',\"i\n", Dialect(quote="'")),
    "quotes of several bytes": Nasty("a,b\n«c,d«,e\nf,«g««h«\n", Dialect(quote="«")),
    "no quotes": Nasty('a,b\n"c,d"\ne,"f\n', Dialect(quote="")),
    "doubled": Nasty('a,b\n"""",""""""\n"",\n"x""",y\n'),
    "doubled over block ends": Nasty("a,b\n" + '"""""",""""\n' * 40),
    "within unquoted cells": Nasty('a,b\n5" x,y"z"\n"q"r,s\n'),
    "spaces before": Nasty('a,b\n "c", "d"\n"e" ,f\n'),
    "unclosed in the middle": Nasty('a,b\nc,"d\ne,f\ng,"h"\ni,j\n'),
    "unclosed at the end": Nasty('a,b\nc,d\ne,"f\ng,h\n'),
    "unclosed on the last line": Nasty('a,b\nc,d\ne,"f'),
    "unclosed after a quoted line break": Nasty('a,b\n"c\nd","e\nf,g\n'),
    "opening right before the end": Nasty('a,b\nc,d\ne,"'),
    "closing right before the end": Nasty('a,b\nc,d\n"e","f"'),
    "doubled right before the end": Nasty('a,b\nc,d\ne,"f""'),
    "one on every line": Nasty("a,b\n" + 'c,"d\n' * 30),
    # Cells
    "at the limit": Nasty(
        f'a,b\n"{LIMIT}",c\n"{LIMIT[1:]}""",d\n"{LIMIT}x",e\n{LIMIT}xxx,f\n"{"é" * 100}",g\n"{"é" * 101}",h\n'
    ),
    "many lines at the limit": Nasty('a,b\n"' + "\n" * MAX_CELL + '",c\n"' + "\n" * (MAX_CELL + 1) + '",d\n'),
    "NUL": Nasty("a,b\n\0,c\0d\n\"\0\",e\n" + "f,g\n" * 20),
    "control characters": Nasty("a,b\n\x1a,\x1b\n\x1c,\x1f\n\"\x1aa\",\x1ab\n"),
    "escape codes as text": Nasty('a,b\n"\x1ab\nc","\x1ac,"\n\x1aa,\x1ae\n'),
    # Delimiters
    "tabs": Nasty("a\tb\n c\t\n\t\td\n\"e\tf\"\tg\n", Dialect(delimiter="\t")),
    "pipes": Nasty("a|b\nc|\"d|e\"\nf,g|h\n", Dialect(delimiter="|")),
    "semicolons": Nasty("a;b\n1,5;\"2;5\"\n;\n", Dialect(delimiter=";")),
    "a delimiter of three bytes": Nasty("a→b\nc→\"d→e\"\n→→→\n", Dialect(delimiter="→")),
    # Layout
    "header on line 4": Nasty("Report\n\"May\n\na,b\nc,d\n", Dialect(header_line=4)),
    "header over two lines": Nasty('"a\nb",c\nd,e\n'),
    "300 columns": Nasty(lines(",".join(WIDE), ",".join(WIDE), ",".join(WIDE[:-1]), ",".join([*WIDE, "x"]))),
    "one column": Nasty("a\nb\n\n\"\"\n \nc\n"),
    "blank lines": Nasty("a,b\n\n\n,\n\nc,d\n\n\n"),
    "white lines": Nasty("a,b\n \n\t\n\u3000,\xa0\n\" \n\",\nc,d\n"),
    "ragged both ways": Nasty("a,b,c\n1\n1,2\n1,2,3\n1,2,3,\n1,2,3,4\n1,2,3,, \n,\n1,2,3,,,5\n"),
    "sep line": Nasty("sep=;\na;b\nc;d\n", Dialect(delimiter=";", header_line=2)),
}  # fmt: skip

ON_DISK = {
    "cr_line_ends.csv": Dialect(),
    "mixed_line_ends.csv": Dialect(),
    "blank_lines_between.csv": Dialect(),
    "doubled_quotes.csv": Dialect(),
    "line_breaks_in_cells.csv": Dialect(),
    "nul_bytes.csv": Dialect(),
    "ragged_rows.csv": Dialect(),
    "semicolons.csv": Dialect(delimiter=";"),
    "text_after_quote_on_line_2.csv": Dialect(),
    "three_hundred_columns.csv": Dialect(),
    "unclosed_quote_on_line_3.csv": Dialect(),
    "utf-8_with_mark.csv": Dialect(),
    "utf-16_with_mark.csv": Dialect(),
    "windows-1251.csv": Dialect("windows-1251"),
}


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("customers.csv", content)
    return target.getvalue()


PACKINGS: dict[str, Callable[[bytes], bytes]] = {"as it is": bytes, "gzip": gzip.compress, "zip": zipped}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_file_is_read_as_its_text(name: str, packing: str, tmp_path: Path) -> None:
    """rules 1.2 to 1.4"""
    nasty = NASTY[name]
    upload = tmp_path / "upload"
    upload.write_bytes(PACKINGS[packing](nasty.content))
    assert_read(upload, nasty.dialect, nasty.text)


@pytest.mark.parametrize("name", ON_DISK)
def test_a_file_of_the_collection_is_read_as_its_text(name: str, tmp_path: Path) -> None:
    """rules 1.3, 1.4"""
    content, dialect = (DATA / name).read_bytes(), ON_DISK[name]
    codec = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else dialect.encoding
    assert_read(DATA / name, dialect, content.decode(codec).removeprefix("\ufeff"), tmp_path)


def assert_read(upload: Path, dialect: Dialect, text: str, folder: Path | None = None) -> None:
    """At every block size, and from the end of every block on, the records and lines are the grammar's."""
    work = (folder or upload.parent) / "work"
    make_work_file(upload, work, dialect.encoding, WHOLE)
    assert work.read_bytes().decode() == text
    header = read_header(work, dialect, MAX_CELL)
    at = 0
    for _ in range(dialect.header_line - 1):
        at = grammar.next_line(text, at)
    first, *records = grammar.read(text, dialect, MAX_CELL, at)
    assert list(header.cells) == first.cells
    columns = len(first.cells)
    expected = [grammar.row(number, record, columns) for number, record in enumerate(records, 1)]

    def found(start: Position, block_bytes: int) -> list[tuple[object, ...]]:
        return [
            row
            for block in read_blocks(work, dialect, columns, start, block_bytes, MAX_CELL)
            for row in block.rows.rows()
        ]

    for block_bytes in BLOCK_SIZES:
        done = 0
        for block in read_blocks(work, dialect, columns, header.next, block_bytes, MAX_CELL):
            assert block.rows.rows() == expected[done : done + block.rows.height]
            done += block.rows.height
            assert found(block.next, WHOLE) == expected[done:], (
                f"from the block of {block_bytes} bytes after row {done}"
            )
        assert done == len(expected)
