"""Imports are surveyed and launched: a task, and what it needs, or nothing at all (rules 1.1, 1.5, 3)."""

import datetime as dt
import io
import threading

import pytest
from sqlalchemy import func, select

from cdpweb import queueing, watchdog
from cdpweb.domain.fields import fields
from cdpweb.domain.mapping import SKIP, How
from cdpweb.domain.settings import NO_ACTION, ImportSettings, Switch, WriteMode
from cdpweb.domain.tasks import TaskKind
from cdpweb.extensions import current_config, db
from cdpweb.models import ActionTemplate, Segment, SegmentGroup, Task
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.reading.dialect import Dialect
from cdpweb.services import uploads
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import SEGMENT_GROUPS, SEGMENTS
from cdpweb.services.imports import FileSettings, Launch, NewSegment, NewTemplate, create_task, survey
from cdpweb.services.on_the_spot import system_name_from
from cdpweb.services.refused import Refused
from cdpweb.services.settings_check import fields_with_mode

CSV = "Email,FirstName\nanna@example.com,Anna\n"


@pytest.fixture
def store(session):
    def store(text=CSV):
        return uploads.store(session, current_config(), io.BytesIO(text.encode()), "customers.csv")

    return store


@pytest.fixture
def launch(session, store):
    """Launch a file with these settings."""

    def launch(text=CSV, upload=None, **said):
        return create_task(session, current_config(), Launch(upload or store(text), **said))

    return launch


@pytest.fixture
def refusals(launch, session):
    """The sentences with which a launch is refused; nothing of it may stay."""

    def refusals(*arguments, **said):
        before = _everything(session)
        with pytest.raises(Refused) as refused:
            launch(*arguments, **said)
        assert _everything(session) == before
        return refused.value.sentences

    return refusals


def _everything(session):
    return [
        session.scalar(select(func.count()).select_from(one)) for one in (Task, Segment, SegmentGroup, ActionTemplate)
    ]


class TestSurvey:
    def test_a_clean_file_needs_nothing(self, session, store):
        """product 2"""
        seen = survey(session, current_config(), store())
        assert seen.findings == ()
        assert seen.layout.fields == ("Email", "FirstName")
        assert seen.earlier is None

    def test_a_mapped_settings_column_turns_its_switch_on_visibly(self, session, store):
        """rules 3"""
        upload = store("Email,PhoneCountry\na@example.com,DE\n")
        seen = survey(session, current_config(), upload)
        assert (seen.switches, seen.findings) == ({Switch.PHONE_COUNTRY}, ())
        off = survey(session, current_config(), upload, from_file=frozenset())
        assert [finding.code for finding in off.findings] == ["switched_off_column"]

    def test_nameless_columns_over_nothing_are_dropped(self, session, store):
        """rules 1.4"""
        seen = survey(session, current_config(), store("Email,,\na@example.com,,x\n"))
        assert [column.how for column in seen.layout.columns] == [How.KNOWN, How.NAMELESS, How.IRRELEVANT]

    def test_a_file_that_cannot_be_read_has_no_layout(self, session, store):
        seen = survey(session, current_config(), store("Email\n"))
        assert (seen.layout, seen.findings, seen.examination.code) == (None, (), "no_records")

    def test_the_same_bytes_launched_before_are_told_with_the_task(self, session, store, launch):
        """product 4: the same file launched twice."""
        first, second = launch(), launch()
        again = survey(session, current_config(), store())
        assert again.earlier is second
        assert uploads.earlier_task(session, second.upload, besides=second) is first


