"""What grows is written faster.

SQLite: actions and changes in the order of writing, found by an index. PostgreSQL: JSON of customers as plain text,
room for changed rows.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DOCUMENTS = (("customers", "custom"), ("customers", "consents"), ("changes", "fields"))
FEEDS = ("actions", "changes")


def upgrade() -> None:
    """Go on to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        _turn_into("json", "fillfactor = 80")
    else:
        _make_anew(with_rowid=True)


def downgrade() -> None:
    """Go back to the revision before."""
    if op.get_bind().dialect.name == "postgresql":
        _turn_into("jsonb", "fillfactor = 100")
    else:
        _make_anew(with_rowid=False)


def _turn_into(json: str, room: str) -> None:
    for table, column in DOCUMENTS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {json} USING {column}::{json}")
    op.execute(f"ALTER TABLE customers SET ({room})")


def _make_anew(*, with_rowid: bool) -> None:
    for table in FEEDS:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_with_rowid": with_rowid}):
            pass
