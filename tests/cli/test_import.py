"""`import` from the shell (product 6), and bad input, each with a sentence and status 1 (issue: bad input)."""

import gzip
import io
import json
import os
import pty
import subprocess
import sys
import zipfile

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cdpweb.cli import cli
from cdpweb.domain.settings import NO_ACTION, Conflicts, DateOrder, EmptyCells, ImportSettings, Switch, WriteMode
from cdpweb.extensions import db
from cdpweb.models import ActionTemplate, ApiEndpoint, Customer, Segment, Task, Touchpoint
from cdpweb.services import tasks
from cdpweb.services.catalog.kinds import (
    ACTION_TEMPLATES,
    API_ENDPOINTS,
    CUSTOM_FIELDS,
    SEGMENT_GROUPS,
    SEGMENTS,
    TOUCHPOINTS,
)

CLEAN = "Email,FirstName\nanna@example.com,Anna\nben@example.com,Ben\n"
SEED = (
    "Email,FirstName,LastName,IsSubscribed,CustomFieldSummerSports\n"
    "steven.wilson000@yahoo.com,Steven,Wilson,true,Running\n"
)
NOBODY = "unix:///nowhere/broker.sock"


def read(shell, statement):
    with shell.app.app_context(), db.session() as session:
        return session.scalars(statement).all()


def settings_of(shell):
    with shell.app.app_context(), db.session() as session:
        task = session.scalars(select(Task).order_by(Task.id.desc())).first()
        return ImportSettings.from_json(task.settings)


