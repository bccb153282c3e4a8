"""Uploads: files that have arrived, from their first byte to their deletion (rules §1.1, §1.2)."""

import datetime as dt
import errno
import hashlib
import io
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from cdpweb.config import Config
from cdpweb.domain.tasks import Status
from cdpweb.models import Task, Upload
from cdpweb.models.tasks import GIVEN_NAME_CHARACTERS
from cdpweb.models.types import now
from cdpweb.reading.dialect import Dialect
from cdpweb.reading.errors import BadEncoding, FileRefused, in_words
from cdpweb.reading.glance import glance
from cdpweb.services.refused import Refused

NAME_BYTES = 16
PIECE_BYTES = 1 << 20
ROOM_PER_BYTE = 3
"""The file itself, its work file in UTF-8, and what the import writes."""

SHOWN_ROWS = 20
NAMELESS = "file without a name"
PART_SUFFIX = ".part"
ENDED = (Status.FINISHED, Status.FAILED, Status.CANCELLED, Status.UNDONE)
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class TooLarge(Refused):
    """More bytes than a file may have; the edge answers 413."""


class DiskFull(Refused):
    """No room for a file; the edge answers 507."""


class Readable(Protocol):
    """What a file is received from."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; b"" at the end."""


@dataclass(frozen=True)
class Examination:
    """What the first megabyte of an upload shows, read with `dialect` (rules §1.3, §1.4; product §2).

    `header`: its cells as written; `rows`: the first records, cells as in the file; `filled`: positions of columns
    in which a value was seen. `records` counts those of the whole file, None where it is longer than what was read;
    then `approximate_records` is a guess. `has_mark`: a byte-order mark named the encoding. `doubt`: a sentence where
    the delimiter looks wrong.
    Where the file cannot be read so, `refusal` is the sentence and `code` its code; `offered_encoding` and
    `encoding_samples` are what its bytes look like (rules §1.3).
    """

    dialect: Dialect = field(default_factory=Dialect)
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    filled: frozenset[int] = frozenset()
    records: int | None = None
    approximate_records: int = 0
    has_mark: bool = False
    doubt: str | None = None
    code: str | None = None
    refusal: str | None = None
    offered_encoding: str | None = None
    encoding_samples: tuple[str, ...] = ()


# Arriving


class Arrival(io.RawIOBase):
    """A file on its way in: written once, counted and hashed as it comes (rules §1.1).

    A writable stream, so that a form parser may write straight into it. Raises DiskFull at the start where three
    times `declared_bytes` and the reserve do not fit, TooLarge as soon as more than MAX_UPLOAD_BYTES have come.
    Closed without `keep`, it leaves nothing behind.
    """

    def __init__(self, config: Config, declared_bytes: int | None = None) -> None:
        super().__init__()
        self.name = secrets.token_hex(NAME_BYTES)
        self.size_bytes = 0
        self._config = config
        self._folder = folder_of(config)
        self._part = self._folder / (self.name + PART_SUFFIX)
        self._digest = hashlib.sha256()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_declared(config, declared_bytes or 0)
        _check_room(config, self._folder, declared_bytes or 0)
        with _disk_errors():
            descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)

    @property
    def sha256(self) -> str:
        """The digest of what has come so far, in hexadecimal."""
        return self._digest.hexdigest()

    def writable(self) -> bool:
        """A file on its way in is written to."""
        return True

    def readable(self) -> bool:
        """Form parsers hand on what they wrote as something to read."""
        return True

    def seekable(self) -> bool:
        """And they rewind it."""
        return True

    def write(self, chunk: bytes, /) -> int:  # type: ignore[override]
        """Take the next bytes in."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._config.MAX_UPLOAD_BYTES:
            raise too_large(self._config)
        with _disk_errors():
            self._write_all(memoryview(chunk))
        self._digest.update(chunk)
        return len(chunk)

    def _write_all(self, rest: memoryview) -> None:
        while rest:
            rest = rest[self._file.write(rest) :]

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        """Read from what has come."""
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place in what has come."""
        return self._file.seek(offset, whence)

    def keep(self) -> None:
        """Give the file its name, synced to disk with its folder: from here on a row may refer to it."""
        with _disk_errors():
            os.fsync(self._file.fileno())
            self._part.rename(self._folder / self.name)
            _sync_folder(self._folder)

    def close(self) -> None:
        """Let go; what was not kept is deleted."""
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
            self._part.unlink(missing_ok=True)
        super().close()


