"""SQLite's triggers enter everybody again: a task puts them away while it enters whom it creates."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = {"email": -1, "phone": -2}


def upgrade() -> None:
    """Go on to this revision."""
    _enter("")


def downgrade() -> None:
    """Go back to the revision before."""
    _enter("new.created_task_id IS NULL AND ")


def _enter(whom: str) -> None:
    """Make the triggers anew that enter customers, of SQLite's tables."""
    if op.get_bind().dialect.name == "postgresql":
        return
    for column, kind in KINDS.items():
        op.execute(f"DROP TRIGGER identifiers_{column}_insert")
        op.execute(
            f"CREATE TRIGGER identifiers_{column}_insert AFTER INSERT ON customers WHEN {whom}new.{column} IS NOT NULL "
            f"BEGIN INSERT INTO fresh_identifiers SELECT new.{column}, {kind}, new.id WHERE new.{column} IS NOT NULL; "
            "END"
        )
