"""The loop: claim, check, blocks, pause, cancel, failure; and that no block is ever applied twice (rules §4)."""

import datetime as dt

import pytest
from sqlalchemy import update

from cdpweb.domain.settings import Switch
from cdpweb.engine import run as run_module
from cdpweb.engine.write import BlockDoesNotAddUp
from cdpweb.extensions import db
from cdpweb.models import Action, Change, Task
from cdpweb.models.types import now
from cdpweb.services import tasks

FILE = "Email,FirstName\n" + "".join(f"person{n}@mail.cdpweb.org,Name {n}\n" for n in range(50))


def set_task(bench, task_id, **values):
    with bench.engine.begin() as connection:
        connection.execute(update(Task).where(Task.id == task_id).values(**values))


def test_a_file_goes_in_and_its_customers_come_out(bench):
    task = bench.run(bench.task(FILE))
    assert (task.status, task.rows_read, task.created, task.customers) == ("finished", 50, 50, 50)
    assert [customer.email for customer in bench.customers()] == [f"person{n}@mail.cdpweb.org" for n in range(50)]
    assert len(bench.all(Action)) == 50
    assert bench.all(Change) == []


def test_the_same_file_again_changes_nothing_and_writes_no_action(bench):
    bench.run(bench.task(FILE))
    again = bench.run(bench.task(FILE))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 50)
    assert len(bench.all(Action)) == 50


def test_all_that_a_block_writes_was_recorded_at_one_moment(bench):
    before = now()
    bench.run(bench.task(FILE))
    after = now()
    (recorded,) = {one.created_at for one in bench.customers()} | {one.recorded_at for one in bench.all(Action)}
    bench.run(bench.task(FILE.replace(",Name", ",Other")))
    (changed,) = {one.at for one in bench.all(Change)}
    slack = dt.timedelta(milliseconds=1)  # one is rounded, the other cut off
    assert before - slack <= recorded <= after + slack <= changed + 2 * slack
    assert {recorded.microsecond % 1000, changed.microsecond % 1000} == {0}


@pytest.mark.parametrize("block_bytes", [1, 100, 1 << 20])
def test_the_size_of_a_block_makes_no_difference(bench, block_bytes):
    task = bench.run(bench.task(FILE), block_bytes=block_bytes)
    assert (task.created, task.next_record) == (50, 51)
    assert [customer.id for customer in bench.customers()] == list(range(1, 51))


def test_a_run_that_dies_between_blocks_is_taken_up_where_it_stood(bench):
    task_id = bench.task(FILE)

    def die_at_row_twenty():
        if bench.row(task_id).rows_read >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.run(task_id, block_bytes=100, progress=die_at_row_twenty)
    assert bench.row(task_id).status == "running"
    task = bench.run(task_id, block_bytes=100)
    assert (task.status, task.rows_read, task.created) == ("finished", 50, 50)
    assert len(bench.all(Action)) == 50


def test_a_second_run_takes_over_and_the_first_stops_without_a_trace(bench):
    task_id = bench.task(FILE)
    taken_over = []

    def take_over():
        if not taken_over:
            taken_over.append(True)
            bench.run(task_id, block_bytes=100, owner="second")

    bench.run(task_id, block_bytes=100, owner="first", progress=take_over)
    task = bench.row(task_id)
    assert (task.status, task.rows_read, task.created) == ("finished", 50, 50)
    assert len(bench.all(Action)) == 50


def test_a_pause_is_obeyed_at_the_next_block_and_the_rest_follows_on_resume(bench):
    task_id = bench.task(FILE)
    paused = bench.run(task_id, block_bytes=100, progress=lambda: set_task(bench, task_id, pause_requested=True))
    assert paused.status == "paused"
    assert 0 < paused.rows_read < 50
    assert len(bench.customers()) == paused.rows_read
    set_task(bench, task_id, status="waiting")
    assert bench.run(task_id).created == 50


def test_a_cancelled_task_keeps_what_it_did_and_adds_up(bench):
    task_id = bench.task(FILE)
    task = bench.run(task_id, block_bytes=100, progress=lambda: set_task(bench, task_id, cancel_requested=True))
    assert task.status == "cancelled"
    assert task.rows_read == task.created == task.customers == len(bench.customers()) < 50


def test_a_task_that_is_not_open_is_left_alone(bench):
    task_id = bench.task(FILE)
    set_task(bench, task_id, status="paused")
    assert bench.run(task_id).status == "paused"
    assert bench.customers() == []


def test_five_claims_of_one_checkpoint_fail_the_task_with_the_reason(bench):
    task_id = bench.task(FILE)
    set_task(bench, task_id, claims=run_module.MAX_CLAIMS)
    task = bench.run(task_id)
    assert task.status == "failed"
    assert "5 times at row 1" in task.reason


def test_a_block_that_kills_its_worker_five_times_fails_the_task_until_somebody_resumes_it(app, bench, monkeypatch):
    task_id = bench.task(FILE)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_block", die)
        # Its check, which the first run did, was a step further: it counts anew from there.
        for claims in range(run_module.MAX_CLAIMS + 1):
            with pytest.raises(KeyboardInterrupt):
                bench.run(task_id)
            assert (bench.row(task_id).status, bench.row(task_id).claims) == ("running", claims)
        task = bench.run(task_id)
    assert task.status == "failed"
    assert task.reason == "The import stopped 5 times at row 1 without getting further."
    with app.app_context():
        tasks.resume(db.session, db.session.get_one(Task, task_id))
        db.session.commit()
    assert (bench.row(task_id).status, bench.row(task_id).claims) == ("waiting", 0)
    task = bench.run(task_id)
    assert (task.status, task.created, task.claims) == ("finished", 50, 0)