def store(
    session: Session,
    config: Config,
    stream: Readable,
    given_name: str,
    *,
    declared_bytes: int | None = None,
    owner: str | None = None,
) -> Upload:
    """Receive a file from `stream` and store it (rules §1.1).

    `declared_bytes` is what its sender says it has. Raises TooLarge, DiskFull, and Refused where less came.
    """
    with Arrival(config, declared_bytes) as arrival:
        while piece := stream.read(PIECE_BYTES):
            arrival.write(piece)
        _check_complete(arrival.size_bytes, declared_bytes or 0)
        return keep(session, arrival, given_name, owner=owner)


def keep(session: Session, arrival: Arrival, given_name: str, *, owner: str | None = None) -> Upload:
    """Make a file that has arrived an upload."""
    arrival.keep()
    upload = Upload(
        name=arrival.name,
        given_name=clean_name(given_name),
        owner=owner,
        size_bytes=arrival.size_bytes,
        sha256=arrival.sha256,
        created_at=now(),
    )
    session.add(upload)
    session.flush()
    return upload


def clean_name(given_name: str) -> str:
    """A given name fit to show: without folders and control characters, at most 400 characters (rules §1.1)."""
    base = given_name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in base if unicodedata.category(character) not in _UNPRINTABLE)
    return printable.strip()[:GIVEN_NAME_CHARACTERS] or NAMELESS


def too_large(config: Config) -> TooLarge:
    """The refusal of a file over the byte limit."""
    limit = in_words(config.MAX_UPLOAD_BYTES)
    return TooLarge(
        {"file": f"The file is larger than {limit}. Split it, or compress it as .gz or .zip, and upload it again."}
    )


def _check_declared(config: Config, declared_bytes: int) -> None:
    if declared_bytes > config.MAX_UPLOAD_BYTES:
        raise too_large(config)


def _check_complete(size_bytes: int, declared_bytes: int) -> None:
    """Half a file is none: whoever imported it would not learn what is missing."""
    if size_bytes < declared_bytes:
        came = f"Only {in_words(size_bytes)} of {in_words(declared_bytes)} came"
        raise Refused({"file": f"{came}: the connection broke off, or was too slow. Send the file again."})


def _check_room(config: Config, folder: Path, declared_bytes: int) -> None:
    needed, free = ROOM_PER_BYTE * declared_bytes + config.FREE_DISK_RESERVE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise _disk_full(f"{in_words(needed)} must be free to receive this file, and only {in_words(free)} are.")


