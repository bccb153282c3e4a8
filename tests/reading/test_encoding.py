"""Encodings offered, detected, decoded; the work file (rules 1.3)."""

import codecs
import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.reading import workfile
from cdpweb.reading.encoding import OFFERED, Decoder, byte_order_mark, detect, looks_binary, offered, python_codec
from cdpweb.reading.errors import BadEncoding, FileRefused
from cdpweb.reading.workfile import make_work_file, transcode, write_work_file

GERMAN = ["Müller", "Schröder", "Groß", "Jäger", "Krüger", "Weiß", "Böhm"]
POLISH = ["Wiśniewski", "Łukaszewicz", "Żółć", "Dąbrowski", "Wójcik"]
RUSSIAN = ["Иванов", "Петров", "Сидорова", "Кузнецов", "Смирнов", "Попов", "Васильев", "Соколова", "Михайлов"]
JAPANESE = ["山田太郎", "佐藤花子", "鈴木一郎", "高橋"]
CHINESE = ["王小明", "李雷", "韩梅梅", "张伟"]
TAIWANESE = ["王小明", "陳美麗", "林志玲", "張偉"]


def table(names: list[str]) -> str:
    rows = (f"user{number}@example.com,{names[number % len(names)]}\r\n" for number in range(40))
    return "Email,LastName\r\n" + "".join(rows)


def read(content: bytes, encoding: str = "utf-8", piece_bytes: int = 1 << 20) -> str:
    sink = io.BytesIO()
    original, workfile.PIECE_BYTES = workfile.PIECE_BYTES, piece_bytes
    try:
        transcode(io.BytesIO(content), sink, encoding)
    finally:
        workfile.PIECE_BYTES = original
    return sink.getvalue().decode()


def refusal(content: bytes, encoding: str = "utf-8", piece_bytes: int = 1 << 20) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(content, encoding, piece_bytes)
    return refused.value


@pytest.mark.parametrize("encoding", [one.codec for one in OFFERED])
@pytest.mark.parametrize("piece_bytes", [1, 3, 1 << 20])
def test_every_offered_encoding_reads_what_it_can_write(encoding: str, piece_bytes: int) -> None:
    """rules 1.3: the chosen encoding, in pieces that cut characters anywhere."""
    codec = python_codec(encoding, b"a\x00" if encoding.startswith("utf") else b"")
    names = GERMAN + POLISH + RUSSIAN + JAPANESE + CHINESE + ["Σωκράτης", "דוד", "อนันต์", "Şahin", "김철수", "🙂"]
    text = table([name for name in names if name.encode(codec, "ignore").decode(codec) == name] or ["Smith"])
    assert read(text.encode(codec), encoding, piece_bytes) == text


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("chosen", ["utf-8", "windows-1251", "utf-16-be"])
def test_a_byte_order_mark_wins(codec: str, chosen: str, tmp_path: Path) -> None:
    """rules 1.3: over the chosen encoding, and it is no part of the text."""
    text = table(RUSSIAN)
    written = write_work_file(io.BytesIO(text.encode(codec)), tmp_path / "work", chosen)
    assert (tmp_path / "work").read_bytes().decode() == text
    assert written.has_mark
    assert written.size_bytes == len(text.encode())
    assert written.encoding == {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32"}[codec]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(codec: str) -> None:
    """rules 1.3: chosen as UTF-16, its byte order is seen; left at UTF-8, it is offered."""
    text = table(GERMAN)
    assert read(text.encode(codec), "utf-16") == text
    refused = refusal(text.encode(codec))
    assert isinstance(refused, BadEncoding)
    assert refused.detected == codec


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("utf-8", RUSSIAN),
        ("windows-1251", RUSSIAN),
        ("cp866", RUSSIAN),
        ("windows-1252", GERMAN),
        ("windows-1250", POLISH),
        ("mac-roman", GERMAN),
        ("shift_jis", JAPANESE),
        ("gb18030", CHINESE),
        ("big5", TAIWANESE),
        ("utf-16-le", RUSSIAN),
    ],
)
def test_detection(encoding: str, names: list[str]) -> None:
    """rules 1.3: the detected encoding, also from a sample that ends within a character."""
    sample = table(names).encode(python_codec(encoding))
    assert detect(sample) == encoding
    assert detect(sample[: len(sample) - 3]) == encoding


def test_detection_of_nothing_in_particular() -> None:
    assert detect(b"") == "utf-8"
    assert detect(b"Email\nann@example.com\n") == "utf-8"
    assert detect(b"\xef\xbb\xbf\xff") == "utf-8"
    assert byte_order_mark(b"\xff\xfe\x00\x00a\x00\x00\x00") == ("utf-32-le", 4)


def test_the_first_bad_byte_is_named_and_the_encoding_offered() -> None:
    """rules 1.3: position, line, detected encoding, samples."""
    text = table(RUSSIAN)
    content = text.encode("cp1251")
    refused = refusal(content)
    assert isinstance(refused, BadEncoding)
    assert (refused.code, refused.encoding, refused.detected) == ("bad_encoding", "utf-8", "windows-1251")
    assert (refused.position, refused.line) == (content.index("Иванов".encode("cp1251")), 2)
    assert refused.samples[0] == text.splitlines()[1]
    assert "byte 35, on line 2" in refused.sentence
    assert "windows-1251" in refused.sentence


