"""What the first megabyte shows (product 2), on files whose names say what is wrong with them."""

import gzip
import io
from pathlib import Path

import pytest

from cdpweb.reading.blocks import Position, read_blocks, read_header
from cdpweb.reading.errors import BadEncoding, FileRefused
from cdpweb.reading.glance import Glance, glance
from cdpweb.reading.workfile import write_work_file

FILES = Path(__file__).parents[1] / "data"
LIMIT = 1 << 30
MAX_CELL_BYTES = 1 << 20


def look(path: Path, **chosen: object) -> Glance:
    return glance(path, max_unpacked_bytes=LIMIT, max_cell_bytes=MAX_CELL_BYTES, **chosen)  # type: ignore[arg-type]


def cells(seen: Glance) -> list[tuple[str | None, ...]]:
    return [row[4:] for row in seen.rows.rows()]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("empty", "empty_file", "empty"),
        ("header_only", "no_records", "line 1"),
        ("blank_lines_only", "no_header", "Line 1,"),
        ("windows-1251", "bad_encoding", "windows-1251"),
        ("one_bad_byte_on_line_3", "bad_encoding", "on line 3,"),
        ("utf-16_without_mark", "bad_encoding", "utf-16-le"),
        ("spreadsheet_xls", "spreadsheet", "Save As"),
        ("web_page", "web_page", "web page"),
        ("binary", "bad_encoding", "byte 129"),
    ],
)
def test_refused_files(name: str, code: str, said: str) -> None:
    """issue 2, bad input: what is wrong, where, what to do."""
    with pytest.raises(FileRefused) as refused:
        look(FILES / f"{name}.csv")
    assert (refused.value.code, said in refused.value.sentence) == (code, True), refused.value.sentence


ANN, BOB = ("ann@example.com", "Ann"), ("bob@example.com", "Bob")
READ = {
    "utf-8_with_mark": [("jürgen@example.com", "Jürgen")],
    "utf-16_with_mark": [("jürgen@example.com", "Jürgen")],
    "nul_bytes": [("ann@example.com", "A\x00nn"), BOB],
    "unclosed_quote_on_line_3": [ANN, (None, None), ("cid@example.com", "Cid")],
    "text_after_quote_on_line_2": [(None, None), BOB],
    "ragged_rows": [
        ("ann@example.com", "Ann", None),
        ("bob@example.com", "Bob", "Bell"),
        ("cid@example.com", "Cid", "Cole"),
    ],
    "semicolons": [ANN],
    "one_column": [("ann@example.com",), ("bob@example.com",)],
    "separator_line": [("ann@example.com", "Ann, Anna")],
    "blank_line_above_header": [ANN],
    "cr_line_ends": [ANN, BOB],
    "mixed_line_ends": [ANN, BOB, ("cid@example.com", "Cid")],
    "line_breaks_in_cells": [
        ("ann@example.com", "first\r\nsecond"),
        ("bob@example.com", "a\rb\nc"),
        ("cid@example.com", "none"),
    ],
    "blank_lines_between": [ANN, ("", None), ("", ""), ("  ", "\t"), BOB, ("", None)],
    "three_hundred_columns": [tuple(str(number) for number in range(300))],
    "doubled_quotes": [("ann@example.com", 'Ann "Annie" B.'), ("bob@example.com", 'Bob "Bobby" C.')],
}


@pytest.mark.parametrize("name", READ)
def test_a_glance_shows_what_will_be_imported(name: str, tmp_path: Path) -> None:
    """product 2: preview and worker read the file through one and the same reader."""
    path = FILES / f"{name}.csv"
    seen = look(path)
    assert cells(seen) == READ[name]
    assert (seen.is_whole, seen.approximate_records, seen.doubt) == (True, len(READ[name]), None)
    work = tmp_path / "work"
    with path.open("rb") as file:
        write_work_file(file, work, seen.dialect.encoding)
    header = read_header(work, seen.dialect, MAX_CELL_BYTES)
    assert header == seen.header
    (block,) = read_blocks(work, seen.dialect, len(header.cells), header.next, LIMIT, MAX_CELL_BYTES)
    assert block.rows.equals(seen.rows)


