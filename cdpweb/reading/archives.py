"""What a stored file is, by its first bytes, and its plain bytes out of it (rules §1.2)."""

import gzip
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from cdpweb.reading import errors

SIGNATURE_BYTES = 4096
MAX_DIRECTORY_BYTES = 1 << 20
"""How long the list of files at the end of a zip may be; zipfile holds all of it in memory."""

_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPREADSHEETS = {
    _OFFICE: "Excel 97–2003, or Excel with a password",
    b"\x09\x08\x10\x00\x00\x06\x05\x00": "Excel",
    b"\x09\x08\x08\x00\x00\x05\x05\x00": "Excel",
    b"\x09\x04\x06\x00": "Excel 4",
    b"\x09\x02\x06\x00": "Excel 3",
    b"ID;PWXL;": "SYLK",
}
_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_BINARIES = {
    b"%PDF-": "a PDF document",
    b"\x89PNG\r\n": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF89a": "a picture",
    b"GIF87a": "a picture",
    b"SQLite format 3\x00": "a database",
    b"PAR1\x15": "a Parquet file",
    b"\x7fELF": "a program",
    b"{\\rtf": "a text document",
}
_WEB_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|table)\b", re.IGNORECASE | re.DOTALL)
_XML_WORKBOOK = re.compile(
    rb"urn:schemas-microsoft-com:office:spreadsheet|progid=\"Excel\.Sheet|opendocument\.spreadsheet"
)
_ZIP_START = re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")
_BZIP2_START = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_GZIP_START = b"\x1f\x8b"
# The last is what zipfile raises for a kind of compression that it does not know.
_DAMAGE = (zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, EOFError, NotImplementedError)
_BAD_DIRECTORY = (*_DAMAGE, struct.error, ValueError, OSError)
"""A mangled directory of a zip also sends zipfile to impossible places of the file."""


class Kind(StrEnum):
    """How a stored file holds its text."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZIP = "zip"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""


class Unpacked:
    """The plain bytes of a stored file, counted as they come out.

    Raises FileRefused: `unpacked_too_large` beyond `max_unpacked_bytes`, `damaged_archive` where it breaks.
    """

    def __init__(self, kind: Kind, source: Readable, max_unpacked_bytes: int, expected: Callable[[int], int]) -> None:
        self.kind = kind
        self.unpacked_bytes = 0
        self._source = source
        self._max_unpacked_bytes = max_unpacked_bytes
        self._expected = expected
        self._peeked = b""

    @property
    def expected_bytes(self) -> int:
        """About how many bytes will come out in all; for showing only, as an archive may claim anything."""
        return max(self.unpacked_bytes, self._expected(self.unpacked_bytes))

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""
        if self._peeked:
            taken, self._peeked = self._peeked[:size], self._peeked[size:]
            return taken
        return self._unpack(size)

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end, which stay to be read."""
        self._peeked = read_all(self, size)
        return self._peeked

    def _unpack(self, size: int) -> bytes:
        try:
            chunk = self._source.read(size)
        except _DAMAGE as error:
            raise errors.damaged_archive(self.kind, self.unpacked_bytes) from error
        self.unpacked_bytes += len(chunk)
        if self.unpacked_bytes > self._max_unpacked_bytes:
            raise errors.unpacked_too_large(self._max_unpacked_bytes)
        return chunk


def read_all(stream: Readable, size: int) -> bytes:
    """The next `size` bytes of a stream, fewer only at its end."""
    pieces = [stream.read(size)]
    while (left := size - sum(map(len, pieces))) and pieces[-1]:
        pieces.append(stream.read(left))
    return b"".join(pieces)


@contextmanager
def open_plain(path: Path, max_unpacked_bytes: int) -> Iterator[Unpacked]:
    """Open a stored file as plain bytes: as it is, out of a gzip, or the one .csv or .txt of a zip.

    Raises FileRefused for whatever is not a text file or one in such an archive (rules §1.2).
    """
    with ExitStack() as opened:
        file = opened.enter_context(path.open("rb"))
        kind = kind_of(file)
        if kind is Kind.GZIP:
            unpacked = _gzip(opened.enter_context(gzip.GzipFile(fileobj=file)), file, max_unpacked_bytes)
        elif kind is Kind.ZIP:
            unpacked = _zip(opened, file, max_unpacked_bytes)
        else:
            unpacked = Unpacked(kind, file, max_unpacked_bytes, lambda _: _size_bytes(file))
        if unpacked.kind is not Kind.PLAIN:
            _refuse_by_content(unpacked.peek(SIGNATURE_BYTES), unpacked.kind)
        yield unpacked


