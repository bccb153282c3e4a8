"""Names have an inverted index of their own in place of two ordinary ones."""

import polars as pl
import sqlalchemy as sa
from alembic import op

from cdpweb.models import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = ("last_name", "first_name")
BUCKET_BITS = 18
MOST_IDS = 200
ROWS = 100_000


def upgrade() -> None:
    """Go on to this revision."""
    postings = op.create_table(
        "name_postings",
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", types.Key, nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("first_id", types.BigInt, nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "name", "bucket", "first_id", name=op.f("pk_name_postings")),
        sqlite_with_rowid=False,
    )
    last, rows = 0, _customers(0)
    while rows:
        op.bulk_insert(postings, _posted(rows))
        last = rows[-1][0]
        rows = _customers(last)
    for column in COLUMNS:
        op.drop_index(f"ix_customers_{column}", "customers")


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("name_postings")
    for column in COLUMNS:
        op.create_index(f"ix_customers_{column}", "customers", [column, "id"])


def _customers(after: int) -> list[tuple[int, str | None, str | None]]:
    customers = sa.table("customers", *map(sa.column, ("id", *COLUMNS)))
    listed = sa.select(customers).where(customers.c.id > after).order_by(customers.c.id).limit(ROWS)
    return [tuple(row) for row in op.get_bind().execute(listed)]


def _posted(rows: list[tuple[int, str | None, str | None]]) -> list[dict[str, object]]:
    customers = pl.DataFrame(rows, schema={"id": pl.Int64, **dict.fromkeys(COLUMNS, pl.String)}, orient="row")
    key = ("part", "name", "bucket")
    named = pl.concat(
        customers.select(part=pl.lit(part), name=column, id="id") for part, column in enumerate(COLUMNS)
    ).drop_nulls()
    listed = named.with_columns(bucket=pl.col("id") // 2**BUCKET_BITS).sort(*key, "id")
    listed = listed.with_columns(place=pl.int_range(pl.len()).over(key) // MOST_IDS)
    grouped = listed.group_by(*key, "place", maintain_order=True)
    together = grouped.agg(first_id=pl.col("id").first(), ids=pl.col("id").cast(pl.String).str.join(","))
    return together.drop("place").to_dicts()