@pytest.mark.parametrize(
    ("name", "lines", "faults"),
    [
        ("unclosed_quote_on_line_3", [2, 3, 4], [None, "malformed_record", None]),
        ("text_after_quote_on_line_2", [2, 3], ["malformed_record", None]),
        ("ragged_rows", [2, 3, 4], ["too_few_cells", "too_many_cells", None]),
        ("line_breaks_in_cells", [2, 4, 7], [None, None, None]),
        ("blank_line_above_header", [3], [None]),
        ("separator_line", [3], [None]),
        ("mixed_line_ends", [2, 3, 4], [None, None, None]),
    ],
)
def test_lines_and_faults(name: str, lines: list[int], faults: list[str | None]) -> None:
    """rules 1.4: line numbers are those of the original file."""
    rows = look(FILES / f"{name}.csv").rows
    assert (rows["line"].to_list(), rows["fault"].to_list()) == (lines, faults)


def test_what_is_chosen_is_obeyed() -> None:
    """rules 1.3, 1.4: encoding, delimiter, quote and header line, over what was detected."""
    assert look(FILES / "windows-1251.csv", encoding="windows-1251").rows["c1"].to_list()[0] == "Иванов"
    seen = look(FILES / "title_above_header.csv", header_line=3)
    assert (seen.header.cells, cells(seen)) == (("Email", "FirstName"), [ANN])
    assert look(FILES / "doubled_quotes.csv", quote="").rows["c1"].to_list()[0] == '"Ann ""Annie"" B."'


def test_the_wrong_delimiter_is_doubted() -> None:
    """issue 2, bad input: a one-column file with the wrong delimiter."""
    seen = look(FILES / "semicolons.csv", delimiter=",")
    assert seen.header.cells == ("Email;FirstName",)
    assert seen.doubt is not None


def test_the_detected_encoding_comes_with_samples() -> None:
    """rules 1.3"""
    with pytest.raises(BadEncoding) as refused:
        look(FILES / "windows-1251.csv")
    assert refused.value.samples[0] == "Email;Фамилия;Имя"


def test_columns_with_values() -> None:
    """rules 1.5: an empty column is one without any value."""
    path = FILES / "blank_lines_between.csv"
    assert look(path).filled == {0, 1}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_long_file_is_looked_at_only_at_its_beginning(pack: type[bytes], tmp_path: Path) -> None:
    """product 2: the first screen comes from the first megabyte; records are guessed, and whole."""
    path = tmp_path / "stored"
    row = 'ann{0:07}@example.com,"Ann\r\n""A"" {0:07}",\r\n'
    path.write_bytes(pack(("Email,Name,Fax\r\n" + "".join(row.format(number) for number in range(60_000))).encode()))
    for head_bytes in (5_000, 5_001, 5_010, 5_020, 5_030, 5_035, 5_040, 1 << 20):
        seen = look(path, head_bytes=head_bytes)
        assert not seen.is_whole
        assert seen.rows["fault"].null_count() == seen.rows.height > 80
        assert cells(seen)[-1][1] == f'Ann\r\n"A" {seen.rows.height - 1:07}'
        assert seen.filled == {0, 1}
    assert 50_000 < seen.approximate_records < 70_000


def test_a_long_file_without_a_record_in_sight(tmp_path: Path) -> None:
    """A header as long as the sample is cut off: no sentence about missing records."""
    path = tmp_path / "stored"
    path.write_bytes(b"Email," + b"x" * 200 + b"\nann@example.com,y\n" * 10)
    assert look(path, head_bytes=100).rows.height == 0


def test_positions_of_a_work_file_hold_after_transcoding(tmp_path: Path) -> None:
    """engine: a byte offset in the work file is a checkpoint."""
    text = "Email,Name\n" + "".join(f"é{number}@example.com,山\n" for number in range(100))
    written = write_work_file(io.BytesIO(text.encode("utf-16")), tmp_path / "work", "utf-8")
    dialect = look(written.path).dialect
    start = read_header(written.path, dialect, MAX_CELL_BYTES).next
    first, *_ = read_blocks(written.path, dialect, 2, start, 500, MAX_CELL_BYTES)
    stored = Position(offset=first.next.offset, record=first.next.record, line=first.next.line)
    (rest,) = read_blocks(written.path, dialect, 2, stored, LIMIT, MAX_CELL_BYTES)
    assert rest.rows["c0"][0] == f"é{first.rows.height}@example.com"
    assert rest.next.offset == written.size_bytes
