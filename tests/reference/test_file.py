"""The grammar of a file (rules 1.4): the reference and the engine read the same records."""

from typing import Any

import pytest

from .importers import Importer
from .importing import run


def emails(importer: Importer, content: str, **said: Any) -> list[tuple[int, int, str]]:
    """Record, line and the email made, or the outcome, of each row."""
    result = run(importer, content, **said)
    made = {
        row.record: result.state.customers[row.customer].identifiers["Email"] for row in result.rows if row.customer
    }
    return [(row.record, row.line, str(made.get(row.record, row.outcome.value))) for row in result.rows]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(importer: Importer, end: str) -> None:
    """rules 1.4: LF, CR LF and CR end a line."""
    content = end.join(["Email", "a@b.org", "c@b.org", ""])
    assert emails(importer, content) == [(1, 2, "a@b.org"), (2, 3, "c@b.org")]


def test_mixed_line_ends(importer: Importer) -> None:
    """rules 1.4: line ends may be mixed, also inside a quoted cell; an end of two characters is one line."""
    content = 'Email,LastName\ra@b.org,"A\r\nB\rC\nD"\r\nb@b.org,E\n\rc@b.org,F'
    assert emails(importer, content) == [(1, 2, "a@b.org"), (2, 6, "b@b.org"), (3, 7, "blank"), (4, 8, "c@b.org")]


def test_last_line_end_starts_no_record(importer: Importer) -> None:
    """rules 1.4: an empty line is a blank record, also at the end of the file; the last line end starts none."""
    assert emails(importer, "Email\na@b.org\n\n") == [(1, 2, "a@b.org"), (2, 3, "blank")]
    assert emails(importer, "Email\n\na@b.org") == [(1, 2, "blank"), (2, 3, "a@b.org")]


def test_quotes(importer: Importer) -> None:
    """rules 1.4: RFC 4180; a quote inside an unquoted cell is a character."""
    content = 'Email,LastName\na@b.org,"O""Neil, ""Jr"""\nb@b.org,5" x\nc@b.org, "x"\n"d@b.org",""\n'
    result = run(importer, content)
    assert [result.who(record).fields.get("LastName") for record in (1, 2, 3, 4)] == [
        'O"Neil, "Jr"',
        '5" x',
        '"x"',
        None,
    ]


def test_any_delimiter_and_quote(importer: Importer) -> None:
    """rules 1.4: any one-character delimiter and quote."""
    result = run(importer, "Email|LastName\na@b.org|'A|B'\n", delimiter="|", quote="'")
    assert result.who(1).fields == {"LastName": "A|B"}


@pytest.mark.parametrize(
    ("bad", "quote_line"),
    [('b@b.org,"x" y', 3), ('b@b.org,"x"y"', 3), ('"b@b.org,x', 3), ('"b@b.org"z,"x\ny"', 3), ('"b\n@b.org","x"y', 4)],
)
def test_malformed(importer: Importer, bad: str, quote_line: int) -> None:
    """rules 1.4: the record is reported where the quote opened, and reading goes on at the line after that one."""
    result = run(importer, f"Email,LastName\na@b.org,A\n{bad}\nc@b.org,C\n")
    malformed = [problem for problem in result.problems if problem.code == "malformed_record"]
    assert [(one.record, one.line) for one in malformed] == [(2, quote_line)]
    assert (result.rows[1].line, result.outcomes[1]) == (quote_line, "rejected")
    assert result.rows[-1].line == 4 + bad.count("\n")
    assert result.who(len(result.rows)).identifiers == {"Email": "c@b.org"}


def test_unclosed_quote_swallows_nothing(importer: Importer) -> None:
    """rules 1.4: a quote that the file ends in costs one line."""
    content = 'Email,LastName\na@b.org,"A\nb@b.org,B\nc@b.org,"C\nc,C\n'
    assert emails(importer, content) == [
        (1, 2, "rejected"), (2, 3, "b@b.org"), (3, 4, "rejected"), (4, 5, "rejected"),
    ]  # fmt: skip