class TestFinishing:
    def test_the_json_is_one_object_with_exactly_its_keys(self, shell):
        """product 6"""
        loaded = shell.load("Email,MobilePhone\na@example.com,12\n,\nx,\n")
        problems = loaded.pop("problems")
        assert loaded == {
            "task": 1, "status": "finished", "rows": 3, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1,
            "blank": 1, "warnings": 2, "customers": 1,
        }  # fmt: skip
        assert problems[0] == {
            "code": "no_identifier", "severity": "error", "column": None, "count": 1,
            "samples": [{"record": 3, "line": 4, "value": None}],
        }  # fmt: skip
        assert {one["column"] for one in problems[1:]} == {"Email", "MobilePhone"}

    def test_the_seed_s_own_example_loads(self, shell, base):
        """issue: shown by"""
        base(CUSTOM_FIELDS, system_name="SummerSports", name="Summer sports", type="text")
        assert shell.load(SEED)["created"] == 1
        [customer] = read(shell, select(Customer))
        assert (customer.first_name, customer.custom) == ("Steven", {"SummerSports": "Running"})
        assert customer.consents["IsSubscribed"].startswith("in ")

    def test_words_say_what_became_of_it(self, shell):
        result = shell("import", shell.file(CLEAN))
        assert result.exit_code == 0
        assert result.stdout.splitlines()[:2] == [
            "Task 1 finished: 2 rows.",
            "  created 2 · updated 0 · unchanged 0 · rejected 0 · blank 0",
        ]
        assert result.stderr == ""

    def test_rejected_rows_end_with_3_where_that_is_asked_for(self, shell):
        """product 6: exit status"""
        file = shell.file("Email\na@example.com\nnobody\n")
        assert shell("import", file).exit_code == 0
        assert shell("import", file, "--fail-on-rejected").exit_code == 3
        assert shell("import", shell.file(CLEAN), "--fail-on-rejected").exit_code == 0

    def test_it_needs_no_broker(self, shell):
        """product 6: where none answers it works without a lease."""
        result = shell("import", shell.file(CLEAN), "--json", broker=NOBODY)
        assert (result.exit_code, json.loads(result.stdout)["created"]) == (0, 2)

    def test_the_same_file_again_is_noted_with_the_earlier_task(self, shell):
        """product 4"""
        shell.load(CLEAN)
        result = shell("import", shell.file(CLEAN))
        assert result.exit_code == 0
        assert "launched before, as task 1 (finished)" in result.stderr

    def test_packed_files_are_opened(self, shell):
        """rules 1.2"""
        assert shell.load(gzip.compress(CLEAN.encode()))["created"] == 2

    def test_a_new_base_gets_its_tables(self, empty_database, tmp_path):
        file = tmp_path / "customers.csv"
        file.write_text(CLEAN)
        environment = {"CDPWEB_INSTANCE": str(tmp_path / "new"), "DATABASE_URL": empty_database, "REDIS_URL": NOBODY}
        assert CliRunner(env=environment).invoke(cli, ["import", str(file)]).exit_code == 0

    def test_a_terminal_sees_a_progress_bar(self, shell):
        """product 6; on standard error, so that the JSON stays clean."""
        rows = "".join(f"p{number}@example.com\n" for number in range(500))
        ours, theirs = pty.openpty()
        environment = os.environ | shell.environment | {"REDIS_URL": NOBODY, "CDPWEB_BLOCK_BYTES": "2000"}
        done = subprocess.run(
            [sys.executable, "-m", "cdpweb", "import", shell.file("Email\n" + rows), "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True,
        )  # fmt: skip
        os.close(theirs)
        shown = os.read(ours, 100_000).decode()
        os.close(ours)
        assert json.loads(done.stdout)["created"] == 500
        assert "of 500 rows" in shown
        assert "▓" in shown


class TestOptions:
    def test_every_setting_arrives(self, shell, base):
        """product 6; rules 3"""
        base(TOUCHPOINTS, external_id="fair", name="Fair")
        base(API_ENDPOINTS, system_name="Website", name="Website", touchpoint="fair")
        base(ACTION_TEMPLATES, system_name="Survey", name="Survey")
        base(SEGMENT_GROUPS, system_name="Loyalty", name="Loyalty level", external_id="loy")
        base(SEGMENTS, group="Loyalty", system_name="Gold", name="Gold", external_id="g")
        shell.load(
            CLEAN, "--task", "add", "--endpoint", "website", "--touchpoint", "fair", "--segment", "loy/g",
            "--source-action", "survey", "--existing-action", "none", "--action-date", "2026-05-31T14:30+02:00",
            "--phone-country", "uk", "--empty", "erase", "--conflicts", "strongest", "--date-order", "mdy",
            "--allow-resubscribe", "--action-for-unchanged", "--fill", "firstname", "--never", "Last Name",
        )  # fmt: skip
        settings = settings_of(shell)
        [segment], [endpoint] = read(shell, select(Segment)), read(shell, select(ApiEndpoint).filter_by(name="Website"))
        [touchpoint] = read(shell, select(Touchpoint).filter_by(name="Fair"))
        [survey] = read(shell, select(ActionTemplate).filter_by(name="Survey"))
        assert settings.task == "add"
        assert (settings.api_endpoint_id, settings.touchpoint_id) == (endpoint.id, touchpoint.id)
        assert (settings.segment_ids, settings.source_template_id) == ((segment.id,), survey.id)
        assert settings.existing_template_id == NO_ACTION
        assert settings.action_date.isoformat() == "2026-05-31T12:30:00+00:00"
        assert (settings.phone_country, settings.date_order) == ("GB", DateOrder.MONTH_FIRST)
        assert (settings.empty_cells, settings.conflicts) == (EmptyCells.ERASE, Conflicts.STRONGEST)
        assert settings.allow_resubscribe
        assert settings.action_for_unchanged
        assert settings.write_modes == {"FirstName": WriteMode.FILL, "LastName": WriteMode.NEVER}

    def test_a_mapped_settings_column_implies_its_switch(self, shell):
        """product 6; rules 3"""
        shell.load("Email,Land\na@example.com,DE\n", "--map", "Land=PhoneCountry")
        assert settings_of(shell).from_file == {Switch.PHONE_COUNTRY}

    def test_a_named_switch_requires_its_column(self, shell):
        """rules 3"""
        said = shell.refused(CLEAN, "--from-file", "touchpoint,date")
        assert "SourcePointOfContact or LastUpdatePointOfContact" in said
        assert "SourceDateTime" in said

    def test_segments_are_created_once(self, shell):
        """product 6: the same command may be run again."""
        options = ("--segment", "May fair/Stand 7", "--create-segment")
        assert [shell.load(CLEAN, *options)["updated"] for _ in range(2)] == [0, 0]
        [segment] = read(shell, select(Segment))
        assert (segment.name, segment.system_name) == ("Stand 7", "Stand7")

    def test_the_file_is_read_as_the_options_say(self, shell):
        text = "made by a shop\nEmail\tName\n'a@example.com'\t'J\xf6rg'\n".encode("latin-1")
        shell.load(
            text, "--encoding", "latin1", "--delimiter", "tab", "--quote", "'", "--header-line", "2",
            "--map", "Name=FirstName",
        )  # fmt: skip
        assert read(shell, select(Customer.first_name)) == ["Jörg"]

    def test_map_is_split_at_the_last_equals_sign(self, shell):
        """product 6"""
        shell.load("a=b,Vorname\na@example.com,Anna\n", "--map", "a=b=Email", "--map", "VORNAME = FirstName")
        assert read(shell, select(Customer.first_name)) == ["Anna"]

    def test_columns_are_skipped_by_name_or_all_at_once(self, shell):
        """rules 1.5"""
        text = "Email,Notes,Sales rep,Fax,FirstName\na@example.com,x,y,z,\n"
        assert "“Notes” fills nothing" in shell.refused(text, "--skip", "Sales rep", "--skip", "Fax")
        loaded = shell.load(text, "--skip", "notes", "--skip-unknown", "--skip-empty")
        assert loaded["created"] == 1

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--endpoint", "shop"), "--endpoint: There is no “shop” here; there are “cdpweb”"),
            (("--touchpoint", "shop"), "--touchpoint: There is no “shop” here"),
            (("--source-action", "Survey"), "there are “CustomerCreation”, “CustomerEdit”"),
            (("--existing-action", "Survey"), "--existing-action: There is no “Survey” here"),
            (("--segment", "Gold"), "--segment: “Gold” needs the form GROUP/SEGMENT"),
            (("--segment", "Loyalty/Gold"), "Create it with --create-segment"),
            (("--action-date", "tomorrow"), "Write it as 2026-05-31T14:30"),
            (("--action-date", "2999-01-01"), "lies in the future"),
            (("--action-date", "0001-01-01T00:00+14:00"), "--action-date"),
            (("--phone-country", "Germany"), "“Germany” is no country"),
            (("--from-file", "weather"), "“weather” is none of endpoint, touchpoint"),
            (("--map", "Email"), "needs the form “FILE COLUMN=Field”"),
            (("--map", "Mail=Email"), "The file has no column “Mail”; it has “Email”, “FirstName”"),
            (("--map", "FirstName=Height"), "There is no field “Height”"),
            (("--skip", "Mail"), "--skip: The file has no column “Mail”"),
            (("--fill", "Height"), "--fill: There is no field “Height”"),
            (("--fill", "LastName", "--never", "LastName"), "cannot be both"),
            (("--never", "IsSubscribed"), "“IsSubscribed” is no field of a customer"),
            (("--encoding", "klingon"), "“klingon” is not an encoding offered here"),
            (("--delimiter", ",,"), "must be one character"),
            (("--quote", ","), "Choose two different"),
            (("--header-line", "9"), "on line 9, but the file has 3 lines"),
            (("--description", "x" * 1001), "shorten it to 1,000"),
            (("--description", "\udcff"), "--description is not valid"),
            (("--plan",), "--plan comes later"),
        ],
    )
    def test_what_cannot_be_is_refused_by_its_option(self, shell, options, words):
        assert words in shell.refused(CLEAN, *options)

    def test_all_that_is_wrong_is_said_at_once(self, shell):
        said = shell.refused(CLEAN, "--endpoint", "a", "--phone-country", "b", "--skip", "c", "--skip", "d")
        assert len(said.splitlines()) == 4

    def test_local_times_are_the_project_s(self, shell):
        """rules 2.7: an ambiguous time is the earlier, a missing one is moved on by the gap."""
        with shell.app.app_context():
            db.session.info["writes"] = True
            db.session.execute(db.text("UPDATE project SET time_zone = 'Europe/Berlin'"))
            db.session.commit()
        for said, meant in [
            ("2026-05-31", "2026-05-30T22:00:00+00:00"),
            ("2025-10-26T02:30", "2025-10-26T00:30:00+00:00"),
            ("2026-03-29T02:30", "2026-03-29T01:30:00+00:00"),
        ]:
            shell.load(CLEAN, "--action-date", said)
            assert settings_of(shell).action_date.isoformat() == meant