class TestLaunch:
    def test_everything_is_frozen_into_the_task(self, session, launch):
        """product 2: dialect, encoding, mapping and settings are frozen into the task."""
        settings = ImportSettings(
            task=TaskKind.EDIT, phone_country="DE", action_date=dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
            write_modes={"FirstName": WriteMode.FILL}, existing_template_id=NO_ACTION,
        )  # fmt: skip
        task = launch(
            "sep=;\nE-Mail;FirstName;Notes\na@example.com;Anna;x\n",
            settings=settings, description=" May survey ", decisions={2: SKIP}, skip_empty=True,
            reject_unknown_values=True, author="anna",
        )  # fmt: skip
        session.commit()
        session.expire_all()
        assert (task.kind, task.status, task.description, task.author) == ("edit", "waiting", "May survey", "anna")
        assert ImportSettings.from_json(task.settings) == settings
        assert Dialect.from_json(task.dialect) == Dialect("utf-8", ";", '"', 2)
        assert (task.header, task.columns) == (["E-Mail", "FirstName", "Notes"], ["Email", "FirstName", None])
        assert task.answers == {"empty_columns": "skip", "unknown_setting_values": "reject"}

    def test_the_file_is_read_as_the_person_says(self, launch):
        task = launch(
            "junk\nEmail|Name\na@example.com|x\n",
            file=FileSettings(encoding="windows-1252", delimiter="|", quote="", header_line=2),
            skip_unknown=True,
        )
        assert Dialect.from_json(task.dialect) == Dialect("windows-1252", "|", "", 2)
        assert task.columns == ["Email", None]

    def test_the_same_form_twice_makes_one_task(self, launch, session):
        """rules 1.1; issue: the same form sent twice."""
        first = launch(form_token="token")
        again = launch("Email\nother@example.com\n", form_token="token", new_segments=(NewSegment("A", None, "B"),))
        assert again is first
        assert session.scalar(select(func.count()).select_from(Segment)) == 0

    def test_the_same_form_at_the_same_moment_makes_one_task(self, app, session, store):
        """rules 1.1"""
        upload_name = store().name
        session.commit()
        ids, barrier = [], threading.Barrier(4)

        def send():
            with app.app_context():
                db.session.info["writes"] = True
                barrier.wait()
                upload = uploads.by_name(db.session, upload_name)
                task = create_task(db.session, current_config(), Launch(upload, form_token="token"))
                db.session.commit()
                ids.append(task.id)

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 4
        assert len(set(ids)) == 1

    def test_forms_without_a_token_are_told_apart(self, launch):
        assert launch() is not launch()

    @pytest.mark.parametrize(
        ("text", "field", "words"),
        [
            ("FirstName\nAnna\n", "columns", "No column identifies the customers"),
            ("Email,e_mail\na@example.com,b@example.com\n", "column-0", "Skip all but one"),
            ("Email,Sales rep\na@example.com,x\n", "column-1", "“Sales rep” fills nothing"),
            ("Email,SegmentExternalId\na@example.com,x\n", "column-1", "fills nothing"),
            ("Email,ApiEndpoint\na@example.com,cdpweb\n", "column-1", "is off for it"),
            ("Email\n", "file", "no rows after it"),
            ("\n", "header_line", "choose another header line"),
            ("\ufeffEmail;Name\r\na@example.com;\u00e9\r\n".encode().decode("latin-1"), "columns", "No column"),
        ],
    )
    def test_what_the_header_shows_is_refused_by_name(self, refusals, text, field, words):
        """rules 1.5; issue: no identifier column, the same column twice, header only, empty file."""
        assert words in refusals(text)[field]

    def test_a_wrong_encoding_is_refused_at_its_field(self, refusals, session):
        """rules 1.3; issue: wrong encoding."""
        upload = uploads.store(session, current_config(), io.BytesIO("Email\nJörg".encode("latin-1")), "a.csv")
        assert "line 2" in refusals(upload=upload)["encoding"]

    def test_everything_wrong_is_said_at_once(self, refusals):
        said = refusals(
            "FirstName,Notes\nAnna,x\n",
            description="x" * 1001,
            settings=ImportSettings(phone_country="XX", api_endpoint_id=99, from_file=frozenset({Switch.DATE})),
            new_segments=(NewSegment("", None, "Group"),),
        )
        assert set(said) == {"description", "phone_country", "endpoint", "segment", "columns", "column-1"}
        assert "No column identifies" in said["columns"]
        assert "SourceDateTime" in said["columns"]

    @pytest.mark.parametrize(
        ("settings", "field"),
        [
            ({"api_endpoint_id": 99}, "endpoint"),
            ({"touchpoint_id": 99}, "touchpoint"),
            ({"source_template_id": 99}, "source_action"),
            ({"source_template_id": NO_ACTION}, "source_action"),
            ({"existing_template_id": 99}, "existing_action"),
            ({"segment_ids": (99,)}, "segment"),
            ({"phone_country": "Germany"}, "phone_country"),
            ({"action_date": dt.datetime(1899, 12, 31, tzinfo=dt.UTC)}, "action_date"),
            ({"action_date": now() + dt.timedelta(hours=1)}, "action_date"),
            ({"write_modes": {"Height": WriteMode.NEVER}}, "write_modes"),
            ({"write_modes": {"IsSubscribed": WriteMode.NEVER}}, "write_modes"),
        ],
    )
    def test_settings_that_cannot_be_are_refused_at_their_field(self, refusals, settings, field):
        assert list(refusals(settings=ImportSettings(**settings))) == [field]

    def test_customer_ids_are_refused_in_add(self, refusals):
        """rules 5.6"""
        said = refusals("Email,MindboxId\na@example.com,1\n", settings=ImportSettings(task=TaskKind.ADD))
        assert "only adds new ones" in said["column-1"]

    def test_a_file_that_was_deleted_is_refused_with_the_date(self, refusals, store, session):
        upload = store()
        upload.deleted_at = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)
        session.flush()
        assert "3 May 2026" in refusals(upload=upload)["file"]

    def test_300_columns_are_surveyed_and_skipped_in_one_act(self, launch):
        """issue: a 300-column file."""
        header = ",".join(["Email", *(f"Attribute {n}" for n in range(299))])
        task = launch(f"{header}\na@example.com{',x' * 299}\n", skip_unknown=True)
        assert task.columns == ["Email", *[None] * 299]