def test_malformed_line_is_that_of_the_quote(importer: Importer) -> None:
    """rules 1.4: a bad quote after a good cell of two lines is reported at its own line; the good line is done with."""
    content = 'Email,LastName,FirstName\na@b.org,"A\nB","C" D\nb@b.org,B,B\n'
    result = run(importer, content)
    assert [(one.line, one.code) for one in result.problems] == [(3, "malformed_record")]
    assert [(row.line, row.outcome.value) for row in result.rows] == [(3, "rejected"), (4, "created")]


def test_cell_too_large(importer: Importer) -> None:
    """rules 1.4: a quoted cell over MAX_CELL_BYTES is malformed; one of just that size is not."""
    content = f'Email,CustomFieldNote\na@b.org,"{"x" * 50}"\nb@b.org,"{"x" * 51}"\nc@b.org,"é{"x" * 48}"\n'
    result = run(importer, content, max_cell_bytes=50)
    assert result.outcomes == ["created", "rejected", "created"]


def test_separator_line(importer: Importer) -> None:
    """rules 1.4: a first line sep=; is obeyed and no record."""
    assert emails(importer, "sep=;\nEmail;LastName\na@b.org;A\n", delimiter=";") == [(1, 3, "a@b.org")]


def test_header_line(importer: Importer) -> None:
    """rules 1.4: the header is the chosen line; records count from 1 after it, lines are those of the file."""
    content = 'Report "May\n\nEmail,LastName\na@b.org,A\n'
    assert emails(importer, content, header_line=3) == [(1, 4, "a@b.org")]


def test_nul(importer: Importer) -> None:
    """rules 1.4: NUL makes its cell invalid, and only that."""
    result = run(importer, "Email,LastName,FirstName\na@b.org,A\0B,C\nb\0@b.org,B,B\n")
    assert result.who(1).fields == {"FirstName": "C"}
    assert result.codes_of(1) == ["nul_in_cell"]
    assert (result.outcomes[1], result.codes_of(2)) == ("rejected", ["nul_in_cell", "no_identifier"])


def test_problems_quote_a_guarded_cell_without_its_guard(importer: Importer) -> None:
    """rules 8.2: reading removes the apostrophe, whatever is wrong with the cell."""
    result = run(importer, "Email,LastName\na@b.org,'=A\0B\n")
    assert [(one.code, one.value) for one in result.problems] == [("nul_in_cell", "=A␀B")]


def test_ragged(importer: Importer) -> None:
    """rules 2.3: surplus cells that are all empty are ignored, others reject; missing cells are absent."""
    content = "Email,LastName,FirstName\na@b.org,A,A, ,\nb@b.org,B,B,x\nc@b.org,C\nd@b.org\n"
    result = run(importer, content)
    assert result.outcomes == ["created", "rejected", "created", "created"]
    assert [result.codes_of(record) for record in (1, 2, 3, 4)] == [
        [], ["too_many_cells"], ["too_few_cells"], ["too_few_cells"],
    ]  # fmt: skip


def test_missing_cell_is_absent(importer: Importer) -> None:
    """rules 2.1: a cell missing in a short row touches nothing, though empty cells erase."""
    made = run(importer, "Email,LastName\na@b.org,A\nA@b.org\na@b.org,\n", empty_cells="erase")
    assert made.outcomes == ["created", "unchanged", "updated"]
    assert made.who(3).fields == {}


def test_blank(importer: Importer) -> None:
    """rules 4: blank when every cell of the record is empty, skipped columns included."""
    content = "Email,Remark,LastName\n,,\n \t,\u00a0,\n,x,\n,,,\n,,,x\n\n,\n"
    result = run(importer, content)
    assert result.outcomes == ["blank", "blank", "rejected", "blank", "rejected", "blank", "blank"]
    assert result.codes == ["no_identifier", "too_many_cells"]
    assert result.report.counts == {
        "created": 0, "updated": 0, "unchanged": 0, "rejected": 2, "blank": 5, "rows_read": 7,
    }  # fmt: skip
