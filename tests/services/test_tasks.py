"""Tasks: found, looked at, paused, resumed, cancelled, answered (product 4, 5)."""

import datetime as dt
import io

import pytest

from cdpweb import queueing
from cdpweb.domain.settings import ImportSettings, Switch
from cdpweb.domain.tasks import Status, TaskKind
from cdpweb.extensions import current_config
from cdpweb.models import Customer
from cdpweb.services import tasks, uploads
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import SEGMENT_GROUPS, SEGMENTS, TOUCHPOINTS
from cdpweb.services.imports import FileSettings, Launch, create_task
from cdpweb.services.refused import Refused
from cdpweb.services.tasks import QueueState

CSV = "Email,FirstName\nanna@example.com,Anna\nben@example.com,Ben\n"
AT_WORK = QueueState(workers=1, is_held=True)
IDLE = QueueState(workers=1)


@pytest.fixture
def launch(session):
    """Launch a file, as the page does, without ringing."""

    def launch(text=CSV, name="customers.csv", **said):
        upload = uploads.store(session, current_config(), io.BytesIO(text.encode()), name)
        said.setdefault("settings", ImportSettings())
        task = create_task(session, current_config(), Launch(upload, **said))
        session.commit()
        return task

    return launch


@pytest.fixture
def run(launch, drain, session):
    """Launch a file and let a worker do what it can; or ring again for a task."""

    def run(text=CSV, task=None, **said):
        task = task or launch(text, **said)
        session.commit()
        queueing.ring(task.id)
        drain()
        session.refresh(task)
        return task

    return run


def view(session, task, queue=IDLE):
    return tasks.view_of(session, task, queue)


class TestFinding:
    def test_newest_first_a_page_at_a_time(self, session, launch):
        ids = [launch().id for _ in range(5)]
        first = tasks.find(session, limit=2)
        assert [task.id for task in first.tasks] == ids[:2:-1]
        second = tasks.find(session, limit=2, before=first.next_before)
        third = tasks.find(session, limit=2, before=second.next_before)
        assert [task.id for task in (*second.tasks, *third.tasks)] == [ids[2], ids[1], ids[0]]
        assert third.next_before is None

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("spring", ["Spring survey 100%"]),
            ("100%", ["Spring survey 100%"]),
            ("%", ["Spring survey 100%"]),
            ("опрос", ["Опрос в мае"]),
            ("march.csv", ["Опрос в мае"]),
            ("2", ["Опрос в мае"]),
            (" ", ["Опрос в мае", "Spring survey 100%"]),
            ("nothing", []),
            ("9" * 30, []),
            ("a\0b", []),
        ],
    )
    def test_by_description_file_name_and_number(self, session, launch, text, found):
        launch(description="Spring survey 100%", name="a.csv")
        launch(description="Опрос в мае", name="March.csv")
        assert [task.description for task in tasks.find(session, text=text).tasks] == found

    def test_by_status_and_kind(self, session, launch):
        edit = launch(settings=ImportSettings(task=TaskKind.EDIT))
        paused = launch()
        tasks.pause(session, paused)
        assert tasks.find(session, status=Status.PAUSED).tasks == (paused,)
        assert tasks.find(session, kind=TaskKind.EDIT).tasks == (edit,)
        assert tasks.find(session, status=Status.PAUSED, kind=TaskKind.EDIT).tasks == ()

    def test_numbers_beyond_all_ids_find_nothing(self, session, launch):
        task = launch()
        assert tasks.get(session, 10**40) is None
        assert tasks.find(session, before=10**40).tasks == (task,)


