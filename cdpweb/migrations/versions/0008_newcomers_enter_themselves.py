"""SQLite's triggers leave the identifiers of whom a task creates to the task."""

from alembic import op

from cdpweb.models.identifiers import TRIGGERS

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = {"email": -1, "phone": -2}


def upgrade() -> None:
    """Go on to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        return
    names = _drop()
    for trigger in TRIGGERS:
        if trigger.split()[2] in names:
            op.execute(trigger)


def downgrade() -> None:
    """Go back to the revision before."""
    if op.get_bind().dialect.name == "postgresql":
        return
    _drop()
    for column, kind in KINDS.items():
        op.execute(
            f"CREATE TRIGGER identifiers_{column}_insert AFTER INSERT ON customers WHEN new.{column} IS NOT NULL BEGIN "
            f"INSERT INTO fresh_identifiers SELECT new.{column}, {kind}, new.id WHERE new.{column} IS NOT NULL; END"
        )


def _drop() -> set[str]:
    """Drop the triggers that enter newcomers; their names."""
    names = {f"identifiers_{column}_insert" for column in KINDS}
    for name in sorted(names):
        op.execute(f"DROP TRIGGER {name}")
    return names