class TestNotAsking:
    """The shell does not ask: it ends with 1, naming column and option, and nothing is written (rules 2.7)."""

    def failed(self, shell, text, *options):
        result = shell("import", shell.file(text), *options, "--json")
        report = json.loads(result.stdout)
        assert (result.exit_code, report["status"], report["rows"]) == (1, "failed", 0)
        assert read(shell, select(Customer.id)) == []
        assert read(shell, select(Task.reason).filter_by(id=report["task"])) == [result.stderr.strip()]
        return result.stderr

    def test_about_the_order_of_dates(self, shell):
        text = "Email,Born\na@example.com,03/04/1990\n"
        said = self.failed(shell, text, "--map", "Born=BirthDate")
        assert "“Born” (03/04/1990)" in said
        assert "--date-order dmy" in said
        assert shell.load(text, "--map", "Born=BirthDate", "--date-order", "dmy")["created"] == 1

    def test_about_empty_columns(self, shell):
        text = "Email,FirstName,Fax\na@example.com,,\n"
        said = self.failed(shell, text, "--skip", "Fax")
        assert "“FirstName”" in said
        assert "--skip-empty" in said
        assert shell.load(text, "--skip", "Fax", "--skip-empty")["created"] == 1

    def test_about_values_below_an_empty_header(self, shell):
        text = "Email,\n" + "".join(f"p{n}@example.com,\n" for n in range(60_000)) + "last@example.com,secret\n"
        assert "--skip-unknown" in self.failed(shell, text)

    def test_unknown_values_of_settings_reject_their_rows(self, shell):
        """rules 2.3: unknown touchpoint, action or segment in a row."""
        text = (
            "Email,SourcePointOfContact,SourceActionTemplate,SegmentSurvey\n"
            "a@example.com,nowhere,,\nb@example.com,,Nothing,\nc@example.com,,,Nobody\nd@example.com,cdpweb,CustomerCreation,Spring\n"
        )
        loaded = shell.load(text, "--segment", "Survey/Spring", "--create-segment")
        assert (loaded["created"], loaded["rejected"]) == (1, 3)
        assert [(one["code"], one["column"], one["samples"][0]["value"]) for one in loaded["problems"]] == [
            ("unknown_setting_value", "SegmentSurvey", "Nobody"),
            ("unknown_setting_value", "SourceActionTemplate", "Nothing"),
            ("unknown_setting_value", "SourcePointOfContact", "nowhere"),
        ]