def test_a_bug_fails_the_task_rolls_the_block_back_and_says_what_to_look_for(bench, monkeypatch):
    task_id = bench.task(FILE)
    write_block = run_module.write_block

    def break_down(connection, *rest):
        write_block(connection, *rest)
        raise BlockDoesNotAddUp("41 outcomes for 50 rows")

    monkeypatch.setattr(run_module, "write_block", break_down)
    with pytest.raises(BlockDoesNotAddUp):
        bench.run(task_id, owner="abcdef0123456789")
    task = bench.row(task_id)
    assert task.status == "failed"
    assert "abcdef01" in task.reason
    assert bench.customers() == []


def test_a_file_whose_bytes_do_not_fit_the_encoding_fails_with_byte_and_line(bench):
    """Rules 1.3."""
    task = bench.run(bench.task("Email,FirstName\na@mail.cdpweb.org,Андрей\n".encode("cp1251")))
    assert task.status == "failed"
    assert "line 2" in task.reason
    assert bench.customers() == []


def test_a_file_that_is_gone_is_told_of_and_the_task_goes_on_when_it_is_back(app, bench):
    task_id = bench.task(FILE)
    [upload] = bench.folder.iterdir()
    away = upload.rename(upload.with_name("backup"))
    task = bench.run(task_id)
    assert task.status == "failed"
    assert task.reason.startswith(f"The uploaded file is not on the disk any more ({upload.name} in the folder")
    away.rename(upload)
    with app.app_context():
        tasks.resume(db.session, db.session.get_one(Task, task_id))
        db.session.commit()
    assert bench.run(task_id).status == "finished"


def test_an_empty_column_is_asked_about_before_anything_is_written(bench):
    """Rules 1.5."""
    text = "Email,LastName\na@mail.cdpweb.org,\n"
    task_id = bench.task(text)
    task = bench.run(task_id)
    assert (task.status, task.questions) == ("paused", [{"kind": "empty_columns", "columns": ["LastName"]}])
    assert bench.customers() == []
    skipped = bench.run(bench.task(text, answers={"empty_columns": "skip"}))
    assert (skipped.status, skipped.created, skipped.columns) == ("finished", 1, ["Email", None])


def test_dates_that_can_be_read_two_ways_are_asked_about(bench):
    """Rules 2.7."""
    text = "Email,BirthDate\na@mail.cdpweb.org,03/04/1990\n"
    task = bench.run(bench.task(text))
    [question] = task.questions
    assert (task.status, question["kind"], question["field"]) == ("paused", "date_order", "BirthDate")
    assert question["samples"] == ["03/04/1990"]
    assert bench.run(bench.task(text, date_order="dmy")).created == 1
    assert str(bench.customers()[0].birth_date) == "1990-04-03"


def test_a_proof_anywhere_in_the_file_decides_for_every_block(bench):
    """Rules 2.7."""
    text = "Email,BirthDate\na@mail.cdpweb.org,03/04/1990\nb@mail.cdpweb.org,12/31/1990\n"
    task = bench.run(bench.task(text), block_bytes=1)
    assert (task.status, task.warnings) == ("finished", 0)
    assert str(bench.customers()[0].birth_date) == "1990-03-04"


@pytest.mark.parametrize(("day", "times"), [("1990-03-04", 1), ("12/31/1990", 2)])
def test_the_first_block_is_made_ready_again_only_where_the_check_shows_how_to_read_it(bench, monkeypatch, day, times):
    made, normalise = [], run_module.normalise
    monkeypatch.setattr(run_module, "normalise", lambda *given: made.append(given) or normalise(*given))
    assert bench.run(bench.task(f"Email,BirthDate\na@mail.cdpweb.org,{day}\n")).created == 1
    assert len(made) == times


@pytest.mark.parametrize("block_bytes", [1, 60, 1 << 20])
def test_unknown_setting_values_are_asked_about_and_can_be_mapped_or_left(bench, block_bytes):
    """Rules 3."""
    said = {"a": "cdpweb", "b": "shop", "c": "cdpweb", "d": "shop"}
    text = "Email,ApiEndpoint\n" + "".join(f"{who}@mail.cdpweb.org,{where}\n" for who, where in said.items())
    switches = frozenset([Switch.API_ENDPOINT])
    task = bench.run(bench.task(text, from_file=switches), block_bytes=block_bytes)
    [question] = task.questions
    assert question["values"] == [{"value": "shop", "count": 2}]
    left = bench.run(bench.task(text, from_file=switches, answers={"unknown_setting_values": "reject"}))
    assert (left.created, left.rejected) == (2, 2)
    mapped = bench.task(text, from_file=switches, replacements={"ApiEndpoint": {"shop": "cdpweb"}})
    assert bench.run(mapped).created == 2


def test_an_unknown_setting_value_is_asked_about_though_it_stands_in_a_broken_row_too(bench):
    text = "Email,ApiEndpoint\na@mail.cdpweb.org,shop,surplus\nb@mail.cdpweb.org,shop\n"
    task = bench.run(bench.task(text, from_file=frozenset([Switch.API_ENDPOINT])))
    [question] = task.questions
    assert question["values"] == [{"value": "shop", "count": 1}]


def test_entries_of_changes_are_numbered_in_the_order_of_the_file(bench):
    bench.run(bench.task("Email,FirstName\nanna@mail.cdpweb.org,Anna\nkim@mail.cdpweb.org,Kim\n"))
    bench.run(bench.task("Email,FirstName\nkim@mail.cdpweb.org,Tim\nanna@mail.cdpweb.org,Anne\n"))
    changes = sorted(bench.all(Change), key=lambda change: change.id)
    assert [(change.record, change.customer_id) for change in changes] == [(1, 2), (2, 1)]
