"""The loop of an import: claim, check, block after block, finish. The database is the truth (docs/architecture.md)."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import structlog
from sqlalchemy import Connection, Engine, Row, func, select, update
from sqlalchemy.orm import Session

from cdpweb.domain.settings import ImportSettings
from cdpweb.domain.tasks import Outcome, Status
from cdpweb.engine.aftermath import Aftermath
from cdpweb.engine.ahead import Ahead
from cdpweb.engine.check import Findings, check, questions, unsurprised
from cdpweb.engine.checkpoints import checkpoints
from cdpweb.engine.foresight import foresee
from cdpweb.engine.normalise import normalise
from cdpweb.engine.orders import Evidence, Orders
from cdpweb.engine.pace import Pace
from cdpweb.engine.settling import Settling
from cdpweb.engine.spoken import nobody_there
from cdpweb.engine.stores import reader
from cdpweb.engine.write import Counts, Prepared, write_block
from cdpweb.models import Task, TaskRow, Upload, troubles
from cdpweb.models.base import table_of
from cdpweb.models.connections import WRITING_BLOCKS
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.reading.blocks import Block, BlockReader, Position, read_header
from cdpweb.reading.dialect import Dialect
from cdpweb.reading.errors import FileRefused, file_gone
from cdpweb.reading.workfile import make_work_file

log = structlog.get_logger(__name__)

MAX_CLAIMS = 5
"""How often one checkpoint may be claimed: a block that kills its worker must not do so for ever."""

MAX_REDOS = 3
"""How often a block is written anew because somebody else was in its way."""

tasks = table_of(Task)


@dataclass(frozen=True)
class Limits:
    """Sizes and waits the engine keeps to: see config.py for their meaning."""

    block_bytes: int
    max_cell_bytes: int
    max_unpacked_bytes: int
    wait_between_blocks_seconds: float = 0.0


Decided: TypeAlias = tuple[Prepared, Position]
"""A block as far as it can be made ready ahead, and the place after it."""


class Superseded(Exception):
    """Another worker holds the task, or it is not to be run any more: stop without a trace."""


Progress = Callable[[], None]


def run_task(
    engine: Engine, task_id: int, *, owner: str, folder: Path, limits: Limits, progress: Progress = lambda: None
) -> None:
    """Run a task from its checkpoint until it is finished, paused, cancelled or failed.

    `owner` names this run and fences its writes; `folder` holds the uploads. `progress` is called after each block.
    Whatever is no fault of the file is raised again after the task has been marked as failed. Where the database is
    away, or busy for too long, the task stays open for whoever looks after it when that is over.
    """
    run = _Run(engine, task_id, owner, folder, limits)
    try:
        if run.claim():
            run.check()
            run.blocks(progress)
    except Superseded:
        log.info("task superseded", task=task_id)
    except FileRefused as refused:
        run.fail(refused.sentence)
    except Contended:
        log.warning("task contended", task=task_id)
        run.fail(
            f"Others kept writing what this import was writing, {1 + MAX_REDOS} times in a row. Nothing of that block "
            "was written. Resume the task when they are done."
        )
    except Exception as error:
        troubles.hush(error)
        if troubles.is_away(error) or troubles.is_busy(error):
            log.warning("task left open", task=task_id, trouble=str(error))
            return
        incident = owner[:8]
        log.exception("task failed", task=task_id, incident=incident)
        run.fail(f"Something went wrong that is not the file's fault. The log tells more: look for {incident}.")
        raise
    finally:
        run.close()


class Contended(Exception):
    """Somebody else was in the way of a block each time that it was written."""


class _Run:
    """One worker's run of a task; each method is one or more transactions, every one of them fenced by `owner`.

    It keeps two connections, one that writes and one that looks ahead: on SQLite their caches differ in size, and a
    pool would exchange them.
    """

    def __init__(self, engine: Engine, task_id: int, owner: str, folder: Path, limits: Limits) -> None:
        self.engine = engine
        self.open = ExitStack()
        self.task_id, self.owner, self.folder, self.limits = task_id, owner, folder, limits
        self.moved_at = time.monotonic()
        self.pace = Pace(limits.block_bytes)
        self.begun: tuple[Orders, Ahead[Decided]] | None = None
        self.last: Aftermath | None = None
        self.is_alone = True

    @cached_property
    def writer(self) -> Connection:
        """The connection that writes."""
        return self.open.enter_context(self.engine.execution_options(**WRITING_BLOCKS).connect())

    @cached_property
    def reader(self) -> Connection:
        """Another one, on which blocks are decided ahead."""
        return self.open.enter_context(reader(self.engine))

    def close(self) -> None:
        """End what was begun, and give the connections back."""
        if self.begun:
            self.begun[1].close()
        self.open.close()

    @contextmanager
    def _holding(self) -> Iterator[tuple[Connection, Row[Any]]]:
        """A transaction that holds the task's row; raises Superseded unless the task is ours and to be run."""
        with self.writer.begin():
            connection = self.writer
            task = self._task(connection)
            if task is None or task.owner != self.owner or not Status(task.status).is_open:
                raise Superseded
            yield connection, task

    def _task(self, connection: Connection) -> Row[Any] | None:
        return connection.execute(select(tasks).where(tasks.c.id == self.task_id).with_for_update()).one_or_none()

    def _set(self, connection: Connection, **values: Any) -> None:
        connection.execute(update(tasks).where(tasks.c.id == self.task_id).values(**values))

    # Claim

    def claim(self) -> bool:
        """Become the owner of an open task; False if there is nothing to do."""
        with self.writer.begin():
            connection = self.writer
            task = self._task(connection)
            if task is None or not Status(task.status).is_open:
                return False
            if task.claims >= MAX_CLAIMS:
                reason = f"The import stopped {MAX_CLAIMS} times at row {task.next_record:,} without getting further."
                self._end(connection, Status.FAILED, reason=reason)
                return False
            status = Status.CHECKING if task.total_records is None else Status.RUNNING
            started_at = task.started_at or now()
            self._set(connection, owner=self.owner, claims=task.claims + 1, status=status, started_at=started_at)
            return True

    # Check

    def check(self) -> None:
        """Make the work file and read the whole of it once, unless that has been done before."""
        with self._holding() as (_, task):
            pass
        if task.total_records is not None:
            return
        dialect = Dialect.from_json(task.dialect)
        path = self._work_file(task, dialect)
        start = read_header(path, dialect, self.limits.max_cell_bytes).next
        orders = self._orders(task)
        with path.open("rb") as file:
            reader = BlockReader(file, dialect, len(task.header), start, self.limits.max_cell_bytes)
            # Nothing else gets done meanwhile, so that each step of reading has a thread of its own.
            with (
                closing(Ahead(reader.flats(self.pace.block_bytes))) as flats,
                closing(Ahead(reader.blocks(flats))) as blocks,
            ):
                first = next(blocks)
                # Decided meanwhile, in the hope that the file changes nothing of how this is read.
                hoped = unsurprised(orders)
                self.begun = hoped, Ahead(self._decided(task, path, hoped, start, [first]))
                findings = check(chain([first], blocks), orders, task.answers.get("nameless", ()))
        self._after_check(findings, orders, path, start)

    def _work_file(self, task: Row[Any], dialect: Dialect) -> Path:
        """The upload as UTF-8; made anew where it is gone."""
        with self.engine.connect() as connection:
            name = connection.execute(select(Upload.name).where(Upload.id == task.upload_id)).scalar_one()
        upload, path = self.folder / name, self.folder / f"{name}.work"
        if task.total_records is None or not path.exists():
            if not upload.exists():
                raise file_gone(name)
            make_work_file(upload, path, dialect.encoding, self.limits.max_unpacked_bytes)
        return path

    def _after_check(self, findings: Findings, orders: Orders, path: Path, start: Position) -> None:
        with self._holding() as (connection, task):
            if task.cancel_requested:
                self._end(connection, Status.CANCELLED)
                return
            asked = questions(findings, orders, task.answers)
            columns = list(task.columns)
            if task.answers.get("empty_columns") == "skip":
                columns = [
                    None if header in findings.empty else name
                    for header, name in zip(task.header, columns, strict=True)
                ]
            self._set(
                connection,
                status=Status.PAUSED if asked else Status.RUNNING,
                questions=asked or None,
                owner=None if asked else self.owner,
                pause_requested=task.pause_requested and not asked,
                columns=columns,
                evidence=findings.evidence(orders).to_json(),
                total_records=findings.records,
                total_bytes=path.stat().st_size,
                next_offset=start.offset,
                next_record=start.record,
                next_line=start.line,
                claims=0,
            )

    # Blocks

    def blocks(self, progress: Progress) -> None:
        """Write block after block until the end of the file, or until a person says stop."""
        with self._holding() as (_, task):
            pass
        position = Position(task.next_offset, task.next_record, task.next_line)
        orders = self._orders(task)
        settling = Settling(self.writer)
        with checkpoints(self.engine) as checkpoint, closing(self._ahead(task, orders, position)) as decided:
            for block, following in decided:
                if not self._write(block, orders, position, following):
                    return
                position = following
                settling.go_on()
                checkpoint()
                progress()
                if self.limits.wait_between_blocks_seconds:  # not for nothing: a sleep of no time waits for others too
                    time.sleep(self.limits.wait_between_blocks_seconds)
            self._finish(position)

    def _ahead(self, task: Row[Any], orders: Orders, start: Position) -> Ahead[Decided]:
        """The blocks from `start` on, with what has been done for them while the file was checked."""
        begun, self.begun = self.begun, None
        if begun and begun[0] == orders:
            return begun[1]
        if begun:
            begun[1].close()
        path = self._work_file(task, Dialect.from_json(task.dialect))
        return Ahead(self._decided(task, path, orders, start, []))

    def _decided(
        self, task: Row[Any], path: Path, orders: Orders, start: Position, read: list[Block]
    ) -> Iterator[Decided]:
        """The blocks of the work file from `start` on, the first of which may have been `read` already."""
        before: Future[Aftermath] | None = None
        spoken = nobody_there(self.reader)

        def decided(block: Block) -> Decided:
            nonlocal before
            normalised, following = normalise(block.rows, orders), block.next
            del block  # its cells are many, and nobody needs them any more
            # Where others write between our blocks, what is foreseen would not come true.
            foreseen = foresee(self.reader, normalised, before, orders, spoken) if self.is_alone else None
            made = Prepared(normalised, foreseen)
            before = made.aftermath
            return made, following

        # Blocks have no names here: they would be kept while this waits.
        while read:
            start = read[0].next
            yield decided(read.pop())
        with path.open("rb") as file:
            reader = BlockReader(
                file, Dialect.from_json(task.dialect), len(task.header), start, self.limits.max_cell_bytes
            )
            while not reader.is_done:
                yield decided(reader.block(self.pace.block_bytes))

    def _write(self, block: Prepared, orders: Orders, position: Position, following: Position) -> bool:
        """Write one block with its checkpoint, anew where others were in its way; False where a person said stop."""
        for _ in range(1 + MAX_REDOS):
            try:
                return self._write_once(block, orders, position, following)
            except Exception as error:
                if not troubles.is_passing(error):
                    raise
                troubles.hush(error)
                block = Prepared(block.block, None)
                log.warning("block rolled back", task=self.task_id, record=position.record, trouble=str(error))
        raise Contended

    def _write_once(self, block: Prepared, orders: Orders, position: Position, following: Position) -> bool:
        try:
            with self._holding() as (connection, task):
                if self._stops(connection, task, position):
                    return False
                began = time.monotonic()
                counts, last = write_block(connection, block, self.last, orders)
                self._advance(connection, task, counts, following)
        finally:
            block.aftermath.cancel()  # where there is none, nobody waits for it any longer
        self.is_alone = self.last is None or last.turn == self.last.turn + 1
        self.last = last
        self.pace.took(following.offset - position.offset, time.monotonic() - began)
        return True

    def _stops(self, connection: Connection, task: Row[Any], position: Position) -> bool:
        """Obey a pause or cancellation; raises Superseded where the checkpoint is not the one we read from."""
        if (task.next_offset, task.next_record) != (position.offset, position.record):
            raise Superseded
        if task.cancel_requested:
            self._end(connection, Status.CANCELLED)
        elif task.pause_requested:
            self._set(connection, status=Status.PAUSED, pause_requested=False, owner=None, claims=0)
        return bool(task.cancel_requested or task.pause_requested)

    def _advance(self, connection: Connection, task: Row[Any], counts: Counts, position: Position) -> None:
        """Move the checkpoint and count; the time since it last moved is time the task was busy."""
        totals = {name: getattr(task, name) + count for name, count in vars(counts).items()}
        busy_milliseconds = round((time.monotonic() - self.moved_at) * 1000)
        self.moved_at = time.monotonic()
        self._set(
            connection,
            next_offset=position.offset,
            next_record=position.record,
            next_line=position.line,
            busy_milliseconds=task.busy_milliseconds + busy_milliseconds,
            claims=0,
            **totals,
        )

    def _finish(self, position: Position) -> None:
        with self._holding() as (connection, task):
            if self._stops(connection, task, position):
                return
            totals = Counts(
                task.rows_read, task.created, task.updated, task.unchanged, task.rejected, task.blank, task.warnings
            )
            totals.check()
            self._end(connection, Status.FINISHED)

    # Ends

    def _end(self, connection: Connection, status: Status, reason: str | None = None) -> None:
        self._set(
            connection,
            status=status,
            reason=reason,
            finished_at=now(),
            owner=None,
            pause_requested=False,
            cancel_requested=False,
            customers=self._customers(connection),
        )

    def _customers(self, connection: Connection) -> int:
        """How many customers the task created or changed: rows are counted elsewhere (rules §4)."""
        counted = select(func.count(TaskRow.customer_id.distinct())).where(
            TaskRow.task_id == self.task_id, TaskRow.outcome.in_([Outcome.CREATED, Outcome.UPDATED])
        )
        return connection.execute(counted).scalar_one()

    def fail(self, reason: str) -> None:
        """Mark the task as failed, if it is still ours."""
        try:
            with self._holding() as (connection, _):
                self._end(connection, Status.FAILED, reason)
        except Superseded:
            log.info("task superseded", task=self.task_id)

    def _orders(self, task: Row[Any]) -> Orders:
        with Session(self.engine) as session:
            catalog = snapshot(session)
        return Orders(
            task_id=task.id,
            settings=ImportSettings.from_json(task.settings),
            catalog=catalog,
            headers=tuple(task.header),
            columns=tuple(task.columns),
            started_at=task.started_at,
            evidence=Evidence.from_json(task.evidence) if task.evidence else Evidence(),
        )