def _zipped(**contents):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


class TestBadInput:
    """issue: bad input. Each gets a sentence that says what is wrong, where and what to do."""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            pytest.param(b"", ["has no bytes", "Export it again"], id="empty file"),
            pytest.param(b"Email\n", ["no rows after it", "line 1", "Add the customers"], id="header only"),
            pytest.param(b"Name,Age\nx,1\n", ["No column identifies", "Email, MobilePhone"], id="no identifier"),
            pytest.param(b"Email,e-mail\na,b\n", ["“Email” and “e-mail”", "Skip all but one"], id="column twice"),
            pytest.param(
                "Email\na@example.com\nJörg\n".encode("latin-1"), ["line 3", "save the file as UTF-8"], id="encoding"
            ),
            pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99, ["spreadsheet", "File › Save As"], id="xls"),
            pytest.param(_zipped(xl_workbook_xml="x", **{"xl/workbook_xml": "x"}), ["spreadsheet"], id="xlsx"),
            pytest.param(b"\0" * 5000, ["not a CSV file"], id="all NUL"),
            pytest.param(b'"Email\na@example.com\n', ["quote is not closed", "line 1"], id="unclosed in header"),
            pytest.param(_zipped(a_csv=CLEAN, b_csv=CLEAN), ["“a.csv”", "exactly one"], id="two in a zip"),
            pytest.param(_zipped(a_zip="x"), ["another archive", "Unpack it"], id="zip in a zip"),
            pytest.param(gzip.compress(CLEAN.encode())[:-9], ["damaged", "upload it again"], id="damaged gzip"),
        ],
    )
    def test_is_refused_with_a_sentence(self, shell, content, words):
        said = shell.refused(content)
        assert all(word in said for word in words), said

    def test_a_file_over_the_byte_limit(self, shell, monkeypatch):
        """rules 1.2"""
        monkeypatch.setenv("CDPWEB_MAX_UPLOAD_BYTES", "50")
        assert "larger than 50 bytes" in shell.refused(CLEAN)

    def test_a_zip_bomb(self, shell, monkeypatch):
        """rules 1.2: also where only the whole file shows it."""
        monkeypatch.setenv("CDPWEB_MAX_UNPACKED_BYTES", "3000000")
        bomb = _zipped(bomb_csv="Email\n" + "a@example.com\n" * 500_000)
        result = shell("import", shell.file(bomb))
        assert result.exit_code == 1
        assert "larger than 3 MB. Split it" in result.stderr
        assert read(shell, select(Task.status)) == ["failed"]

    def test_a_disk_nearly_full(self, shell, monkeypatch):
        """rules 1.2"""
        monkeypatch.setenv("CDPWEB_FREE_DISK_RESERVE_BYTES", str(10**18))
        assert "There is not enough disk space" in shell.refused(CLEAN)

    def test_a_wrong_encoding_deep_in_the_file(self, shell):
        """rules 1.3: the first bad byte and its line are named; nothing is written."""
        text = b"Email\n" + b"a@example.com\n" * 100_000 + b"J\xf6rg\n"
        result = shell("import", shell.file(text))
        assert result.exit_code == 1
        assert "on line 100,002" in result.stderr
        assert read(shell, select(Customer.id)) == []

    def test_the_wrong_delimiter(self, shell):
        """A one-column file: what it is taken for is said, and what to check."""
        said = shell.refused("Email;FirstName\na@example.com;Anna\n", "--delimiter", ",")
        assert "check the delimiter" in said
        assert "“Email;FirstName”" in said

    def test_300_unknown_columns_are_not_300_lines(self, shell):
        header = ",".join(["Email", *(f"Attribute {number}" for number in range(299))])
        said = shell.refused(f"{header}\na@example.com{',x' * 299}\n")
        assert len(said.splitlines()) < 30
        assert "--skip-unknown" in said

    def test_rows_that_are_wrong_are_problems_with_a_place(self, shell):
        """Unclosed quote, ragged rows, NUL bytes, a 5 MB cell, names longer than allowed."""
        rows = [
            "a@example.com,Anna,extra", "b@example.com", 'c@example.com,"Cecil', "d@example.com,Da\0ve",
            f'e@example.com,"{"x" * 5_000_000}"', "f@example.com," + "y" * 101,
        ]  # fmt: skip
        loaded = shell.load("Email,FirstName\n" + "\n".join(rows))
        assert {(one["code"], sample["line"]) for one in loaded["problems"] for sample in one["samples"]} == {
            ("too_many_cells", 2), ("too_few_cells", 3), ("malformed_record", 4), ("nul_in_cell", 5),
            ("malformed_record", 6), ("text_too_long", 7),
        }  # fmt: skip

    @pytest.mark.parametrize("path", ["nothing.csv", "."])
    def test_a_file_that_cannot_be_opened(self, shell, tmp_path, path):
        result = shell("import", tmp_path / path)
        assert result.exit_code == 1
        assert "cannot be read" in result.stderr


