"""Uploads: received once, kept safely, looked at, deleted in time (rules 1.1, 1.2, 1.3)."""

import datetime as dt
import errno
import gzip
import hashlib
import io
import os
import shutil
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, select

from cdpweb.extensions import current_config
from cdpweb.models import Task, Upload
from cdpweb.models.types import now
from cdpweb.services import uploads
from cdpweb.services.refused import Refused

CSV = b"Email,FirstName\nanna@example.com,Anna\nben@example.com,Ben\n"


@pytest.fixture
def config(session):
    return current_config()


@pytest.fixture
def store(session, config):
    """Store some bytes as a file would arrive."""

    def store(content=CSV, name="customers.csv", **options):
        return uploads.store(session, options.pop("config", config), io.BytesIO(content), name, **options)

    return store


def files(config):
    folder = uploads.folder_of(config)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


class TestArriving:
    def test_a_file_is_stored_under_a_random_name_for_its_owner_alone(self, store, config):
        """rules 1.1: 128 bits, mode 600, size and SHA-256."""
        upload, other = store(owner="anna"), store()
        path = uploads.path_of(config, upload)
        assert path.read_bytes() == CSV
        assert len(bytes.fromhex(upload.name)) == 16
        assert upload.name != other.name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (upload.size_bytes, upload.sha256) == (len(CSV), hashlib.sha256(CSV).hexdigest())
        assert (upload.owner, upload.deleted_at) == ("anna", None)

    def test_file_and_folder_are_synced_before_the_row_refers_to_them(self, store, session, monkeypatch):
        """rules 1.1"""
        events = []
        monkeypatch.setattr(os, "fsync", lambda descriptor, sync=os.fsync: (events.append("sync"), sync(descriptor)))
        event.listen(session, "before_flush", lambda *_: events.append("row"))
        store()
        assert events == ["sync", "sync", "row"]

    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("customers.csv", "customers.csv"),
            ("C:\\fakepath\\may list.csv", "may list.csv"),
            ("../../etc/passwd", "passwd"),
            ("a\x00b\r\nc\u202e.csv", "abc.csv"),
            ("\ud800.csv", ".csv"),
            ("", "file without a name"),
            ("x" * 500, "x" * 400),
        ],
    )
    def test_given_names_are_cleaned_for_display(self, store, given, shown):
        """rules 1.1; issue: a name longer than allowed."""
        assert store(name=given).given_name == shown

    def test_more_bytes_than_allowed_are_refused_as_they_come(self, store, config):
        """rules 1.2: received bytes are counted, whatever was declared."""
        small = replace(config, MAX_UPLOAD_BYTES=1_000_000)
        with pytest.raises(uploads.TooLarge) as refused:
            store(b"x" * 1_000_001, config=small, declared_bytes=10)
        assert "larger than 1 MB" in refused.value.sentences["file"]
        assert "Split it" in refused.value.sentences["file"]
        assert files(config) == []

    def test_a_file_that_says_it_is_too_large_is_not_received(self, store, config):
        """rules 1.2"""
        with pytest.raises(uploads.TooLarge):
            store(b"", declared_bytes=config.MAX_UPLOAD_BYTES + 1)
        assert files(config) == []

    def test_a_file_exactly_at_the_limit_is_received(self, store, config):
        assert store(b"x" * 100, config=replace(config, MAX_UPLOAD_BYTES=100)).size_bytes == 100

    def test_a_disk_nearly_full_is_refused_before_receiving(self, store, config):
        """rules 1.2: three times the declared length and the reserve must be free; issue: disk nearly full."""
        free = shutil.disk_usage(config.INSTANCE).free
        tight = replace(config, FREE_DISK_RESERVE_BYTES=free - 20_000_000)
        assert store(config=tight, declared_bytes=len(CSV))
        with pytest.raises(uploads.DiskFull) as refused:
            store(config=tight, declared_bytes=20_000_000)
        assert "must be free" in refused.value.sentences["file"]
        assert len(files(config)) == 1

    def test_half_a_file_is_none(self, store, config):
        """Whoever imported it would not learn what is missing."""
        with pytest.raises(uploads.Refused) as refused:
            store(declared_bytes=len(CSV) + 1)
        assert "the connection broke off, or was too slow" in refused.value.sentences["file"]
        assert files(config) == []

    def test_a_disk_that_runs_full_after_all_leaves_nothing_behind(self, session, config):
        """The device that is always full stands for the disk."""
        arrival = uploads.Arrival(config)
        arrival._file.close()
        arrival._file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - the arrival closes it
        with pytest.raises(uploads.DiskFull) as refused, arrival:
            arrival.write(CSV)
        assert refused.value.__cause__.errno == errno.ENOSPC
        assert files(config) == []

    def test_an_arrival_that_breaks_off_leaves_nothing_behind(self, session, config):
        class Broken(io.BytesIO):
            def read(self, _size):
                if self.tell():
                    raise ConnectionError
                return super().read(10)

        with pytest.raises(ConnectionError):
            uploads.store(session, config, Broken(CSV), "a.csv")
        assert files(config) == []

    def test_a_form_parser_may_write_and_rewind(self, session, config):
        """Werkzeug writes the parts of a form into the stream it is given, and rewinds it."""
        with uploads.Arrival(config) as arrival:
            arrival.write(CSV)
            arrival.seek(0)
            assert arrival.read() == CSV
            upload = uploads.keep(session, arrival, "a.csv")
        assert uploads.path_of(config, upload).read_bytes() == CSV


