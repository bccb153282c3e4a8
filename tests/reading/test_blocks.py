"""Reading blocks is the grammar of rules 1.4, wherever a block begins and however large it is."""

import collections
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdpweb.reading import flat
from cdpweb.reading.blocks import Block, Position, blocks_of, read_blocks
from cdpweb.reading.dialect import Dialect
from cdpweb.reading.errors import FileRefused
from tests.reading import grammar

START = Position(0, 1, 1)
LARGE = 1 << 20

NASTY = ["\r", "\n", "\r\n", '"', '""', ",", ";", "\t", "'", " ", "a", "b", "1", "é", "§", "山", "🙂", "\x00", "\u3000"]
SENTINELS = ["\x1a", "\x1b", "\x1c", "\x1aa", "\x1ab", "\x1ac", "\x1f", "\x85", "\u2028", "\ufeff"]
QUOTED = ['"a"', '"a,b"', '"a""b"', '"x\r\ny"', '"\n"', '""', '"""', ',"', '",', '"\n', "\n\n"]

texts = st.lists(st.sampled_from(NASTY + SENTINELS + QUOTED), max_size=40).map("".join)
regular_cells = st.lists(st.sampled_from(NASTY + SENTINELS), max_size=4).map("".join)
dialects = st.sampled_from(
    [
        Dialect(),
        Dialect(delimiter=";"),
        Dialect(delimiter="\t"),
        Dialect(quote=""),
        Dialect(quote="'"),
        Dialect(delimiter="§"),
        Dialect(delimiter="§", quote="é"),
        Dialect(delimiter="a", quote="b"),
        Dialect(delimiter="\x1a"),
        Dialect(delimiter=" ", quote="\x1a"),
        Dialect(delimiter="1", quote="山"),
    ]
)
ends = st.sampled_from(["\n", "\r\n", "\r"])
block_sizes = st.sampled_from([1, 2, 3, 7, 20, LARGE])
cell_limits = st.sampled_from([0, 1, 3, 8, LARGE])


def blocks(text: str, dialect: Dialect, columns: int, start: Position, block_bytes: int, max_cell: int) -> list[Block]:
    return list(blocks_of(io.BytesIO(text.encode()), dialect, columns, start, block_bytes, max_cell))


def rows(read: list[Block]) -> list[tuple[object, ...]]:
    return [row for block in read for row in block.rows.rows()]


def expected(text: str, dialect: Dialect, columns: int, max_cell: int) -> list[tuple[object, ...]]:
    records = grammar.read(text, dialect, max_cell)
    return [grammar.row(number, record, columns) for number, record in enumerate(records, 1)]


@given(
    texts, dialects, st.integers(1, 4), st.sampled_from([1, 2, 3, 7, 20, LARGE]), st.sampled_from([0, 1, 3, 8, LARGE])
)
@example('\r""', Dialect(), 1, 3, 5)
@example('"a""b"', Dialect(), 1, 7, 3)
@example('a,"b\r', Dialect(), 2, LARGE, LARGE)
@example('"a\r"\n"b', Dialect(), 1, 1, LARGE)
@example('"""\r\n"",""', Dialect(), 2, 3, 1)
def test_blocks_are_the_grammar(text: str, dialect: Dialect, columns: int, block_bytes: int, max_cell: int) -> None:
    """rules 1.4: the same records, lines, faults and cells at every block size."""
    assert rows(blocks(text, dialect, columns, START, block_bytes, max_cell)) == expected(
        text, dialect, columns, max_cell
    )


@given(st.lists(st.lists(regular_cells, min_size=1, max_size=4), max_size=8), ends, st.data())
def test_written_cells_are_read_back(table: list[list[str]], end: str, data: st.DataObject) -> None:
    """rules 1.4: a well-formed file, every cell quoted or not as a writer might, gives its cells back exactly."""
    lines = []
    for cells in table:
        must = [any(c in cell for c in ',"\r\n') or data.draw(st.booleans()) for cell in cells]
        lines.append(",".join('"' + c.replace('"', '""') + '"' if q else c for c, q in zip(cells, must, strict=True)))
    text = "".join(line + end for line in lines)
    read = blocks(text, Dialect(), 4, START, data.draw(st.sampled_from([1, 30, LARGE])), LARGE)
    assert [tuple(c for c in row[4:] if c is not None) for row in rows(read)] == [tuple(cells) for cells in table]