class TestSteeringMeanwhile:
    def test_a_cancelled_import_says_up_to_where(self, shell, monkeypatch):
        """product 4; another process cancels while the import runs in the foreground."""
        monkeypatch.setenv("CDPWEB_BLOCK_BYTES", "1000")
        monkeypatch.setattr("cdpweb.cli.progress.Bar.show", lambda bar: _cancel(shell, bar))
        result = shell("import", shell.file("Email\n" + "".join(f"p{n}@example.com\n" for n in range(500))))
        assert result.exit_code == 1
        assert "Task 1 is cancelled; rows up to" in result.stderr
        assert 0 < len(read(shell, select(Customer.id))) < 500

    def test_an_interrupted_import_goes_on_with_a_worker(self, shell, monkeypatch):
        """product 6: killed, a worker takes over."""
        monkeypatch.setenv("CDPWEB_BLOCK_BYTES", "1000")
        monkeypatch.setattr("cdpweb.cli.progress.Bar.show", _interrupt)
        result = shell("import", shell.file("Email\n" + "".join(f"p{n}@example.com\n" for n in range(500))))
        assert result.exit_code == 130
        assert "Task 1 goes on as soon as a worker runs" in result.stderr
        from cdpweb import jobs

        with shell.app.app_context():
            jobs.run_task(1)
        assert read(shell, select(Task.status)) == ["finished"]
        assert len(read(shell, select(Customer.id))) == 500


def _cancel(shell, _bar):
    with shell.app.app_context(), db.session() as session:
        session.info["writes"] = True
        task = tasks.get(session, 1)
        if "cancel" in tasks.possible_acts(task):
            tasks.cancel(session, task)
            session.commit()


def _interrupt(_bar):
    raise KeyboardInterrupt


def test_two_imports_at_once_take_turns(shell, tmp_path):
    """product 6: a second one waits its turn; nothing is lost, nobody sees "database is locked"."""
    files = [
        shell.file("Email\n" + "".join(f"{name}{n}@example.com\n" for n in range(300)), f"{name}.csv")
        for name in ("a", "b")
    ]
    environment = os.environ | shell.environment | {"CDPWEB_BLOCK_BYTES": "1000"}
    running = [
        subprocess.Popen([sys.executable, "-m", "cdpweb", "import", file], env=environment, stderr=subprocess.PIPE)
        for file in files
    ]
    said = [one.communicate()[1] for one in running]
    assert ([one.returncode for one in running], said) == ([0, 0], [b"", b""])
    assert len(read(shell, select(Customer.id))) == 600


def test_an_import_does_not_load_what_only_pages_or_rare_files_need() -> None:
    rare = ("alembic", "chardet", "flask_security", "rapidfuzz", "rq", "sqlalchemy.dialects.postgresql")
    told = f"import sys, cdpweb.cli.imports, cdpweb.bare; print([name for name in {rare} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout == "[]\n"