class TestExamining:
    def test_the_first_megabyte_shows_dialect_header_rows_and_number(self, store, config):
        seen = uploads.examine(config, store("Email;Name\na@example.com;Ännchen\n".encode()))
        assert (seen.dialect.delimiter, seen.dialect.encoding, seen.header) == (";", "utf-8", ("Email", "Name"))
        assert seen.rows == (("a@example.com", "Ännchen"),)
        assert (seen.records, seen.filled, seen.refusal) == (1, {0, 1}, None)

    def test_a_longer_file_has_a_guess_of_its_records(self, store, config):
        seen = uploads.examine(config, store(b"Email\n" + b"anna@example.com\n" * 100_000))
        assert seen.records is None
        assert seen.approximate_records == pytest.approx(100_000, rel=0.01)

    @pytest.mark.parametrize(
        ("content", "options", "code", "words"),
        [
            (b"", {}, "empty_file", "no bytes"),
            (b"Email\n", {}, "no_records", "no rows"),
            ("Email\nanna@example.com\nJörg".encode("latin-1"), {}, "bad_encoding", "on line 3"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, {}, "spreadsheet", "Save As"),
            (b"PK\x03\x04 not really", {}, "damaged_archive", "damaged"),
            (b'"Email\na@example.com\n', {"quote": '"'}, "header_malformed", "line 1"),
            (CSV, {"header_line": 9}, "header_line_missing", "line 9"),
            (CSV, {"delimiter": '"', "quote": '"'}, "bad_dialect", "Choose two different"),
            (CSV, {"encoding": "klingon"}, "unknown_encoding", "klingon"),
        ],
    )
    def test_what_cannot_be_read_is_said_in_a_sentence(self, store, config, content, options, code, words):
        """rules 1.2 to 1.5; issue: bad input."""
        seen = uploads.examine(config, store(content), **options)
        assert seen.code == code
        assert words in seen.refusal

    def test_another_encoding_is_offered_never_taken(self, store, config):
        """rules 1.3"""
        text = "Email,Name\n" + "".join(f"{n}@example.com,Jürgen Müßig\n" for n in range(50))
        upload = store(text.encode("windows-1252"))
        seen = uploads.examine(config, upload)
        assert seen.code == "bad_encoding"
        assert "Jürgen Müßig" in seen.encoding_samples[0]
        again = uploads.examine(config, upload, encoding=seen.offered_encoding)
        assert again.rows[0] == ("0@example.com", "Jürgen Müßig")

    def test_a_wrong_delimiter_is_doubted(self, store, config):
        """issue: a one-column file with the wrong delimiter."""
        seen = uploads.examine(config, store(b"Email;Name\na@example.com;A\n"), delimiter=",")
        assert seen.header == ("Email;Name",)
        assert "choose that delimiter" in seen.doubt

    def test_zip_and_gzip_are_opened(self, store, config):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("inner.csv", CSV)
            archive.writestr("__MACOSX/._inner.csv", b"\0")
        assert uploads.examine(config, store(packed.getvalue())).records == 2
        assert uploads.examine(config, store(gzip.compress(CSV))).records == 2

    def test_two_files_in_a_zip_are_refused_by_name(self, store, config):
        """issue: two files in a zip."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.csv", CSV)
            archive.writestr("b.csv", CSV)
        seen = uploads.examine(config, store(packed.getvalue()))
        assert seen.code == "several_files"
        assert "“a.csv”" in seen.refusal

    def test_a_zip_bomb_stops_at_the_limit(self, store, config):
        """issue: a zip bomb; rules 1.2."""
        small = replace(config, MAX_UNPACKED_BYTES=500_000)
        seen = uploads.examine(small, store(gzip.compress(CSV + b"x" * 10_000_000)))
        assert seen.code == "unpacked_too_large"

    def test_a_deleted_file_says_when(self, store, config):
        upload = store()
        upload.deleted_at = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)
        with pytest.raises(Refused, match="deleted on 3 May 2026"):
            uploads.examine(config, upload)

    def test_a_file_that_is_gone_is_said_so(self, store, config):
        upload = store()
        uploads.path_of(config, upload).unlink()
        with pytest.raises(Refused, match="not on this machine"):
            uploads.examine(config, upload)


class TestDeleting:
    def test_an_upload_never_launched_is_deleted_after_a_day(self, store, session, config):
        """rules 1.1"""
        upload = store()
        moment = upload.created_at + dt.timedelta(hours=23)
        assert uploads.delete_expired(session, config, moment) == 0
        moment += dt.timedelta(hours=2)
        assert uploads.delete_expired(session, config, moment) == 1
        assert files(config) == []
        assert session.scalars(select(Upload)).one().deleted_at == moment

    @pytest.mark.parametrize(
        ("status", "days", "deleted"),
        [
            ("finished", 15, True),
            ("finished", 13, False),
            ("failed", 15, True),
            ("cancelled", 15, True),
            ("undone", 15, True),
            ("paused", 400, False),
            ("running", 400, False),
        ],
    )
    def test_a_launched_one_goes_two_weeks_after_its_task_ended(self, store, session, config, status, days, deleted):
        """product 4: the record stays."""
        upload = store()
        ended = now() if status not in ("paused", "running") else None
        session.add(_task(upload, status, ended))
        (uploads.folder_of(config) / f"{upload.name}.work").write_bytes(CSV)
        assert uploads.delete_expired(session, config, now() + dt.timedelta(days=days)) == deleted
        assert (files(config) == []) == deleted
        assert bool(upload.deleted_at) == deleted

    def test_a_file_stays_while_one_of_its_tasks_is_open(self, store, session, config):
        upload = store()
        session.add_all([_task(upload, "finished", now()), _task(upload, "paused", None)])
        assert uploads.delete_expired(session, config, now() + dt.timedelta(days=400)) == 0

    def test_what_a_killed_process_left_is_swept_up(self, store, session, config):
        store()
        stray = uploads.folder_of(config) / ("0" * 32 + ".part")
        stray.write_bytes(b"half")
        assert uploads.delete_expired(session, config, now() + dt.timedelta(hours=1)) == 0
        assert stray.exists()
        uploads.delete_expired(session, config, now() + dt.timedelta(hours=25))
        assert not stray.exists()


def _task(upload, status, finished_at):
    return Task(
        kind="import", status=status, upload=upload, dialect={}, header=[], columns=[], settings={}, created_at=now(),
        finished_at=finished_at,
    )  # fmt: skip