class TestView:
    def test_a_waiting_task_tells_a_busy_worker_from_none(self, session, launch):
        """product 4; issue item 5."""
        task = launch()
        none = view(session, task, QueueState(workers=0))
        assert (none.phase, none.is_stuck) == ("No worker is running.", True)
        assert "python -m cdpweb run" in none.advice
        next_up = view(session, task, QueueState(workers=1, place=0))
        assert (next_up.phase, next_up.is_stuck, next_up.advice) == ("Waiting for a worker.", False, "")
        assert (
            view(session, task, QueueState(workers=1, place=2)).phase == "Waiting for a worker: 2 tasks are in front."
        )
        down = view(session, task, QueueState(answers=False))
        assert down.is_stuck
        assert "starts by itself when the queue is back" in down.phase

    def test_a_finished_task_adds_up(self, session, run):
        """rules 4: rows read = created + updated + unchanged + rejected + blank."""
        task = run("Email,MobilePhone\na@example.com,+12025550143\na@example.com,123\n,\nx,\na@example.com,\n")
        seen = view(session, task)
        counts = seen.counts
        assert (counts.created, counts.updated, counts.unchanged, counts.rejected, counts.blank) == (1, 0, 2, 1, 1)
        assert counts.rows_read == 5
        assert (counts.customers, counts.warnings) == (1, 2)
        assert seen.progress[:3] == (1.0, 5, 5)
        assert (seen.status, seen.is_live, seen.acts) == (Status.FINISHED, False, frozenset())
        assert "mend the rejected rows" in seen.advice

    def test_problems_are_grouped_with_samples_and_what_to_do(self, session, run):
        """product 4"""
        task = run("Email,MobilePhone\n" + "".join(f"a{n}@example.com,12\n" for n in range(5)) + "none,\n")
        seen = view(session, task)
        [error] = seen.errors
        assert (error.code, error.column, error.occurrences) == ("no_identifier", "", 1)
        phone = next(group for group in seen.warnings if group.column == "MobilePhone")
        assert phone.occurrences == 5
        assert [(sample.record, sample.line, sample.value) for sample in phone.samples] == [
            (1, 2, "12"), (2, 3, "12"), (3, 4, "12"),
        ]  # fmt: skip
        assert "too short" in phone.sentence
        assert phone.what_to_do

    def test_the_settings_stand_with_their_origins(self, session, launch):
        """product 4; rules 3."""
        create(session, TOUCHPOINTS, {"external_id": "fair", "name": "Stand at the fair"})
        touchpoint = TOUCHPOINTS.find(session, "fair")
        task = launch(
            "Email,PhoneCountry\na@example.com,DE\n",
            settings=ImportSettings(touchpoint_id=touchpoint.id, from_file=frozenset({Switch.PHONE_COUNTRY})),
        )
        lines = {line.label: (line.value, line.origin) for line in view(session, task).settings}
        assert lines["API endpoint"] == ("cdpweb", "shipped with cdpweb")
        assert lines["Touchpoint"] == ("Stand at the fair", "set for this import")
        assert lines["Segment"] == ("none", "not set")
        assert lines["Source action"] == ("Customer creation", "shipped with cdpweb")
        assert lines["Action for existing customers"] == ("Edit customer", "shipped with cdpweb")
        assert lines["Date of the action"] == ("when the task runs", "when the task runs")
        assert lines["Phone country"] == ("none", "from the file (PhoneCountry), where its cell is empty: not set")
        assert lines["Encoding"] == ("UTF-8", "")
        assert lines["Delimiter"] == (",", "")

    def test_file_columns_and_the_earlier_task_are_shown(self, session, launch):
        first = launch()
        second = view(session, launch(description="again", author="anna"))
        assert second.earlier_task_id == first.id
        assert (second.description, second.author, second.file_name) == ("again", "anna", "customers.csv")
        assert (second.file_bytes, len(second.file_sha256)) == (len(CSV), 64)
        assert second.columns == (("Email", "Email"), ("FirstName", "FirstName"))
        assert second.progress == (None, 0, None, None, None)

    def test_a_worker_that_is_gone_is_told(self, session, launch):
        task = launch()
        task.status = Status.RUNNING
        assert view(session, task, AT_WORK).phase == "Writing customers."
        assert view(session, task, QueueState(workers=0)).is_stuck
        assert view(session, task, QueueState(answers=False)).phase == "Writing customers."

    def test_progress_is_counted_in_rows_and_time_left_follows(self, session, launch):
        task = launch()
        task.status, task.total_records, task.rows_read, task.busy_milliseconds = Status.RUNNING, 1000, 250, 500
        assert view(session, task, AT_WORK).progress == (0.25, 250, 1000, 500.0, 1.5)

    def test_progress_is_counted_in_bytes_before_the_rows_are_known(self, session, launch):
        task = launch()
        task.total_bytes, task.next_offset = 1000, 100
        assert view(session, task).progress.fraction == 0.1


