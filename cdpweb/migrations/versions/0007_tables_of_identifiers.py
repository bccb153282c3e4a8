"""SQLite has tables of identifiers in place of three unique indexes; customers come first in external IDs."""

import sqlalchemy as sa
from alembic import op

from cdpweb.models import types
from cdpweb.models.identifiers import TRIGGERS

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("identifiers", "fresh_identifiers")
UNIQUE = ("email", "phone")
BY_CUSTOMER, BY_VALUE = ("customer_id", "system_id"), ("system_id", "value")
COLUMNS = ("system_id", "value", "customer_id")


def upgrade() -> None:
    """Go on to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_external_ids", "external_ids")
        op.execute(
            "ALTER TABLE external_ids ADD CONSTRAINT pk_external_ids PRIMARY KEY USING INDEX ix_external_ids_customer"
        )
        op.create_unique_constraint("uq_external_ids_system_id_value", "external_ids", list(BY_VALUE))
        return
    for table in TABLES:
        op.create_table(
            table,
            sa.Column("value", types.Key, nullable=False),
            sa.Column("kind", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("customer_id", types.BigInt, nullable=False),
            sa.PrimaryKeyConstraint("value", "kind", name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
    # In the order of the indexes that are still there: nothing has to be sorted, and little is written twice.
    op.execute("INSERT INTO identifiers SELECT phone, -2, id FROM customers WHERE phone IS NOT NULL ORDER BY phone")
    op.execute("INSERT INTO identifiers SELECT email, -1, id FROM customers WHERE email IS NOT NULL ORDER BY email")
    op.execute(
        "INSERT INTO identifiers SELECT value, system_id, customer_id FROM external_ids ORDER BY system_id, value"
    )
    with op.batch_alter_table("customers") as batch:
        for column in UNIQUE:
            batch.drop_constraint(f"uq_customers_{column}")
    _lay(BY_CUSTOMER)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Go back to the revision before."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("uq_external_ids_system_id_value", "external_ids")
        op.drop_constraint("pk_external_ids", "external_ids")
        op.create_primary_key("pk_external_ids", "external_ids", list(BY_VALUE))
    else:
        for trigger in TRIGGERS:
            op.execute(f"DROP TRIGGER {trigger.split()[2]}")
        with op.batch_alter_table("customers") as batch:
            for column in UNIQUE:
                batch.create_unique_constraint(f"uq_customers_{column}", [column])
        _lay(BY_VALUE)
        for table in TABLES:
            op.drop_table(table)
    op.create_index("ix_external_ids_customer", "external_ids", list(BY_CUSTOMER), unique=True)


def _lay(key: tuple[str, str]) -> None:
    """Make SQLite's table of external IDs anew, in the order of a `key`."""
    every = [sa.column(name) for name in COLUMNS]
    laid = op.create_table(
        "laid",
        sa.Column("system_id", sa.Integer(), nullable=False),
        sa.Column("value", types.Key, nullable=False),
        sa.Column("customer_id", types.BigInt, nullable=False),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_external_ids")),
        sqlite_with_rowid=False,
    )
    in_order = sa.select(*every).select_from(sa.table("external_ids")).order_by(*map(sa.column, key))
    op.execute(sa.insert(laid).from_select(list(COLUMNS), in_order))
    op.drop_table("external_ids")
    op.rename_table("laid", "external_ids")
