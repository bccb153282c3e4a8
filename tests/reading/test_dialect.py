"""The dialect: what it may be, how it is stored, what a file's beginning suggests (rules 1.3, 1.4)."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.reading.dialect import Dialect, delimiter_named, in_words, quote_named
from cdpweb.reading.errors import FileRefused
from cdpweb.reading.sniff import SAMPLE_CHARACTERS, doubt, sniff


def test_a_dialect_is_stored_as_plain_values() -> None:
    """architecture: frozen into the task."""
    dialect = Dialect("latin-1", "\t", "", 3)
    assert dialect.encoding == "iso-8859-1"
    assert Dialect.from_json(json.loads(json.dumps(dialect.as_json()))) == dialect


@pytest.mark.parametrize(
    "wrong",
    [
        {"delimiter": ""},
        {"delimiter": ";;"},
        {"delimiter": "\n"},
        {"delimiter": "\ud800"},
        {"quote": "''"},
        {"quote": "\r"},
        {"delimiter": '"'},
        {"header_line": 0},
    ],
)
def test_dialects_that_cannot_be(wrong: dict[str, str]) -> None:
    with pytest.raises(FileRefused) as refused:
        Dialect(**wrong)  # type: ignore[arg-type]
    assert refused.value.code == "bad_dialect"


def test_names_of_characters() -> None:
    assert [delimiter_named(text) for text in ("tab", "\\t", "\t", "Semicolon", ";", "§")] == [
        "\t",
        "\t",
        "\t",
        ";",
        ";",
        "§",
    ]
    assert [quote_named(text) for text in ("none", "", "'")] == ["", "", "'"]
    assert [in_words(character) for character in "\t ;\x1f"] == ["tab", "space", ";", "U+001F"]


@pytest.mark.parametrize(
    ("text", "delimiter", "quote", "columns"),
    [
        ("Email,Name\na@b.c,X\n", ",", '"', 2),
        ("Email;Name;Sum\na@b.c;X, Y;1,5\nb@b.c;Z;2,5\n", ";", '"', 3),
        ("Email\tName\r\na\tb\r\n", "\t", '"', 2),
        ("Email|Name\ra|b\r", "|", '"', 2),
        ("Email:Name\na:b\n", ":", '"', 2),
        ("Email^Name\na^b\n", "^", '"', 2),
        ("Email#Name\na#b\n", "#", '"', 2),
        ("Email\x01Name\na\x01b\n", "\x01", '"', 2),
        ("Email;Phone", ";", '"', 2),
        ('"Email","Name"\n"a","b, c"\n', ",", '"', 2),
        ("'Email';'Name'\n'a';'b;c'\n'd';'e'\n", ";", "'", 2),
        ("Email,Name\na,'t Hooft\nb,O'Neil\n", ",", '"', 2),
        ("Email,Time\na,10:30:00\nb,11:30:00\n", ",", '"', 2),
        ("A|B|C\n1,2|3|4\n1,3|3|4", "|", '"', 3),
        ('Email;Comment\na;"x, y\nz, w"\nb;"p, q"\n', ";", '"', 2),
        ("a\tb\n" + '"x\ty\n' + "1\t2\n" * 20, "\t", '"', 2),
        ('a\tb\n"J" S\ty\n"K" S\t2\n3\t4\n', "\t", '"', 2),
        ("Email\na@b.c\nd@e.f\n", ",", '"', 1),
        ("Full name\nAnn Bell\nBob Cole\n", ",", '"', 1),
        ("", ",", '"', 1),
        ("\n\n", ",", '"', 1),
    ],
)
def test_what_a_beginning_suggests(text: str, delimiter: str, quote: str, columns: int) -> None:
    """product 2: delimiter and quote are detected, and may be changed."""
    sniffed = sniff(text)
    assert (sniffed.delimiter, sniffed.quote, sniffed.columns) == (delimiter, quote, columns)


@pytest.mark.parametrize(
    ("text", "line"),
    [("Email,Name\n", 1), ("\r\n \nEmail,Name\n", 3), ("sep=,\nEmail,Name\n", 2), ("sep=,\r\n\r\nEmail,Name\n", 3)],
)
def test_the_header_line_is_the_first_with_anything_on_it(text: str, line: int) -> None:
    """rules 1.4: a first line sep= is obeyed and is no record."""
    assert sniff(text).header_line == line


def test_a_separator_line_is_obeyed() -> None:
    """rules 1.4: even where another delimiter looks likelier."""
    assert sniff("sep=|\nA,B|C\n1,2|3\n4,5|6\n").delimiter == "|"


def test_a_line_that_the_sample_cuts_off_is_not_held_against_a_delimiter() -> None:
    text = "A;B,C\n" + f"1;2{'x' * 400},3\n" * 300
    assert text[:SAMPLE_CHARACTERS].endswith("x")
    assert sniff(text).delimiter == ","


@given(st.text(string.punctuation + string.whitespace + "aé1", max_size=60))
def test_sniffing_never_fails(text: str) -> None:
    """product 7: no input gives a 500."""
    sniffed = sniff(text)
    assert sniffed.columns >= 1
    Dialect(delimiter=sniffed.delimiter, quote=sniffed.quote, header_line=sniffed.header_line)


def test_one_column_under_the_wrong_delimiter_is_doubted() -> None:
    """issue 2: a one-column file with the wrong delimiter."""
    sniffed = sniff("Email;Phone\na;b\n")
    sentence = doubt(Dialect(delimiter=","), ("Email;Phone",), sniffed)
    assert sentence is not None
    assert "“,”" in sentence
    assert "“;”" in sentence
    assert "2 columns" in sentence
    assert doubt(Dialect(delimiter=";"), ("Email", "Phone"), sniffed) is None
    assert doubt(Dialect(), ("Email",), sniff("Email\na\n")) is None
