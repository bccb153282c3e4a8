"""What grows is written faster: JSON of customers as plain text, room for changed rows (PostgreSQL)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DOCUMENTS = (("customers", "custom"), ("customers", "consents"), ("changes", "fields"))


def upgrade() -> None:
    """Go on to this revision."""
    _turn_into("json", "fillfactor = 80")


def downgrade() -> None:
    """Go back to the revision before."""
    _turn_into("jsonb", "fillfactor = 100")


def _turn_into(json: str, room: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in DOCUMENTS:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {json} USING {column}::{json}")
        op.execute(f"ALTER TABLE customers SET ({room})")