class TestOnTheSpot:
    """rules 1.1: with the task in one transaction, or not at all."""

    def test_group_segment_and_templates_are_created_with_the_task(self, launch, session):
        task = launch(
            new_segments=(NewSegment("Spring fair", None, "May survey"),),
            new_source_template=NewTemplate("Filled in May ’22 survey"),
            new_existing_template=NewTemplate("Опрос в мае"),
        )
        settings = ImportSettings.from_json(task.settings)
        segment = session.get(Segment, settings.segment_ids[0])
        assert (segment.system_name, segment.name) == ("SpringFair", "Spring fair")
        assert segment.group.system_name == "MaySurvey"
        source = session.get(ActionTemplate, settings.source_template_id)
        assert (source.system_name, source.name) == ("FilledInMay22Survey", "Filled in May ’22 survey")
        assert session.get(ActionTemplate, settings.existing_template_id).system_name == "ActionTemplate"

    def test_a_segment_may_join_a_group_that_is_there(self, launch, session):
        group = create(session, SEGMENT_GROUPS, {"system_name": "Loyalty", "name": "Loyalty level"})
        task = launch(new_segments=(NewSegment("Gold", group.id),))
        assert session.get(Segment, ImportSettings.from_json(task.settings).segment_ids[0]).group is group

    def test_a_refused_launch_leaves_nothing_of_it(self, refusals):
        new = (NewSegment("Spring", None, "Survey"),)
        assert list(refusals("FirstName\nAnna\n", new_segments=new)) == ["columns"]

    def test_a_column_may_fill_a_group_created_with_it(self, launch):
        task = launch(
            "Email,SegmentSurvey\na@example.com,Spring\n",
            settings=ImportSettings(from_file=frozenset({Switch.SEGMENT})),
            new_segments=(NewSegment("Spring", None, "Survey"),),
        )
        assert task.columns == ["Email", "SegmentSurvey"]

    def test_the_name_of_something_that_is_there_means_that(self, refusals, session):
        create(session, SEGMENT_GROUPS, {"system_name": "Loyalty", "name": "Loyalty level"})
        said = refusals(new_segments=(NewSegment("Gold", None, "loyalty LEVEL"),))
        assert "There is a segment group “loyalty LEVEL” already" in said["segment"]

    def test_one_name_in_two_groups_is_no_namesake(self, launch, session):
        group = create(session, SEGMENT_GROUPS, {"system_name": "A", "name": "A"})
        create(session, SEGMENTS, {"group": "A", "system_name": "Gold", "name": "Gold"})
        launch(new_segments=(NewSegment("Gold", None, "B"),))
        assert session.scalar(select(func.count()).where(Segment.group_id != group.id)) == 1

    def test_two_segments_of_one_group_are_refused(self, refusals, session):
        """rules 3: a customer is in at most one segment of a group."""
        group = create(session, SEGMENT_GROUPS, {"system_name": "A", "name": "Level"})
        said = refusals(new_segments=(NewSegment("Gold", group.id), NewSegment("Silver", group.id)))
        assert "2 segments of the group “Level”" in said["segment"]

    @pytest.mark.parametrize(
        ("name", "system_name"),
        [
            ("Spring survey", "SpringSurvey"),
            ("größte Läden", "GrossteLaden"),
            ("2026 fair", "Fair"),
            ("iPhone users", "IPhoneUsers"),
            ("Опрос", ""),
            ("x" * 80, "X" + "x" * 63),
        ],
    )
    def test_system_names_are_made_from_names(self, name, system_name):
        assert system_name_from(name) == system_name

    def test_system_names_taken_get_a_number(self, launch, session):
        for name in ("Опрос", "Отзыв"):
            launch(new_source_template=NewTemplate(name))
        names = session.scalars(select(ActionTemplate.system_name).order_by(ActionTemplate.id)).all()
        assert names[-2:] == ["ActionTemplate", "ActionTemplate2"]


def test_a_task_launched_while_the_broker_is_down_is_committed_and_waits(app, session, launch):
    """issue: broker down at launch; the watchdog rings for open tasks when the broker is back."""
    app.config["BROKER_URL"] = f"unix://{app.instance_path}/nobody.sock"
    task = launch()
    session.commit()
    with pytest.raises(queueing.BrokerDown, match="starts by itself when the queue is back"):
        queueing.ring(task.id)
    assert watchdog.open_tasks() == [task.id]


def test_write_modes_are_offered_for_what_a_file_writes(session):
    """rules 2.2: a full name writes its parts; an ID of our own, consents and settings are never overwritten."""
    mapped = ["Email", "CustomerId", "FullName", "FirstName", "IsEmailConfirmed", "IsSubscribed", "ApiEndpoint"]
    offered = fields_with_mode(mapped, fields(snapshot(session)))
    assert [one.name for one in offered] == ["Email", "LastName", "FirstName", "MiddleName", "IsEmailConfirmed"]