class TestPausing:
    def test_a_waiting_task_is_paused_at_once_and_resumed(self, session, launch, run):
        task = launch()
        tasks.pause(session, task)
        assert (task.status, tasks.view_of(session, task, IDLE).acts) == (Status.PAUSED, {"resume", "cancel"})
        assert run(task=task).status == Status.PAUSED
        tasks.resume(session, task)
        assert run(task=task).status == Status.FINISHED

    def test_a_running_one_is_asked_to_and_may_be_asked_to_go_on(self, session, launch):
        task = launch()
        task.status = Status.RUNNING
        session.flush()
        tasks.pause(session, task)
        seen = view(session, task, AT_WORK)
        assert (task.status, task.pause_requested) == (Status.RUNNING, True)
        assert seen.phase.startswith("Pausing")
        assert seen.acts == {"resume", "cancel"}
        tasks.resume(session, task)
        assert (task.status, task.pause_requested) == (Status.RUNNING, False)

    def test_a_worker_obeys_a_pause_at_the_next_block(self, session, launch, run):
        task = launch()
        task.pause_requested = True
        seen = view(session, run(task=task))
        assert (seen.status, seen.counts.rows_read, seen.phase) == (
            Status.PAUSED,
            0,
            "Paused: nothing has been written.",
        )

    @pytest.mark.parametrize("act", [tasks.pause, tasks.resume, tasks.cancel])
    def test_a_finished_task_can_do_nothing_of_it(self, session, run, act):
        task = run()
        with pytest.raises(Refused, match=f"Task {task.id} is finished and cannot be"):
            act(session, task)

    def test_cancelling_ends_it_and_what_is_done_stays(self, session, launch):
        task = launch()
        tasks.cancel(session, task)
        assert (task.status, task.customers) == (Status.CANCELLED, 0)
        assert task.finished_at
        with pytest.raises(Refused, match="cancelled and cannot be resumed"):
            tasks.resume(session, task)

    def test_a_running_one_is_cancelled_at_the_next_block(self, session, launch):
        task = launch()
        task.status = Status.RUNNING
        session.flush()
        tasks.cancel(session, task)
        seen = view(session, task, AT_WORK)
        assert (task.status, task.cancel_requested) == (Status.RUNNING, True)
        assert seen.phase.startswith("Cancelling")
        assert "cancel" not in seen.acts

    def test_what_was_cancelled_while_it_was_checked_does_not_ask(self, session, launch, run):
        task = launch("Email,FirstName\na@example.com,\n")
        task.cancel_requested = True
        assert run(task=task).status == Status.CANCELLED
        assert task.questions is None

    def test_a_failed_task_goes_on_from_its_checkpoint(self, session, launch, run):
        """product 4: what to do next."""
        task = launch(file=FileSettings(encoding="utf-8"))
        path = uploads.path_of(current_config(), task.upload)
        whole = path.read_bytes()
        path.write_bytes(b"Email\n" + b"a@example.com\n" * 100_000 + b"J\xf6rg\n")
        assert run(task=task).status == Status.FAILED
        seen = view(session, task)
        assert "on line 100,002" in seen.reason
        assert "resume" in seen.acts
        path.write_bytes(whole)
        tasks.resume(session, task)
        assert (task.status, task.reason, task.finished_at) == (Status.WAITING, None, None)
        assert run(task=task).status == Status.FINISHED

    def test_a_failed_task_whose_file_is_deleted_says_when(self, session, launch):
        task = launch()
        task.status, task.upload.deleted_at = Status.FAILED, dt.datetime(2026, 5, 3, tzinfo=dt.UTC)
        session.flush()
        with pytest.raises(Refused, match="deleted on 3 May 2026"):
            tasks.resume(session, task)
        assert "Upload it again" in view(session, task).advice