def kind_of(file: BinaryIO) -> Kind:
    """The kind of a stored file by its first bytes; leaves the file at its start. Raises FileRefused."""
    head = file.read(SIGNATURE_BYTES)
    file.seek(0)
    if not head:
        raise errors.empty_file()
    if head.startswith(_GZIP_START):
        return Kind.GZIP
    if _ZIP_START.match(head):
        return Kind.ZIP
    _refuse_by_content(head, Kind.PLAIN)
    return Kind.PLAIN


def _refuse_by_content(head: bytes, kind: Kind) -> None:
    """Refuse what its first bytes show to be no text; inside an archive, also any other archive."""
    if not head:
        raise errors.empty_file()
    for signature, program in _SPREADSHEETS.items():
        if head.startswith(signature):
            raise errors.spreadsheet(program)
    if _WEB_PAGE.match(head):
        raise errors.web_page()
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml") and _XML_WORKBOOK.search(head):
        raise errors.spreadsheet("XML")
    for signature, what in _BINARIES.items():
        if head.startswith(signature):
            raise errors.binary_content(what)
    archive = _archive_name(head)
    if archive and kind is Kind.PLAIN:
        raise errors.other_archive(archive)
    if archive or head.startswith(_GZIP_START) or _ZIP_START.match(head):
        raise errors.nested_archive(f"the {kind}")


def _archive_name(head: bytes) -> str | None:
    if head[257:262] == b"ustar":
        return "tar"
    if _BZIP2_START.match(head):
        return "bzip2"
    return next((name for signature, name in _ARCHIVES.items() if head.startswith(signature)), None)


def _gzip(members: gzip.GzipFile, file: BinaryIO, max_unpacked_bytes: int) -> Unpacked:
    def expected(unpacked_bytes: int) -> int:
        return unpacked_bytes * _size_bytes(file) // max(1, file.tell())

    return Unpacked(Kind.GZIP, members, max_unpacked_bytes, expected)


def _zip(opened: ExitStack, file: BinaryIO, max_unpacked_bytes: int) -> Unpacked:
    """The one .csv or .txt of a zip."""
    try:
        if _directory_bytes(file) > MAX_DIRECTORY_BYTES:
            raise errors.crowded_archive()
        archive = opened.enter_context(zipfile.ZipFile(file))
        member = _choose_member(archive.infolist())
        source = opened.enter_context(archive.open(member))
    except _BAD_DIRECTORY as error:
        raise errors.damaged_archive(Kind.ZIP, 0) from error
    return Unpacked(Kind.ZIP, source, max_unpacked_bytes, lambda _: member.file_size)


def _choose_member(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    files = [one for one in members if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    _refuse_workbook([one.filename for one in files])
    named = {one.filename: _suffix(one.filename) for one in files}
    tables = [one for one in files if named[one.filename] in (".csv", ".txt")]
    shown = [_shown(one.filename) for one in tables or files]
    if len(tables) > 1:
        raise errors.several_files(shown)
    if any(suffix in (".zip", ".gz", ".7z", ".rar", ".tar", ".tgz") for suffix in named.values()):
        raise errors.nested_archive("the zip")
    if not tables:
        raise errors.no_csv_in_archive(shown)
    if tables[0].flag_bits & 0x1:
        raise errors.encrypted_archive()
    return tables[0]


def _refuse_workbook(names: list[str]) -> None:
    """Spreadsheets of today are zips: known by what is in them."""
    if any(name.startswith("xl/") for name in names):
        raise errors.spreadsheet("Excel")
    if "mimetype" in names and "content.xml" in names:
        raise errors.spreadsheet("OpenDocument")
    if any(name.endswith(".iwa") or name.split("/")[-1] == "Index.zip" for name in names):
        raise errors.spreadsheet("Numbers")
    if "[Content_Types].xml" in names:
        raise errors.binary_content("an Office document")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _shown(name: str) -> str:
    """A name from inside an archive, fit to show: short and printable. It is never used as a path."""
    return "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())[:100]


def _size_bytes(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _directory_bytes(file: BinaryIO) -> int:
    """How many bytes the central directory of a zip claims (APPNOTE.TXT 4.3.14, 4.3.16)."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 98))
    tail = file.read()
    file.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    claimed = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if claimed == 0xFFFFFFFF:
        end64 = tail.rfind(b"PK\x06\x06")
        claimed = int.from_bytes(tail[end64 + 40 : end64 + 48], "little") if end64 >= 0 else claimed
    return claimed
