"""Sources of customers and outcomes of rows are posted as names are, in place of three ordinary indexes."""

from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa
from alembic import op

from cdpweb.models import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SOURCES = {2: "source_touchpoint_id", 3: "source_template_id"}
OUTCOME, WITHOUT_CUSTOMER = 4, ("rejected", "blank")
BUCKET_BITS = 18
MOST_NUMBERS = 200
ROWS = 100_000
INDEXES = {
    "ix_customers_source_touchpoint": ("customers", ["source_touchpoint_id", "id"]),
    "ix_customers_source_template": ("customers", ["source_template_id", "id"]),
    "ix_task_rows_outcome": ("task_rows", ["task_id", "outcome", "record"]),
}


def upgrade() -> None:
    """Go on to this revision."""
    postings = op.create_table(
        "postings",
        sa.Column("kind", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", types.Key, nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("first", types.BigInt, nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "bucket", "first", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.execute("insert into postings select part, name, bucket, first_id, ids from name_postings")
    op.drop_table("name_postings")
    for listed in _sources():
        op.bulk_insert(postings, _gathered(listed))
    for listed in _outcomes():
        op.bulk_insert(postings, _gathered(listed))
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)


def downgrade() -> None:
    """Go back to the revision before."""
    op.create_table(
        "name_postings",
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", types.Key, nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("first_id", types.BigInt, nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "name", "bucket", "first_id", name=op.f("pk_name_postings")),
        sqlite_with_rowid=False,
    )
    op.execute("insert into name_postings select kind, value, bucket, first, numbers from postings where kind < 2")
    op.drop_table("postings")
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def _sources() -> Iterator[pl.DataFrame]:
    """Every customer's sources, some customers at a time."""
    customers = sa.table("customers", *map(sa.column, ("id", *SOURCES.values())))
    listed = sa.select(customers).order_by(customers.c.id).limit(ROWS)
    schema = {"number": pl.Int64, **dict.fromkeys(SOURCES.values(), pl.Int64)}
    last = 0
    while rows := op.get_bind().execute(listed.where(customers.c.id > last)).all():
        last = rows[-1].id
        frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
        yield pl.concat(
            frame.select(kind=pl.lit(kind), value=pl.col(column).cast(pl.String), number="number")
            for kind, column in SOURCES.items()
        )


def _outcomes() -> Iterator[pl.DataFrame]:
    """Every row with a customer, some rows at a time."""
    rows_of = sa.table("task_rows", *map(sa.column, ("task_id", "record", "outcome")))
    listed = sa.select(rows_of).order_by(rows_of.c.task_id, rows_of.c.record).limit(ROWS)
    schema = {"task_id": pl.Int64, "number": pl.Int64, "outcome": pl.String}
    behind = sa.true()
    while rows := op.get_bind().execute(listed.where(behind)).all():
        behind = sa.tuple_(rows_of.c.task_id, rows_of.c.record) > (rows[-1].task_id, rows[-1].record)
        frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
        yield frame.filter(~pl.col("outcome").is_in(WITHOUT_CUSTOMER)).select(
            kind=pl.lit(OUTCOME), value=pl.format("{} {}", "task_id", "outcome"), number="number"
        )


def _gathered(listed: pl.DataFrame) -> list[dict[str, object]]:
    key = ("kind", "value", "bucket")
    numbers = listed.drop_nulls().with_columns(bucket=pl.col("number") // 2**BUCKET_BITS).sort(*key, "number")
    numbers = numbers.with_columns(place=pl.int_range(pl.len()).over(key) // MOST_NUMBERS)
    grouped = numbers.group_by(*key, "place", maintain_order=True)
    together = grouped.agg(first=pl.col("number").first(), numbers=pl.col("number").cast(pl.String).str.join(","))
    return together.drop("place").to_dicts()