class TestAnswering:
    def ask(self, session, task, sentence):
        """The one question of a paused task, which has written nothing and waits."""
        assert task.status == Status.PAUSED
        assert session.query(Customer).count() == 0
        with pytest.raises(Refused, match="waits for an answer"):
            tasks.resume(session, task)
        [question] = view(session, task).questions
        assert sentence in question.sentence
        return question

    def answer(self, session, task, answers):
        tasks.answer(session, task, answers)
        assert (task.status, task.questions) == (Status.WAITING, None)

    def test_empty_columns_are_skipped(self, session, run):
        """rules 1.5"""
        task = run("Email,FirstName,LastName\na@example.com,,\n")
        question = self.ask(session, task, "2 columns have a header but no value")
        assert question.asked[0].about == "FirstName, LastName"
        self.answer(session, task, {"empty_columns": "skip"})
        assert run(task=task).status == Status.FINISHED
        assert task.columns == ["Email", None, None]

    def test_empty_columns_may_be_settled_beforehand(self, run):
        assert run("Email,FirstName\na@example.com,\n", skip_empty=True).status == Status.FINISHED

    def test_values_below_an_empty_header_are_found_in_the_whole_file(self, session, run):
        """rules 1.4, 1.5: the first megabyte shows none."""
        text = "Email,\n" + "".join(f"p{n}@example.com,\n" for n in range(70_000)) + "last@example.com,secret\n"
        task = run(text)
        question = self.ask(session, task, "There are values below a header that is empty (column 2)")
        with pytest.raises(Refused):
            tasks.answer(session, task, {"nameless_columns": ""})
        assert [choice.value for choice in question.asked[0].choices] == ["", "skip"]
        self.answer(session, task, {"nameless_columns": "skip"})

    def test_nameless_columns_that_are_empty_indeed_are_dropped(self, run):
        """rules 1.4"""
        assert run("Email,\na@example.com,\n").status == Status.FINISHED

    @pytest.mark.parametrize(("order", "day"), [("dmy", dt.date(1990, 4, 3)), ("mdy", dt.date(1990, 3, 4))])
    def test_the_order_of_dates_is_asked_for(self, session, run, order, day):
        """rules 2.7"""
        task = run("Email,BirthDate\na@example.com,03/04/1990\n")
        question = self.ask(session, task, "can be read in two ways")
        assert question.samples == ("03/04/1990",)
        with pytest.raises(Refused) as refused:
            tasks.answer(session, task, {"date_order-BirthDate": ""})
        assert list(refused.value.sentences) == ["date_order-BirthDate"]
        self.answer(session, task, {"date_order-BirthDate": order})
        assert run(task=task).status == Status.FINISHED
        assert session.query(Customer).one().birth_date == day

    def test_unknown_values_are_mapped_created_or_rejected(self, session, run):
        """rules 3"""
        create(session, SEGMENT_GROUPS, {"system_name": "Loyalty", "name": "Loyalty level"})
        create(session, SEGMENTS, {"group": "Loyalty", "system_name": "Gold", "name": "Gold"})
        rows = "a@example.com,Gld\nb@example.com,Silver\nc@example.com,Copper\nd@example.com,Gld\n"
        settings = ImportSettings(from_file=frozenset({Switch.SEGMENT}))
        task = run("Email,SegmentLoyalty\n" + rows, settings=settings)
        question = self.ask(session, task, "3 values in “SegmentLoyalty” are not known here")
        assert {(one.about, one.rows) for one in question.asked} == {("Gld", 2), ("Silver", 1), ("Copper", 1)}
        keys = {one.about: one.key for one in question.asked}
        assert [choice.words for choice in question.asked[0].choices] == ["reject its rows", "Loyalty level › Gold"]
        create(session, SEGMENTS, {"group": "Loyalty", "system_name": "Silver", "name": "Silver"})
        self.answer(session, task, {keys["Gld"]: "=Gold", keys["Silver"]: "", keys["Copper"]: ""})
        seen = view(session, run(task=task))
        assert (seen.counts.created, seen.counts.rejected) == (3, 1)
        assert seen.errors[0].samples[0].value == "Copper"

    def test_an_answer_that_was_not_offered_is_refused(self, session, run):
        task = run(
            "Email,ApiEndpoint\na@example.com,nobody\n",
            settings=ImportSettings(from_file=frozenset({Switch.API_ENDPOINT})),
        )
        key = self.ask(session, task, "1 value in “ApiEndpoint”").asked[0].key
        for wrong in ({}, {key: "=somebody"}, {"other": ""}):
            with pytest.raises(Refused) as refused:
                tasks.answer(session, task, wrong)
            assert list(refused.value.sentences) == [key]
        assert task.status == Status.PAUSED

    def test_two_people_cannot_answer_one_question(self, session, run):
        task = run("Email,FirstName\na@example.com,\n")
        tasks.answer(session, task, {"empty_columns": "skip"})
        with pytest.raises(Refused, match="somebody may have answered"):
            tasks.answer(session, task, {"empty_columns": "skip"})

    def test_unknown_values_may_be_settled_beforehand(self, run):
        task = run(
            "Email,ApiEndpoint\na@example.com,nobody\nb@example.com,cdpweb\n",
            settings=ImportSettings(from_file=frozenset({Switch.API_ENDPOINT})),
            reject_unknown_values=True,
        )
        assert (task.status, task.created, task.rejected) == (Status.FINISHED, 1, 1)


