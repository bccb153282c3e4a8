"""The real importer behind the reference's interface: a fresh database, filled, imported into and read back."""

import datetime as dt
import hashlib
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from sqlalchemy import Engine, NullPool, create_engine, select, update
from sqlalchemy.orm import Session

from cdpweb.domain import catalog as value
from cdpweb.domain.settings import ImportSettings
from cdpweb.domain.tasks import Outcome, Status
from cdpweb.engine import run
from cdpweb.engine.run import Limits
from cdpweb.models import (
    Action,
    ActionTemplate,
    ApiEndpoint,
    Area,
    Base,
    Change,
    Choice,
    Counter,
    Customer,
    CustomField,
    ExternalId,
    ExternalSystem,
    Project,
    RowProblem,
    Segment,
    SegmentGroup,
    SegmentMember,
    Task,
    TaskRow,
    Topic,
    Touchpoint,
    Upload,
    connections,
    shipped,
)
from cdpweb.models.customers import STORED_COLUMNS
from cdpweb.models.snapshot import snapshot
from cdpweb.reading.dialect import Dialect
from tests.far_ahead import far_ahead
from tests.identifying import assert_in_step, settling_sizes
from tests.posting import post_all, unposted

from . import grammar, state
from .bases import CATALOG
from .cells import canonical_instant
from .importers import WHOLE_FILE_BYTES, File, Result

MADE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
STORED_IDENTIFIERS = ("Email", "MobilePhone")
APPEND_ONLY = "audit_events"
"""The one table that the database itself lets nobody empty; an import does not write to it."""


@dataclass(frozen=True)
class ByEngine:
    """The real importer, whose files lie in `folder`, on fresh databases that `makes` opens."""

    folder: Path
    makes: "Makes"

    def __call__(
        self, *files: File, base: state.State, catalog: value.Catalog = CATALOG, block_bytes: int = WHOLE_FILE_BYTES
    ) -> Result:
        with opened(self.folder, self.makes, catalog, base) as ours:
            reports = [
                ours.import_file(
                    file.content, file.header_line, file.delimiter, file.quote, file.mapped(catalog),
                    file.switched(catalog), file.now, file.max_cell_bytes, block_bytes,
                )
                for file in files
            ]  # fmt: skip
            return Result(ours.state(), reports)


class EngineBase:
    """A database that files are imported into."""

    def __init__(self, folder: Path, engine: Engine, catalog: value.Catalog) -> None:
        self.folder, self.engine, self.catalog = folder, engine, catalog

    def import_file(
        self,
        content: str,
        header_line: int,
        delimiter: str,
        quote: str,
        columns: Sequence[str | None],
        settings: ImportSettings,
        now: dt.datetime,
        max_cell_bytes: int,
        block_bytes: int,
    ) -> state.Report:
        """Import one file in blocks of about `block_bytes`."""
        header, _ = grammar.read(content, header_line, delimiter, quote, max_cell_bytes)
        with Session(self.engine) as session:
            task = Task(
                kind=settings.task,
                status=Status.WAITING,
                upload=self._upload(content),
                dialect=Dialect("utf-8", delimiter, quote, header_line).as_json(),
                header=list(header),
                columns=list(columns),
                settings=settings.to_json(),
                answers={"empty_columns": "skip", "unknown_setting_values": "reject"},
                created_at=now,
                started_at=now,
            )
            session.add(task)
            session.commit()
            task_id = task.id
        limits = Limits(block_bytes, max_cell_bytes, max_unpacked_bytes=1 << 30)
        with far_ahead(), settling_sizes(most_fresh=5, at_once=2, times=2):
            run.run_task(self.engine, task_id, owner=secrets.token_hex(8), folder=self.folder, limits=limits)
        return self._report(task_id)

    def _upload(self, content: str) -> Upload:
        written = content.encode()
        name = secrets.token_hex(16)
        (self.folder / name).write_bytes(written)
        digest = hashlib.sha256(written).hexdigest()
        return Upload(name=name, given_name="file.csv", size_bytes=len(written), sha256=digest, created_at=MADE)

    # Reading back

    def _report(self, task_id: int) -> state.Report:
        with Session(self.engine) as session:
            task = session.get_one(Task, task_id)
            assert task.status == Status.FINISHED, (task.status, task.reason, task.questions)
            ledger = select(TaskRow).where(TaskRow.task_id == task_id).order_by(TaskRow.record)
            rows = [
                state.Row(row.record, row.line, Outcome(row.outcome), row.customer_id, row.matched_by)
                for row in session.scalars(ledger)
            ]
            found = select(RowProblem).where(RowProblem.task_id == task_id)
            problems = [
                state.Problem(one.record, one.line, one.column, one.value, one.code)
                for one in session.scalars(found.order_by(RowProblem.record, RowProblem.number))
            ]
            assert task.customers is not None
            report = state.Report(rows, problems, task.warnings, task.customers)
            assert report.counts == {name: getattr(task, name) for name in report.counts}
            return report

    def state(self) -> state.State:
        """Everything the base holds now."""
        with Session(self.engine) as session:
            customers = {row.id: _customer(row) for row in session.scalars(select(Customer))}
            systems = {one.id: f"ExternalIdentity{one.system_name}" for one in self.catalog.external_systems}
            for owned in session.scalars(select(ExternalId)):
                customers[owned.customer_id].identifiers[systems[owned.system_id]] = owned.value
            groups = {one.id: f"Segment{one.system_name}" for one in self.catalog.segment_groups}
            for member in session.scalars(select(SegmentMember)):
                segment = self.catalog.segment(member.segment_id)
                assert segment
                assert segment.group_id == member.group_id
                customers[member.customer_id].fields[groups[member.group_id]] = segment.system_name
            for action in session.scalars(select(Action).order_by(Action.id)):
                assert action.record is not None
                customers[action.customer_id].actions.append(
                    state.Action(
                        action.template_id, action.touchpoint_id, action.endpoint_id, action.happened_at, action.record
                    )
                )
            for change in session.scalars(select(Change).order_by(Change.id)):
                assert change.record is not None
                fields = {name: (old, new) for name, (old, new) in change.fields.items()}
                customers[change.customer_id].changes.append(state.Change(change.record, fields))
            assert not unposted(session)
            assert_in_step(session.connection())
            return state.State(customers, self._choices(session))

    def _choices(self, session: Session) -> dict[str, list[value.Choice]]:
        """The choices that were not there before."""
        known = {field.system_name: set(field.choices) for field in self.catalog.custom_fields}
        now = snapshot(session).custom_fields
        new = {
            field.system_name: [one for one in field.choices if one not in known[field.system_name]] for field in now
        }
        return {name: choices for name, choices in new.items() if choices}


