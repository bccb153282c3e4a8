"""SQLite's triggers leave the identifiers of whom a task creates to the task."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = {"email": -1, "phone": -2}


def upgrade() -> None:
    """Go on to this revision."""
    _enter("new.created_task_id IS NULL AND ")


def downgrade() -> None:
    """Go back to the revision before."""
    _enter("")


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
