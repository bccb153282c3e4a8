"""The work file: an upload's text once in UTF-8, so that a byte offset is a place to resume at (rules §1.3)."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cdpweb.reading import errors
from cdpweb.reading.archives import Kind, Readable, open_plain, read_all
from cdpweb.reading.encoding import Decoder, byte_order_mark, detect, looks_binary, offered, python_codec

PIECE_BYTES = 1 << 20
SAMPLE_BYTES = 100_000
MAX_SAMPLES = 3
MAX_SAMPLE_CHARACTERS = 200


@dataclass(frozen=True)
class WorkFile:
    """A work file: where it is, its length, the encoding the original was read in, whether a mark named it."""

    path: Path
    size_bytes: int
    encoding: str
    has_mark: bool


@dataclass(frozen=True)
class Transcoded:
    """The encoding that text was read in, and whether a byte-order mark named it."""

    encoding: str
    has_mark: bool


def make_work_file(stored: Path, target: Path, encoding: str, max_unpacked_bytes: int) -> None:
    """Have the text of a stored file at `target`.

    A file that is its text already only gets a second name, where the file system has such. Raises FileRefused, as
    `open_plain` and `write_work_file` do.
    """
    with open_plain(stored, max_unpacked_bytes) as plain:
        if plain.kind is Kind.PLAIN and _is_its_text(plain, encoding):
            target.unlink(missing_ok=True)
            with suppress(OSError):
                target.hardlink_to(stored)
                return
    with open_plain(stored, max_unpacked_bytes) as plain:
        write_work_file(plain, target, encoding)


def _is_its_text(stream: Readable, encoding: str) -> bool:
    """Whether transcoding would change nothing; False also where it would be refused."""
    piece = read_all(stream, SAMPLE_BYTES)
    if not piece or byte_order_mark(piece) or offered(encoding) != "utf-8":
        return False
    decoder = Decoder("utf-8")
    try:
        if looks_binary(decoder.to_utf8(piece).decode()):
            return False
        while piece:
            piece = stream.read(PIECE_BYTES)
            decoder.to_utf8(piece, final=not piece)
    except UnicodeDecodeError:
        return False
    return True


def write_work_file(stream: Readable, target: Path, encoding: str) -> WorkFile:
    """Transcode the plain bytes of a file to `target` in UTF-8, line ends as they are, byte-order mark left out.

    The file appears whole and synced to disk, or not at all. Raises FileRefused: `bad_encoding` (BadEncoding),
    `unknown_encoding`, `empty_file`, `binary_content`.
    """
    unfinished = target.with_name(target.name + ".part")
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b", buffering=0) as file:
            text = transcode(stream, file, encoding)
            os.fsync(file.fileno())
            size_bytes = file.tell()
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return WorkFile(target, size_bytes, text.encoding, text.has_mark)


def transcode(stream: Readable, sink: BinaryIO, encoding: str, *, whole: bool = True) -> Transcoded:
    """Write the stream's text to `sink` in UTF-8. A byte-order mark beats `encoding`.

    `whole=False`: the stream is the beginning of a file and may end within a character.
    """
    chosen = offered(encoding)
    piece = read_all(stream, SAMPLE_BYTES)
    if not piece:
        raise errors.empty_file()
    marked = byte_order_mark(piece)
    codec, skipped = marked or (python_codec(chosen, piece), 0)
    decoder = Decoder(codec)
    decoder.read_bytes = skipped
    try:
        utf8 = decoder.to_utf8(piece[skipped:])
        if looks_binary(utf8.decode()):
            raise _not_text(piece, chosen)
        while piece:
            sink.write(utf8)
            piece = stream.read(PIECE_BYTES)
            utf8 = decoder.to_utf8(piece, final=whole and not piece)
        sink.write(utf8)
    except UnicodeDecodeError as error:
        raise _bad_encoding(error, decoder, sink) from error
    return Transcoded(offered(codec), marked is not None)


def _not_text(piece: bytes, chosen: str) -> errors.FileRefused:
    """Full of control characters: UTF-16 or UTF-32 read as something else, or no text at all."""
    detected = detect(piece, [chosen])
    if detected and detected.startswith("utf-") and 0 in piece:
        return errors.BadEncoding(chosen, piece.index(0), 1, detected, _samples(piece, detected))
    return errors.binary_content("a file full of unprintable characters")


def _bad_encoding(error: UnicodeDecodeError, decoder: Decoder, sink: BinaryIO) -> errors.BadEncoding:
    """Name the first bad byte and its line, and offer the encoding that its surroundings look like."""
    text = error.object
    text_start = decoder.read_bytes - len(text)
    sink.write(text[: error.start].decode(decoder.codec).encode())
    around = _surroundings(text, error.start, text_start)
    encoding = offered(decoder.codec)
    detected = detect(around, [encoding])
    position = text_start + error.start
    return errors.BadEncoding(encoding, position, _line_number(sink), detected, _samples(around, detected))


def _surroundings(text: bytes, at: int, text_start: int) -> bytes:
    """The line around `at` and what follows; where zeros are, UTF-16 may be meant, so no half characters."""
    if 0 in text:
        start = max(0, at - SAMPLE_BYTES)
        start += -(text_start + start) % 4
    else:
        start = max(text.rfind(b"\n", 0, at) + 1, text.rfind(b"\r", 0, at) + 1, at - SAMPLE_BYTES)
    return text[start : at + SAMPLE_BYTES]


def _samples(around: bytes, detected: str | None) -> list[str]:
    """The first lines with letters beyond ASCII, as the detected encoding reads them."""
    if detected is None:
        return []
    lines = around.decode(python_codec(detected, around), "replace").splitlines()
    return [line[:MAX_SAMPLE_CHARACTERS] for line in lines if not line.isascii()][:MAX_SAMPLES]


def _line_number(sink: BinaryIO) -> int:
    """The number of the line that the end of `sink` stands on; LF, CR LF and CR end a line."""
    sink.seek(0)
    line, ended_in_cr = 1, False
    while piece := sink.read(PIECE_BYTES):
        line += piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
        line -= ended_in_cr and piece.startswith(b"\n")
        ended_in_cr = piece.endswith(b"\r")
    return line


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