@given(texts, dialects, st.sampled_from([1, 5, 17]), st.sampled_from([2, LARGE]))
@settings(max_examples=50)
def test_reading_restarts_at_every_position(text: str, dialect: Dialect, block_bytes: int, max_cell: int) -> None:
    """rules 1.4: from each block's end on, the rest is read as if nothing had been interrupted."""
    read = blocks(text, dialect, 2, START, block_bytes, max_cell)
    whole = rows(read)
    for number, block in enumerate(read, 1):
        rest = blocks(text, dialect, 2, block.next, LARGE, max_cell)
        assert rows(rest) == whole[sum(one.rows.height for one in read[:number]) :]
    records = grammar.read(text, dialect, max_cell)
    if read and block_bytes == 1:
        assert [block.next.offset for block in read[:-1]] == [record.offset for record in records[1:]]
        assert [block.rows.height for block in read] == [1] * len(records)


@given(texts, dialects)
@settings(max_examples=50)
def test_both_readers_write_the_same_rows(text: str, dialect: Dialect) -> None:
    """rules 1.4: the reader that takes a stretch at once and the one that goes by record agree."""
    whole = rows(blocks(text, dialect, 3, START, LARGE, LARGE))
    fast, flat.Flattener._regular = flat.Flattener._regular, lambda self, text: None  # type: ignore[method-assign, assignment]
    try:
        assert rows(blocks(text, dialect, 3, START, LARGE, LARGE)) == whole
    finally:
        flat.Flattener._regular = fast  # type: ignore[method-assign]


def one(text: str, columns: int = 2, dialect: Dialect | None = None) -> list[tuple[object, ...]]:
    return rows(blocks(text, dialect or Dialect(), columns, START, LARGE, LARGE))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    """rules 1.4: LF, CR LF, CR; the last line end starts no record, an empty line is a blank one."""
    assert one(f"a,b{end}c,d{end}") == [(1, 1, None, False, "a", "b"), (2, 2, None, False, "c", "d")]
    assert one(f"a,b{end}{end}") == [(1, 1, None, False, "a", "b"), (2, 2, None, True, "", None)]
    assert one(f"a,b{end}c,d") == one(f"a,b{end}c,d{end}")


def test_mixed_line_ends() -> None:
    """rules 1.4: line ends may be mixed, also with each other's halves side by side."""
    assert [row[1:] for row in one("a\rb\nc\r\nd\n\re", 1)] == [
        (1, None, False, "a"),
        (2, None, False, "b"),
        (3, None, False, "c"),
        (4, None, False, "d"),
        (5, None, True, ""),
        (6, None, False, "e"),
    ]


def test_line_ends_in_cells_stay_as_they_are() -> None:
    """rules 1.4: what stands between quotes is kept; lines are counted as an editor counts them."""
    assert one('"a\r\nb","c\rd"\r\ne,"f\n\n"\ng,h') == [
        (1, 1, None, False, "a\r\nb", "c\rd"),
        (2, 4, None, False, "e", "f\n\n"),
        (3, 7, None, False, "g", "h"),
    ]


def test_quotes() -> None:
    """rules 1.4: doubled within a quoted cell, a plain character within a bare one."""
    assert one('"a""b",""""\n5" x,a"b"\n"",b') == [
        (1, 1, None, False, 'a"b', '"'),
        (2, 2, None, False, '5" x', 'a"b"'),
        (3, 3, None, False, "", "b"),
    ]


@pytest.mark.parametrize("line", ['a,"b', '"a"b,c', '"a" ,b', 'a,"b""', '"a,b'])
def test_a_malformed_record_costs_its_own_line(line: str) -> None:
    """rules 1.4: reported where the quote opened, and reading goes on at the line after that one."""
    assert one(f"x,y\n{line}\nc,d\n") == [
        (1, 1, None, False, "x", "y"),
        (2, 2, "malformed_record", False, None, None),
        (3, 3, None, False, "c", "d"),
    ]


def test_a_malformed_record_takes_what_precedes_its_quote() -> None:
    """rules 1.4: the quote that went wrong opened on line 3, so line 4 is the next record."""
    assert one('"a\nb\nc","d"e\nf,g') == [
        (1, 3, "malformed_record", False, None, None),
        (2, 4, None, False, "f", "g"),
    ]


def test_a_quoted_cell_may_have_max_cell_bytes_and_no_more() -> None:
    """rules 1.4: MAX_CELL_BYTES counts the bytes between the quotes, as written."""
    read = [rows(blocks(text, Dialect(), 1, START, LARGE, 4)) for text in ('"éé"', '"ééa"', '"a"""""', "éééé")]
    assert [row[0][2] for row in read] == [None, "malformed_record", "malformed_record", None]


def test_ragged_rows() -> None:
    """rules 2.3: surplus cells that are all empty are ignored; too few and too many are named."""
    assert [row[2:] for row in one("a,b,\na,b, ,\u3000\na,b,c\na\n,\n,,,\n\n \t")] == [
        (None, False, "a", "b"),
        (None, False, "a", "b"),
        ("too_many_cells", False, "a", "b"),
        ("too_few_cells", False, "a", None),
        (None, True, "", ""),
        (None, True, "", ""),
        (None, True, "", None),
        (None, True, " \t", None),
    ]