def _customer(row: Customer) -> state.Customer:
    stored = {name: getattr(row, column) for name, column in STORED_COLUMNS.items()}
    identifiers = {name: stored.pop(name) for name in STORED_IDENTIFIERS}
    custom = {f"CustomField{name}": text for name, text in (row.custom or {}).items()}
    consents = {}
    for node, text in (row.consents or {}).items():
        word, _, stated_at = text.partition(" ")
        consents[node] = ({"in": True, "out": False}[word], dt.datetime.fromisoformat(stated_at))
    origin = (row.source_endpoint_id, row.source_touchpoint_id, row.source_template_id)
    return state.Customer(
        row.id,
        {name: one for name, one in identifiers.items() if one is not None},
        {name: _canonical(one) for name, one in stored.items() if one is not None} | custom,
        consents,
        created_record=row.created_record,
        source=origin if None not in origin else None,  # type: ignore[arg-type]
    )


def _canonical(stored: Any) -> str:
    if isinstance(stored, bool):
        return "true" if stored else "false"
    return stored.isoformat() if isinstance(stored, dt.date) else str(stored)


# Filling


class Makes(Protocol):
    """Opens a database that holds just this catalog."""

    def __call__(self, catalog: value.Catalog) -> AbstractContextManager[Engine]: ...


@contextmanager
def opened(folder: Path, makes: Makes, catalog: value.Catalog, base: state.State) -> Iterator[EngineBase]:
    """A fresh database with this catalog and these customers."""
    with makes(catalog) as engine:
        with Session(engine) as session:
            session.add_all(row for customer in base.customers.values() for row in _customer_rows(customer, catalog))
            next_id = max(base.customers, default=0) + 1
            session.execute(update(Counter).where(Counter.name == "customers").values(next_id=next_id))
            post_all(session)
            session.commit()
        yield EngineBase(folder, engine, catalog)


@contextmanager
def in_file(catalog: value.Catalog) -> Iterator[Engine]:
    """A SQLite database: the file of an empty one with the same catalog, copied."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "base.sqlite"
        path.write_bytes(_file_with(catalog))
        with _connected(path) as engine:
            yield engine


@cache
def _file_with(catalog: value.Catalog) -> bytes:
    """The file of a database without customers."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        with _connected(path) as engine:
            Base.metadata.create_all(engine)
            _fill(engine, catalog)
        return path.read_bytes()


@contextmanager
def _connected(path: Path) -> Iterator[Engine]:
    """The one engine of all files, now on this one."""
    previous = _Current.path
    _Current.path = path
    try:
        yield _engine()
    finally:
        _Current.path = previous


