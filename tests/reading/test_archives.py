"""What a stored file is by its first bytes, and what comes out of it (rules 1.2)."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from cdpweb.reading import archives
from cdpweb.reading.archives import Kind, open_plain
from cdpweb.reading.errors import FileRefused

gzipped = partial(gzip.compress, mtime=0)
"""Without the time of day, so that a test is called the same in every process."""

CSV = b"Email,Name\nann@example.com,Ann\n"
LIMIT = 1 << 30


def unpack(path: Path, limit: int = LIMIT, piece_bytes: int = 1 << 16) -> bytes:
    with open_plain(path, limit) as plain:
        return b"".join(iter(lambda: plain.read(piece_bytes), b""))


def stored(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "stored"
    path.write_bytes(content)
    return path


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("a.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def refusal(path: Path, limit: int = LIMIT) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        unpack(path, limit)
    return refused.value


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CSV, Kind.PLAIN),
        (gzipped(CSV), Kind.GZIP),
        (gzipped(CSV[:9]) + gzipped(CSV[9:]), Kind.GZIP),
        (zipped({"a.csv": CSV}), Kind.ZIP),
        (zipped({"folder/": b"", "folder/Kunden.TXT": CSV}), Kind.ZIP),
        (zipped({"../../etc/a.csv": CSV, "__MACOSX/._a.csv": b"\x00", "__MACOSX/a.csv": b""}), Kind.ZIP),
        (zipped({"a.csv": CSV, "readme.md": b"read me"}), Kind.ZIP),
        (zipped({"a.csv": CSV}, zipfile.ZIP_STORED), Kind.ZIP),
        (zipped({"a.csv": CSV}, zipfile.ZIP_BZIP2), Kind.ZIP),
        (zipped({"a.csv": CSV}, zipfile.ZIP_LZMA), Kind.ZIP),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 16])
def test_what_is_read(content: bytes, kind: Kind, piece_bytes: int, tmp_path: Path) -> None:
    """rules 1.2: plain, gzipped in any number of members, or a zip with exactly one .csv or .txt."""
    path = stored(tmp_path, content)
    assert unpack(path, piece_bytes=piece_bytes) == CSV
    with path.open("rb") as file:
        assert archives.kind_of(file) is kind


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)
XLSX = zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""})
ODS = zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b""})
NUMBERS = zipped({"Index/Document.iwa": b"", "preview.jpg": b""})
XML_2003 = b'\xef\xbb\xbf<?xml version="1.0"?>\r\n<?mso-application progid="Excel.Sheet"?><Workbook/>'


@pytest.mark.parametrize(
    "content", [OLE, XLSX, ODS, NUMBERS, XML_2003, b"\x09\x08\x10\x00\x00\x06\x05\x00", b"ID;PWXL;N;E\n"]
)
@pytest.mark.parametrize("pack", [bytes, gzipped])
def test_spreadsheets(content: bytes, pack: type[bytes], tmp_path: Path) -> None:
    """rules 1.2: a spreadsheet is known by its first bytes and refused with the clicks that save it as CSV."""
    refused = refusal(stored(tmp_path, pack(content)))
    zip_in_gzip = pack is not bytes and content.startswith(b"PK")
    assert refused.code == ("nested_archive" if zip_in_gzip else "spreadsheet")
    assert zip_in_gzip or "Save As" in refused.sentence


def encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": CSV}))
    content[6] |= 1  # the local header's flags
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the directory's
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", "empty_file", "empty"),
        (gzipped(b""), "empty_file", "empty"),
        (zipped({"a.csv": b""}), "empty_file", "empty"),
        (b"<!DOCTYPE html><html>", "web_page", "web page"),
        (b"<!-- exported -->\n<TABLE>", "web_page", "web page"),
        (b"%PDF-1.7", "binary_content", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "binary_content", "picture"),
        (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "binary_content", "Office document"),
        (b"7z\xbc\xaf\x27\x1c", "other_archive", "7-Zip"),
        (b"Rar!\x1a\x07\x00", "other_archive", "RAR"),
        (bz2.compress(CSV), "other_archive", "bzip2"),
        (lzma.compress(CSV), "other_archive", "xz"),
        (tarred(CSV), "other_archive", "tar"),
        (gzipped(tarred(CSV)), "nested_archive", "inside the gzip"),
        (gzipped(gzipped(CSV)), "nested_archive", "inside the gzip"),
        (gzipped(zipped({"a.csv": CSV})), "nested_archive", "inside the gzip"),
        (zipped({"a.csv": gzipped(CSV)}), "nested_archive", "inside the zip"),
        (zipped({"a.csv": zipped({"a.csv": CSV})}), "nested_archive", "inside the zip"),
        (zipped({"a.zip": zipped({"a.csv": CSV})}), "nested_archive", "inside the zip"),
        (zipped({"a.csv.gz": gzipped(CSV)}), "nested_archive", "inside the zip"),
        (zipped({"a.csv": CSV, "x/b.txt": CSV}), "several_files", "2 tables (“a.csv”, “b.txt”)"),
        (zipped({f"{n}.csv": CSV for n in range(9)}), "several_files", "9 tables (“0.csv”, “1.csv”, “2.csv”, …)"),
        (zipped({"a.md": CSV}), "no_csv_in_archive", "only “a.md”"),
        (zipped({"a.md": CSV, "b.md": CSV}), "no_csv_in_archive", "“a.md” and others"),
        (zipped({}), "no_csv_in_archive", "nothing"),
        (encrypted(), "encrypted_archive", "password"),
        (zipped({"a.csv": CSV * 1000})[:-30], "damaged_archive", "zip"),
        (gzipped(random.Random(1).randbytes(200_000).hex().encode())[:-1000], "damaged_archive", "gzip"),
        (gzipped(CSV) + b"more", "damaged_archive", "gzip"),
    ],
)
def test_refused_files(content: bytes, code: str, said: str, tmp_path: Path) -> None:
    """rules 1.2: each with its own sentence."""
    refused = refusal(stored(tmp_path, content))
    assert (refused.code, said in refused.sentence) == (code, True), refused.sentence


@pytest.mark.parametrize(
    "text", [b"ID;Phone\n", b"PK,Email\n", b"BZhone,Email\n", b"PAR1,b\n", b"<name>,Email\n", b"GIF8,b\n"]
)
def test_headers_that_look_like_other_files(text: bytes, tmp_path: Path) -> None:
    """rules 1.2: a CSV that happens to begin like something else is read."""
    assert unpack(stored(tmp_path, text)) == text


@pytest.mark.parametrize("pack", [gzipped, lambda content: zipped({"a.csv": content})])
def test_a_bomb_is_stopped_while_unpacking(pack: type[bytes], tmp_path: Path) -> None:
    """rules 1.2: MAX_UNPACKED_BYTES counts what comes out, whatever the archive claims."""
    path = stored(tmp_path, pack(b"a,b\n" * 5_000_000))
    assert path.stat().st_size < 100_000
    refused = refusal(path, 1 << 20)
    assert (refused.code, "1 MB" in refused.sentence) == ("unpacked_too_large", True)
    with open_plain(path, 1 << 20) as plain:
        with pytest.raises(FileRefused):
            list(iter(lambda: plain.read(1 << 16), b""))
        assert plain.unpacked_bytes <= (1 << 20) + (1 << 16)


def test_as_much_as_allowed_comes_out(tmp_path: Path) -> None:
    """rules 1.2: the limit itself is allowed."""
    assert unpack(stored(tmp_path, gzipped(CSV)), len(CSV)) == CSV
    assert refusal(stored(tmp_path, gzipped(CSV)), len(CSV) - 1).code == "unpacked_too_large"


def test_a_zip_that_lies_about_its_size(tmp_path: Path) -> None:
    """rules 1.2: the size in the directory is only a claim."""
    content = bytearray(zipped({"a.csv": b"a,b\n" * 100_000}))
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (5).to_bytes(4, "little")
    assert refusal(stored(tmp_path, bytes(content))).code in ("damaged_archive", "unpacked_too_large")


def test_a_zip_with_a_giant_directory_is_not_even_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """product 7: memory does not grow with the file, nor with what it claims to hold."""
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 1000)
    content = zipped({f"{n}.csv": CSV for n in range(50)})
    assert refusal(stored(tmp_path, content)).code == "several_files"


def test_mangled_archives_never_surprise(tmp_path: Path) -> None:
    """product 7: no input gives a 500: any damage is a refusal, or does no harm."""
    chance = random.Random(7)
    for content in (zipped({"a.csv": CSV * 50}), gzipped(CSV * 50)):
        for _ in range(400):
            mangled = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                mangled[chance.randrange(len(mangled))] = chance.randrange(256)
            path = stored(tmp_path, bytes(mangled[: chance.choice([len(mangled), chance.randrange(len(mangled))])]))
            with suppress(FileRefused):
                unpack(path, 1 << 20)


def test_expected_bytes(tmp_path: Path) -> None:
    for content, close_to in ((CSV, 1), (gzipped(CSV * 1000), 1000), (zipped({"a.csv": CSV * 1000}), 1000)):
        with open_plain(stored(tmp_path, content), LIMIT) as plain:
            archives.read_all(plain, len(CSV))
            assert plain.expected_bytes <= len(CSV) * close_to * 2
            assert plain.expected_bytes >= len(CSV)
