"""Where the header stands, and what is refused by it (rules 1.4, 1.5)."""

import io
from pathlib import Path

import pytest

from cdpweb.reading import flat
from cdpweb.reading.blocks import Header, Position, header_of, read_header
from cdpweb.reading.dialect import Dialect
from cdpweb.reading.errors import FileRefused

MAX_CELL_BYTES = 1 << 20


def header(text: str, header_line: int = 1, delimiter: str = ",") -> Header:
    dialect = Dialect(delimiter=delimiter, header_line=header_line)
    return header_of(io.BytesIO(text.encode()), dialect, MAX_CELL_BYTES)


def refusal(text: str, header_line: int = 1) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        header(text, header_line)
    return refused.value


def test_the_header_is_the_first_line() -> None:
    """rules 1.4"""
    assert header('Email, First name ,"a,""b"""\r\nx') == Header(
        ("Email", " First name ", 'a,"b"'), 1, Position(30, 1, 2)
    )


def test_the_header_may_be_chosen() -> None:
    """rules 1.4: physical lines are counted, whatever quotes stand on those above."""
    assert header('A "title\r\n\rEmail,Name\nx,y\n', 3) == Header(("Email", "Name"), 3, Position(22, 1, 4))


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
def test_a_separator_line_is_no_header(line: str) -> None:
    """rules 1.4: a first line sep=; is no record."""
    assert header(f"{line}\r\nEmail;Name\r\n", delimiter=";").cells == ("Email", "Name")
    assert header(f"{line}\r\nEmail;Name\r\n", delimiter=";").line == 2


def test_as_many_columns_as_a_spreadsheet_has_and_no_more() -> None:
    """Empty ones at the right are dropped; each named one is asked about."""
    assert len(header("Email" + "," * 16_383).cells) == 16_384
    assert len(header(",".join(f"c{number}" for number in range(2000))).cells) == 2000
    for text, columns in (("Email" + "," * 16_384, "16,385"), (",".join(f"c{n}" for n in range(2001)), "2,001")):
        refused = refusal(f"{text}\nx\n")
        assert refused.code == "too_many_columns"
        assert f"on line 1, has {columns} columns; a file may have 2,000 with a name" in refused.sentence


def test_a_header_over_several_lines() -> None:
    """rules 1.4: line numbers are those of the original file."""
    assert header('Email,"First\r\nname"\nx') == Header(("Email", "First\r\nname"), 1, Position(20, 1, 3))


def test_a_header_longer_than_a_piece() -> None:
    cells = tuple(f"Column{number}" * 40 for number in range(1500))
    assert header(",".join(cells) + "\nx").cells == cells


@pytest.mark.parametrize(
    ("text", "header_line", "code", "said"),
    [
        ("", 1, "empty_file", "empty"),
        ("a,b\nc,d\n", 3, "header_line_missing", "line 3, but the file has 2 lines"),
        ("a,b", 2, "header_line_missing", "line 2, but the file has 1 line."),
        ("sep=;\n", 1, "header_line_missing", "line 2, but the file has 1 line."),
        ("\na,b", 1, "no_header", "Line 1,"),
        ("a\n , \nb", 2, "no_header", "Line 2,"),
        ('a,"b\nc', 1, "header_malformed", "line 1,"),
        ('a,"b\nc","d"e\nc', 1, "header_malformed", "line 2,"),
    ],
)
def test_refused_headers(text: str, header_line: int, code: str, said: str) -> None:
    """product 7: every refusal says what is wrong and where."""
    refused = refusal(text, header_line)
    assert (refused.code, said in refused.sentence) == (code, True)


def test_a_header_as_long_as_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat, "MAX_RECORD_BYTES", 1000)
    assert refusal("x" * 5000).code == "record_too_long"


@pytest.mark.parametrize("text", ["Email,Name", "Email,Name\n", 'Email,"Na\nme"\r\n'])
def test_no_records(text: str, tmp_path: Path) -> None:
    """rules 1.5: a file without a record after the header."""
    path = tmp_path / "work"
    path.write_bytes(text.encode())
    with pytest.raises(FileRefused, match="no rows after it") as refused:
        read_header(path, Dialect(), MAX_CELL_BYTES)
    assert refused.value.code == "no_records"


def test_a_blank_record_is_a_record(tmp_path: Path) -> None:
    """rules 1.4: an empty line is a record, also at the end."""
    path = tmp_path / "work"
    path.write_bytes(b"Email\n\n")
    assert read_header(path, Dialect(), MAX_CELL_BYTES).next == Position(6, 1, 2)
