"""Postings lie in the order of their buckets; PostgreSQL knows itself when what it takes in was recorded."""

import sqlalchemy as sa
from alembic import op

from cdpweb.models import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BY_BUCKET = ("kind", "bucket", "value", "first")
BY_VALUE = ("kind", "value", "bucket", "first")
STAMPED = (("customers", "created_at"), ("actions", "recorded_at"), ("changes", "at"))


def upgrade() -> None:
    """Go on to this revision."""
    _lay(BY_BUCKET)
    _stamp("current_timestamp(3)")


def downgrade() -> None:
    """Go back to the revision before."""
    _lay(BY_VALUE)
    _stamp(None)


def _stamp(default: str | None) -> None:
    """Give PostgreSQL a `default` for times of recording: the moment of the transaction, to the millisecond."""
    if op.get_bind().dialect.name == "postgresql":
        for table, column in STAMPED:
            op.alter_column(table, column, server_default=default and sa.text(default))


def _lay(key: tuple[str, ...]) -> None:
    """Lay the postings in the order of a `key`; SQLite keeps them in it, and so gets a new table."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_postings", "postings")
        op.create_primary_key("pk_postings", "postings", list(key))
        return
    columns = {
        "kind": sa.Column("kind", sa.Integer(), autoincrement=False, nullable=False),
        "bucket": sa.Column("bucket", sa.Integer(), nullable=False),
        "value": sa.Column("value", types.Key, nullable=False),
        "first": sa.Column("first", types.BigInt, nullable=False),
    }
    op.create_table(
        "laid",
        *(columns[name] for name in key),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    every = [sa.column(name) for name in (*key, "numbers")]
    in_order = sa.select(*every).select_from(sa.table("postings")).order_by(*every[:-1])
    op.execute(sa.insert(sa.table("laid", *map(sa.column, (*key, "numbers")))).from_select([*key, "numbers"], in_order))
    op.drop_table("postings")
    op.rename_table("laid", "postings")