@contextmanager
def _disk_errors() -> Iterator[None]:
    """A disk that is full after all is a refusal, not a fault of ours."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise _disk_full("The disk ran full while the file was being received; nothing of it was kept.") from error


def _disk_full(sentence: str) -> DiskFull:
    return DiskFull(
        {"file": f"There is not enough disk space: {sentence} Ask the operator to make room, then try again."}
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Where files are


def folder_of(config: Config) -> Path:
    """The folder of all uploads."""
    return config.INSTANCE / "uploads"


def path_of(config: Config, upload: Upload) -> Path:
    """The stored file of an upload. Raises Refused, with the date, where it has been deleted."""
    if upload.deleted_at:
        day = f"{upload.deleted_at.day} {upload.deleted_at:%B %Y}"
        raise Refused({"file": f"The file {upload.given_name} was deleted on {day}. Upload it again."})
    path = folder_of(config) / upload.name
    if not path.exists():
        raise Refused({"file": f"The file {upload.given_name} is not on this machine any more. Upload it again."})
    return path


def by_name(session: Session, name: str) -> Upload | None:
    """The upload with this random name, which only who uploaded it knows; forms refer to it by that."""
    return session.scalar(select(Upload).where(Upload.name == name))


# What is in it


def examine(
    config: Config,
    upload: Upload,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    header_line: int | None = None,
) -> Examination:
    """What the first megabyte shows; what is None is detected (the encoding: UTF-8), what is given is obeyed.

    Raises Refused where the file is gone.
    """
    path = path_of(config, upload)
    try:
        seen = glance(
            path,
            max_unpacked_bytes=config.MAX_UNPACKED_BYTES,
            max_cell_bytes=config.MAX_CELL_BYTES,
            encoding=encoding,
            delimiter=delimiter,
            quote=quote,
            header_line=header_line,
        )
    except FileRefused as refused:
        return _unreadable(refused)
    cells = [f"c{number}" for number in range(len(seen.header.cells))]
    return Examination(
        dialect=seen.dialect,
        header=seen.header.cells,
        rows=tuple(seen.rows.head(SHOWN_ROWS).select(cells).iter_rows()),
        filled=seen.filled,
        records=seen.rows.height if seen.is_whole else None,
        approximate_records=seen.approximate_records,
        has_mark=seen.has_mark,
        doubt=seen.doubt,
    )


def _unreadable(refused: FileRefused) -> Examination:
    if isinstance(refused, BadEncoding):
        return Examination(
            code=refused.code,
            refusal=refused.sentence,
            offered_encoding=refused.detected,
            encoding_samples=refused.samples,
        )
    return Examination(code=refused.code, refusal=refused.sentence)


def earlier_task(session: Session, upload: Upload, besides: Task | None = None) -> Task | None:
    """The latest task of a file with the same bytes, for a warning (product §4)."""
    same = select(Task).join(Upload).where(Upload.sha256 == upload.sha256).order_by(Task.id.desc()).limit(1)
    return session.scalar(same.where(Task.id != besides.id) if besides else same)


# Deletion


def delete_expired(session: Session, config: Config, moment: dt.datetime | None = None) -> int:
    """Delete the files whose time is over; how many. The rows stay and say when (rules §1.1).

    Unlaunched ones go after UNLAUNCHED_UPLOAD_HOURS, launched ones UPLOAD_RETENTION_DAYS after their tasks' end.
    """
    moment = moment or now()
    _delete_strays(session, config, moment)
    expired = list(session.scalars(_expired(config, moment)))
    for upload in expired:
        _delete_files(config, upload.name)
        upload.deleted_at = moment
    session.flush()
    return len(expired)


def _expired(config: Config, moment: dt.datetime) -> Select[Upload]:
    """Uploads to delete now, locked; one that somebody launches at this moment is left alone."""
    unlaunched_since = moment - dt.timedelta(hours=config.UNLAUNCHED_UPLOAD_HOURS)
    ended_before = moment - dt.timedelta(days=config.UPLOAD_RETENTION_DAYS)
    of_upload = select(Task.id).where(Task.upload_id == Upload.id)
    ended = Task.status.in_(ENDED) & (Task.finished_at < ended_before)
    is_over = and_(of_upload.exists(), ~of_upload.where(or_(~ended, Task.finished_at.is_(None))).exists())
    is_unlaunched = and_(~of_upload.exists(), Upload.created_at < unlaunched_since)
    expired = select(Upload).where(Upload.deleted_at.is_(None), or_(is_over, is_unlaunched))
    return expired.with_for_update(skip_locked=True)


def _delete_strays(session: Session, config: Config, moment: dt.datetime) -> None:
    """Files that no row knows: what a killed process has left of an arrival or of a work file."""
    folder = folder_of(config)
    oldest = (moment - dt.timedelta(hours=config.UNLAUNCHED_UPLOAD_HOURS)).timestamp()
    found = [path for path in folder.glob("*") if path.stat().st_mtime < oldest] if folder.is_dir() else []
    known = set(session.scalars(select(Upload.name).where(Upload.deleted_at.is_(None))))
    for path in found:
        if path.name.partition(".")[0] not in known:
            path.unlink(missing_ok=True)


def discard(config: Config, name: str) -> None:
    """Delete the file of an upload whose row was never committed."""
    _delete_files(config, name)


def _delete_files(config: Config, name: str) -> None:
    for path in folder_of(config).glob(f"{name}*"):
        path.unlink(missing_ok=True)
