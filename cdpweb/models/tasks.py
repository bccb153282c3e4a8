"""Uploads, tasks, the ledger of their rows and the problems found."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cdpweb.models.base import Base
from cdpweb.models.types import BigInt, Instant, Json

GIVEN_NAME_CHARACTERS = 400


class Upload(Base):
    """A file that has arrived (rules §1.1), stored under `uploads/<name>` in the instance folder."""

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    given_name: Mapped[str] = mapped_column(String(GIVEN_NAME_CHARACTERS))
    owner: Mapped[str | None] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInt)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    findings: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class Task(Base):
    """One run of an import: its frozen settings, its checkpoint and what it has counted.

    `columns` is the mapping: for each file column the name of the field it fills, or None where it is skipped.
    The checkpoint is (`next_offset` bytes into the work file, `next_record`, `next_line`); it moves in the transaction
    of its block, fenced by `owner`. `started_at` is "when the task runs" (rules §2.7), set once.
    `evidence` is what the first pass found of whole columns: {"date_orders": {field: "dmy"}, "rounded": [field]}.
    `questions` holds what a paused task asks; `pause_requested`, `cancel_requested` are obeyed at the next block.
    """

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), index=True)
    description: Mapped[str] = mapped_column(Text, default="")
    author: Mapped[str | None] = mapped_column(String(200))
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id"))
    upload: Mapped[Upload] = relationship()
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    dialect: Mapped[dict[str, Any]] = mapped_column(Json)
    header: Mapped[list[str]] = mapped_column(Json)
    columns: Mapped[list[str | None]] = mapped_column(Json)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    answers: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(Json)
    questions: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    started_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    finished_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    busy_milliseconds: Mapped[int] = mapped_column(BigInt, default=0)
    owner: Mapped[str | None] = mapped_column(String(64))
    claims: Mapped[int] = mapped_column(Integer, default=0)
    pause_requested: Mapped[bool] = mapped_column(default=False)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    total_bytes: Mapped[int | None] = mapped_column(BigInt)
    total_records: Mapped[int | None] = mapped_column(BigInt)
    next_offset: Mapped[int] = mapped_column(BigInt, default=0)
    next_record: Mapped[int] = mapped_column(BigInt, default=1)
    next_line: Mapped[int] = mapped_column(BigInt, default=0)
    rows_read: Mapped[int] = mapped_column(BigInt, default=0)
    created: Mapped[int] = mapped_column(BigInt, default=0)
    updated: Mapped[int] = mapped_column(BigInt, default=0)
    unchanged: Mapped[int] = mapped_column(BigInt, default=0)
    rejected: Mapped[int] = mapped_column(BigInt, default=0)
    blank: Mapped[int] = mapped_column(BigInt, default=0)
    warnings: Mapped[int] = mapped_column(BigInt, default=0)
    customers: Mapped[int | None] = mapped_column(BigInt)


class TaskRow(Base):
    """The ledger: what became of one row of a task's file. Rows with a customer are posted by outcome (`Posting`)."""

    __tablename__ = "task_rows"

    task_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    record: Mapped[int] = mapped_column(BigInt, primary_key=True)
    line: Mapped[int] = mapped_column(BigInt)
    outcome: Mapped[str] = mapped_column(String(10))
    customer_id: Mapped[int | None] = mapped_column(BigInt)
    matched_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = ({"sqlite_with_rowid": False},)


class RowProblem(Base):
    """One problem of one row: `number` counts within the row, `column` is the header in the file, `value` the cell."""

    __tablename__ = "problems"

    task_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    record: Mapped[int] = mapped_column(BigInt, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[int] = mapped_column(BigInt)
    code: Mapped[str] = mapped_column(String(40))
    column: Mapped[str | None] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)

    __table_args__ = ({"sqlite_with_rowid": False},)


class ProblemGroup(Base):
    """How often a problem was found in a column of a task's file, with the first few of its kind."""

    __tablename__ = "problem_groups"

    task_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    column: Mapped[str] = mapped_column(String(1000), primary_key=True, default="")
    count: Mapped[int] = mapped_column(BigInt)
    samples: Mapped[list[dict[str, Any]]] = mapped_column(Json)