@pytest.mark.parametrize("piece_bytes", [1, 2, 5, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "good", "bad"),
    [
        ("utf-8", "é山🙂", b"\xc3("),
        ("utf-8", "é", b"\xff"),
        ("windows-1252", "é", b"\x81"),
        ("shift_jis", "山田", b"\x85\x01"),
        ("gb18030", "山田", b"\xff"),
        ("utf-16-le", "山🙂", b"\x00\xdc"),
    ],
)
def test_where_the_first_bad_byte_is(encoding: str, good: str, bad: bytes, end: str, piece_bytes: int) -> None:
    """rules 1.3: byte position and line of the original file, wherever its pieces are cut."""
    before = f"Email{end}{good}{end}{end}{good}".encode(python_codec(encoding))
    refused = refusal(before + bad + "x\n\n".encode(python_codec(encoding)), encoding, piece_bytes)
    assert isinstance(refused, BadEncoding)
    assert (refused.position, refused.line) == (len(before), 4)


def test_a_character_cut_off_at_the_end_of_the_file() -> None:
    """rules 1.3: the end of the file may be the bad byte."""
    refused = refusal("a\né".encode()[:-1])
    assert isinstance(refused, BadEncoding)
    assert (refused.position, refused.line) == (2, 2)


def test_nothing_is_left_behind_by_a_refusal(tmp_path: Path) -> None:
    """rules 1.1: a work file is there whole or not at all."""
    with pytest.raises(BadEncoding):
        write_work_file(io.BytesIO(b"a" * 3_000_000 + b"\xff"), tmp_path / "work", "utf-8")
    assert list(tmp_path.iterdir()) == []


def test_a_work_file_replaces_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "work"
    for text in (b"older and longer", b"newer"):
        write_work_file(io.BytesIO(text), target, "utf-8")
        assert target.read_bytes() == text
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_a_file_that_is_its_text_takes_no_room_twice(tmp_path: Path) -> None:
    """rules 1.3: UTF-8 without a mark is what it shall become; all else is written anew."""
    stored, target = tmp_path / "stored", tmp_path / "work"
    for content, is_same in (
        (b"Email\nJ\xc3\xbcrgen\n", True),
        (b"\xef\xbb\xbfEmail\nann\n", False),
        (b"Email\n", True),
    ):
        stored.write_bytes(content)
        for _ in range(2):  # a run that was killed may have left one
            make_work_file(stored, target, "utf-8", 1000)
        assert target.samefile(stored) is is_same
        assert target.read_bytes() == content.removeprefix(codecs.BOM_UTF8)
    stored.write_bytes(gzip.compress(b"Email\nann\n"))
    make_work_file(stored, target, "utf-8", 1000)
    assert target.read_bytes() == b"Email\nann\n"


def test_without_second_names_the_text_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """rules 1.3: some file systems know none."""
    monkeypatch.setattr(os, "link", _refused)
    stored, target = tmp_path / "stored", tmp_path / "work"
    stored.write_bytes(b"Email\nann\n")
    make_work_file(stored, target, "utf-8", 1000)
    assert target.read_bytes() == b"Email\nann\n"
    assert not target.samefile(stored)


def _refused(*_: object, **__: object) -> None:
    raise PermissionError


def test_a_file_that_is_no_text_is_refused_as_ever(tmp_path: Path) -> None:
    """rules 1.3, 1.4: seen while it is looked at, or not at all."""
    stored, target = tmp_path / "stored", tmp_path / "work"
    for content in (b"Email\n" + b"a" * 3_000_000 + b"\xff", bytes(range(1, 128)) * 20):
        stored.write_bytes(content)
        with pytest.raises(FileRefused):
            make_work_file(stored, target, "utf-8", 10_000_000)
        assert not target.exists()


@given(st.text(max_size=50), st.integers(1, 7))
def test_utf_8_is_taken_as_it_is(text: str, piece_bytes: int) -> None:
    """rules 1.4: what is in the file is kept, line ends and NUL included."""
    content = text.encode()
    if content and not byte_order_mark(content) and not looks_binary(text):
        assert read(content, piece_bytes=piece_bytes) == text


def test_nul_is_kept_and_a_binary_file_refused() -> None:
    """rules 1.4: NUL is for its cell to answer for; a file full of control characters is no table."""
    assert read(b"Email\na\x00b\n") == "Email\na\x00b\n"
    assert refusal(bytes(range(128)) * 20).code == "binary_content"
    assert refusal(bytes(range(256)) * 20, "iso-8859-1").code == "binary_content"


def test_an_empty_file() -> None:
    assert refusal(b"").code == "empty_file"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF8", "utf-8"),
        (" Windows_1251 ", "windows-1251"),
        ("cp1252", "windows-1252"),
        ("latin-1", "iso-8859-1"),
        ("macintosh", "mac-roman"),
        ("cp932", "shift_jis"),
        ("gbk", "gb18030"),
        ("ascii", "utf-8"),
        *((one.codec, one.codec) for one in OFFERED),
    ],
)
def test_names_of_encodings(name: str, codec: str) -> None:
    assert offered(name) == codec


@pytest.mark.parametrize(
    "name", ["", "klingon", "base64", "rot13", "idna", "unicode_escape", "utf-7", "a\x00b", "é" * 99]
)
def test_names_that_are_no_encoding_here(name: str) -> None:
    """product 7: refused with what may be chosen; codecs that are no encoding of a file are not."""
    with pytest.raises(FileRefused, match="utf-8, utf-16") as refused:
        offered(name)
    assert refused.value.code == "unknown_encoding"


def test_encodings_are_offered_once_with_words() -> None:
    assert len({one.codec for one in OFFERED}) == len({one.label for one in OFFERED}) == len(OFFERED)
    assert OFFERED[0].codec == "utf-8"


def test_a_decoder_counts_what_it_took() -> None:
    decoder = Decoder("utf-8")
    assert decoder.to_utf8("é".encode()[:1]) == b""
    assert decoder.to_utf8("é".encode()[1:] + b"a") == "éa".encode()
    assert decoder.read_bytes == 3