def test_white_space_between_quotes_is_empty_too() -> None:
    """rules 2.1: empty means white space only, however it is written."""
    tabs = Dialect(delimiter="\t")
    assert one('"\t \r\n"\t"\n"', 2, tabs) == [(1, 1, None, True, "\t \r\n", "\n")]
    assert one('a\tb\t"\t"', 2, tabs) == [(1, 1, None, False, "a", "b")]


def test_nul_stays_in_its_cell() -> None:
    """rules 1.4: NUL is for the cell's own rule to judge."""
    assert one("a\x00,\x00") == [(1, 1, None, False, "a\x00", "\x00")]


def test_columns_and_their_types() -> None:
    (block,) = blocks("a,b\n", Dialect(), 2, START, LARGE, LARGE)
    assert block.rows.schema == {
        "record": pl.UInt32,
        "line": pl.UInt32,
        "fault": pl.String,
        "blank": pl.Boolean,
        "c0": pl.String,
        "c1": pl.String,
    }


def test_three_hundred_columns() -> None:
    cells = [f"v{number}" for number in range(300)]
    assert one(",".join(cells) + "\n", 300) == [(1, 1, None, False, *cells)]


def test_a_large_file_reads_alike_in_any_blocks(tmp_path: Path) -> None:
    """rules 1.4: pieces, blocks and both readers meet in one file of every kind of record; positions hold."""
    kinds = ["{0},b\n", '"{0}","b"\r\n', '{0},"b\n,""c"\n', '5" {0},b\r', '{0},"b\n', "\n", "{0},b,,c\n", "{0}\n"]
    text = "".join(kinds[(number * 7 + number // 13) % len(kinds)].format(number) for number in range(60_000))
    path = tmp_path / "work.csv"
    path.write_bytes(text.encode())
    whole = pl.concat(block.rows for block in read_blocks(path, Dialect(), 2, START, 1 << 30, LARGE))
    assert whole.rows()[:500] == expected(text[:8_000], Dialect(), 2, LARGE)[:500]
    assert whole["fault"].value_counts().height == 4
    read = list(read_blocks(path, Dialect(), 2, START, 100_000, LARGE))
    assert pl.concat(block.rows for block in read).equals(whole)
    middle = read[3].next
    rest = pl.concat(block.rows for block in read_blocks(path, Dialect(), 2, middle, 70_000, LARGE))
    assert rest.equals(whole[middle.record - 1 :])


@pytest.mark.parametrize("text", ['"' + "a,b\n" * 300_000, 'a,"b\n' * 100_000, '"a""\n' * 100_000, '"x\n"y' * 100_000])
def test_unclosed_quotes_take_linear_time(text: str, tmp_path: Path) -> None:
    """rules 1.4: one unclosed quote, or one on every line, neither swallows the file nor slows it to a crawl."""
    path = tmp_path / "work.csv"
    path.write_text(text, newline="")
    read = pl.concat(block.rows for block in read_blocks(path, Dialect(), 2, START, LARGE, LARGE))
    assert read.height >= 50_000
    assert read["line"].is_sorted()


def test_a_cell_of_five_megabytes(tmp_path: Path) -> None:
    """rules 1.4: too long between quotes, hence malformed; the next line is read."""
    path = tmp_path / "work.csv"
    path.write_text(f'a,"{"x" * 5_000_000}"\nb,c\nd,{"y" * 5_000_000}\n')
    read = pl.concat(block.rows for block in read_blocks(path, Dialect(), 2, START, 4096, 1_000_000))
    assert read["fault"].to_list() == ["malformed_record", None, None]
    assert read["c1"].str.len_bytes().to_list() == [None, 1, 5_000_000]


@pytest.mark.parametrize("block_bytes", [1, LARGE])
def test_a_record_as_long_as_a_file_is_refused_with_its_place(
    monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(flat, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(flat, "PIECE_BYTES", 200)
    text = "a,b\n" + '"c\nd",e\n' + "x" * 1001 + "\n"
    read = blocks_of(io.BytesIO(text.encode()), Dialect(), 2, START, block_bytes, LARGE)
    with pytest.raises(FileRefused, match="Row 3, from line 4 on") as refused:
        collections.deque(read, maxlen=0)
    assert refused.value.code == "record_too_long"


def test_a_record_as_long_as_allowed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(flat, "PIECE_BYTES", 200)
    assert one("x" * 999 + "\n", 1) == [(1, 1, None, False, "x" * 999)]