class _Current:
    path: Path | None = None


def _connect() -> sqlite3.Connection:
    """As SQLAlchemy opens a file; the engine looks ahead in a thread."""
    return sqlite3.connect(str(_Current.path), check_same_thread=False)


@cache
def _engine() -> Engine:
    """One for all files, so that each statement is compiled but once."""
    engine = create_engine("sqlite://", creator=_connect, poolclass=NullPool)
    connections.prepare(engine)
    return engine


@dataclass(frozen=True)
class OnServer:
    """One PostgreSQL database, emptied for each catalog: cheaper than a new one."""

    engine: Engine

    @contextmanager
    def __call__(self, catalog: value.Catalog) -> Iterator[Engine]:
        """The database, with this catalog."""
        tables = [table for table in Base.metadata.sorted_tables if table.name != APPEND_ONLY]
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in tables)}")
        _fill(self.engine, catalog)
        with self.engine.begin() as connection:
            # Ids were given, which the sequences do not see.
            for column in (table.autoincrement_column for table in tables):
                if column is not None:
                    named = f"pg_get_serial_sequence('{column.table.name}', '{column.name}')"
                    highest = f"(SELECT coalesce(max({column.name}), 0) + 1 FROM {column.table.name})"
                    connection.exec_driver_sql(f"SELECT setval({named}, {highest}, false)")
        yield self.engine


def _fill(engine: Engine, catalog: value.Catalog) -> None:
    with Session(engine) as session:
        session.add_all(_catalog_rows(catalog))
        session.flush()
        session.add(_project(catalog.project))
        session.flush()
        shipped.ship(session)
        session.commit()
        assert snapshot(session) == catalog


def _catalog_rows(catalog: value.Catalog) -> Iterator[Base]:
    for touchpoint in catalog.touchpoints:
        yield Touchpoint(**vars(touchpoint))
    for endpoint in catalog.api_endpoints:
        yield ApiEndpoint(**vars(endpoint))
    for template in catalog.action_templates:
        yield ActionTemplate(**vars(template))
    for group in catalog.segment_groups:
        segments = [Segment(**vars(segment)) for segment in group.segments]
        yield SegmentGroup(id=group.id, system_name=group.system_name, name=group.name, external_id=group.external_id, segments=segments)  # fmt: skip  # noqa: E501
    for field in catalog.custom_fields:
        yield CustomField(**vars(field) | {"choices": [Choice(**vars(choice)) for choice in field.choices]})
    for system in catalog.external_systems:
        yield ExternalSystem(**vars(system))
    for topic in catalog.topics:
        yield Topic(**vars(topic) | {"channels": list(topic.channels)})
    for area in catalog.areas:
        yield Area(external_id=area.external_id, name=area.name, time_zone=area.time_zone)


def _project(project: value.Project) -> Project:
    return Project(
        id=shipped.PROJECT_ID,
        time_zone=project.time_zone,
        phone_country=project.phone_country,
        api_endpoint_id=project.api_endpoint_id,
        source_template_id=project.source_template_id,
        existing_template_id=project.existing_template_id,
        junk=[*project.junk_emails, *(f"+{phone}" for phone in project.junk_phones)],
    )


def _customer_rows(customer: state.Customer, catalog: value.Catalog) -> Iterator[Base]:
    fields, identifiers = customer.fields, customer.identifiers
    stored = {column: identifiers.get(name, fields.get(name)) for name, column in STORED_COLUMNS.items()}
    birth_date = fields.get("BirthDate")
    yield Customer(
        id=customer.id,
        created_at=MADE,
        custom={name.removeprefix("CustomField"): text for name, text in fields.items() if name.startswith("Custom")},
        consents={
            name: f"{'in' if opted_in else 'out'} {canonical_instant(date)}"
            for name, (opted_in, date) in customer.consents.items()
        },
        **stored
        | {
            "birth_date": birth_date and dt.date.fromisoformat(birth_date),
            "email_confirmed": _boolean(fields.get("IsEmailConfirmed")),
            "phone_confirmed": _boolean(fields.get("IsMobilePhoneConfirmed")),
        },
    )
    for system in catalog.external_systems:
        if external_id := identifiers.get(f"ExternalIdentity{system.system_name}"):
            yield ExternalId(system_id=system.id, value=external_id, customer_id=customer.id)
    for group in catalog.segment_groups:
        if name := fields.get(f"Segment{group.system_name}"):
            segment = group.segment(name)
            assert segment
            yield SegmentMember(customer_id=customer.id, group_id=group.id, segment_id=segment.id)


def _boolean(text: str | None) -> bool | None:
    return None if text is None else text == "true"