def test_ragged_rows_unclosed_quotes_nul_bytes_and_giant_cells_are_problems_with_a_place(session, run):
    """issue: unclosed quote, ragged rows, NUL bytes, a 5 MB cell; rules 1.4, 2.3."""
    rows = [
        "a@example.com,Anna,extra",
        "b@example.com",
        'c@example.com,"Cecil',
        "d@example.com,Da\0ve",
        f'e@example.com,"{"x" * 5_000_000}"',
        "f@example.com," + "y" * 200,
    ]
    task = run("Email,FirstName\n" + "\n".join(rows) + "\n")
    assert task.status == Status.FINISHED
    seen = view(session, task)
    places = {
        (group.code, sample.line) for group in (*seen.errors, *seen.warnings) for sample in group.samples
    }  # fmt: skip
    assert places == {
        ("too_many_cells", 2), ("too_few_cells", 3), ("malformed_record", 4), ("nul_in_cell", 5),
        ("malformed_record", 6), ("text_too_long", 7),
    }  # fmt: skip
    assert (seen.counts.created, seen.counts.rejected) == (3, 3)


def test_nul_in_the_header_and_below_it_stops_nothing(session, run):
    """rules 1.4; PostgreSQL's texts and JSON cannot hold NUL."""
    settings = ImportSettings(from_file=frozenset({Switch.API_ENDPOINT}))
    rows = "a@example.com,x,Gold\0\nb@example.com,y\0,cdpweb\nc@example.com,y\0,nope\n"
    task = run("Email,Last\0Name,ApiEndpoint\n" + rows, settings=settings, decisions={1: "LastName"})
    assert task.status == Status.PAUSED, task.reason
    [question] = view(session, task).questions
    tasks.answer(session, task, {one.key: "" for one in question.asked})
    assert run(task=task).status == Status.FINISHED, task.reason
    seen = view(session, task)
    assert (seen.counts.created, seen.counts.rejected) == (1, 2), seen
    assert {sample.value for group in seen.warnings for sample in group.samples} == {"y\N{SYMBOL FOR NULL}"}
