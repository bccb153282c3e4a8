"""The first tables."""

import sqlalchemy as sa
from alembic import op

from cdpweb.models import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go on to this revision."""
    op.create_table(
        "action_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_templates")),
        sa.UniqueConstraint("system_name", name=op.f("uq_action_templates_system_name")),
    )
    op.create_table(
        "actions",
        sa.Column("customer_id", types.BigInt, nullable=False),
        sa.Column("id", types.BigInt, nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("touchpoint_id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("happened_at", types.Instant(), nullable=False),
        sa.Column("recorded_at", types.Instant(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("record", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_actions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "areas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id_areas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("external_id", name=op.f("uq_areas_external_id")),
    )
    op.create_table(
        "changes",
        sa.Column("customer_id", types.BigInt, nullable=False),
        sa.Column("id", types.BigInt, nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("record", sa.Integer(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("fields", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_changes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("next_id", types.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "custom_fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("create_missing", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        sa.UniqueConstraint("system_name", name=op.f("uq_custom_fields_system_name")),
    )
    op.create_table(
        "customers",
        sa.Column("id", types.BigInt, autoincrement=False, nullable=False),
        sa.Column("email", types.Key, nullable=True),
        sa.Column("phone", types.BigInt, nullable=True),
        sa.Column("last_name", types.Key, nullable=True),
        sa.Column("first_name", types.Key, nullable=True),
        sa.Column("middle_name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("email_confirmed", sa.Boolean(), nullable=True),
        sa.Column("phone_confirmed", sa.Boolean(), nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("consents", types.Json, nullable=True),
        sa.Column("source_endpoint_id", sa.Integer(), nullable=True),
        sa.Column("source_touchpoint_id", sa.Integer(), nullable=True),
        sa.Column("source_template_id", sa.Integer(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("created_task_id", sa.Integer(), nullable=True),
        sa.Column("created_record", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("email", name=op.f("uq_customers_email")),
        sa.UniqueConstraint("phone", name=op.f("uq_customers_phone")),
    )
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.create_index("ix_customers_first_name", ["first_name", "id"], unique=False)
        batch_op.create_index("ix_customers_last_name", ["last_name", "id"], unique=False)
        batch_op.create_index("ix_customers_source_template", ["source_template_id", "id"], unique=False)
        batch_op.create_index("ix_customers_source_touchpoint", ["source_touchpoint_id", "id"], unique=False)

    op.create_table(
        "external_ids",
        sa.Column("system_id", sa.Integer(), nullable=False),
        sa.Column("value", types.Key, nullable=False),
        sa.Column("customer_id", types.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("system_id", "value", name=op.f("pk_external_ids")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("external_ids", schema=None) as batch_op:
        batch_op.create_index("ix_external_ids_customer", ["customer_id", "system_id"], unique=True)

    op.create_table(
        "external_systems",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_systems")),
        sa.UniqueConstraint("system_name", name=op.f("uq_external_systems_system_name")),
    )
    op.create_table(
        "problem_groups",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("column", sa.String(length=1000), nullable=False),
        sa.Column("count", types.BigInt, nullable=False),
        sa.Column("samples", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("task_id", "code", "column", name=op.f("pk_problem_groups")),
    )
    op.create_table(
        "problems",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("record", types.BigInt, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", types.BigInt, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "record", "number", name=op.f("pk_problems")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "segment_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_groups")),
        sa.UniqueConstraint("external_id", name=op.f("uq_segment_groups_external_id")),
        sa.UniqueConstraint("system_name", name=op.f("uq_segment_groups_system_name")),
    )
    op.create_table(
        "segment_members",
        sa.Column("customer_id", types.BigInt, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "group_id", name=op.f("pk_segment_members")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.create_index("ix_segment_members_segment", ["segment_id", "customer_id"], unique=False)

    op.create_table(
        "task_rows",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("record", types.BigInt, nullable=False),
        sa.Column("line", types.BigInt, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("customer_id", types.BigInt, nullable=True),
        sa.Column("matched_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "record", name=op.f("pk_task_rows")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("task_rows", schema=None) as batch_op:
        batch_op.create_index("ix_task_rows_outcome", ["task_id", "outcome", "record"], unique=False)

    op.create_table(
        "topics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("channels", types.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
        sa.UniqueConstraint("system_name", name=op.f("uq_topics_system_name")),
    )
    op.create_table(
        "touchpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["touchpoints.id"], name=op.f("fk_touchpoints_parent_id_touchpoints")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touchpoints")),
        sa.UniqueConstraint("external_id", name=op.f("uq_touchpoints_external_id")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("given_name", sa.String(length=400), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("size_bytes", types.BigInt, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("findings", types.Json, nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("deleted_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("name", name=op.f("uq_uploads_name")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_uploads_sha256"), ["sha256"], unique=False)

    op.create_table(
        "api_endpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("touchpoint_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["touchpoint_id"], ["touchpoints.id"], name=op.f("fk_api_endpoints_touchpoint_id_touchpoints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_endpoints")),
        sa.UniqueConstraint("system_name", name=op.f("uq_api_endpoints_system_name")),
    )
    op.create_table(
        "choices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("field_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=1000), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["field_id"], ["custom_fields.id"], name=op.f("fk_choices_field_id_custom_fields")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choices")),
        sa.UniqueConstraint("field_id", "external_id", name=op.f("uq_choices_field_id_external_id")),
    )
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("system_name", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["segment_groups.id"], name=op.f("fk_segments_group_id_segment_groups")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("group_id", "external_id", name=op.f("uq_segments_group_id_external_id")),
        sa.UniqueConstraint("group_id", "system_name", name=op.f("uq_segments_group_id_system_name")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=True),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("form_token", sa.String(length=64), nullable=True),
        sa.Column("dialect", types.Json, nullable=False),
        sa.Column("header", types.Json, nullable=False),
        sa.Column("columns", types.Json, nullable=False),
        sa.Column("settings", types.Json, nullable=False),
        sa.Column("answers", types.Json, nullable=False),
        sa.Column("evidence", types.Json, nullable=True),
        sa.Column("questions", types.Json, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("started_at", types.Instant(), nullable=True),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.Column("busy_milliseconds", types.BigInt, nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("pause_requested", sa.Boolean(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("total_bytes", types.BigInt, nullable=True),
        sa.Column("total_records", types.BigInt, nullable=True),
        sa.Column("next_offset", types.BigInt, nullable=False),
        sa.Column("next_record", types.BigInt, nullable=False),
        sa.Column("next_line", types.BigInt, nullable=False),
        sa.Column("rows_read", types.BigInt, nullable=False),
        sa.Column("created", types.BigInt, nullable=False),
        sa.Column("updated", types.BigInt, nullable=False),
        sa.Column("unchanged", types.BigInt, nullable=False),
        sa.Column("rejected", types.BigInt, nullable=False),
        sa.Column("blank", types.BigInt, nullable=False),
        sa.Column("warnings", types.BigInt, nullable=False),
        sa.Column("customers", types.BigInt, nullable=True),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_tasks_upload_id_uploads")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("form_token", name=op.f("uq_tasks_form_token")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_status"), ["status"], unique=False)

    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("phone_country", sa.String(length=2), nullable=True),
        sa.Column("api_endpoint_id", sa.Integer(), nullable=True),
        sa.Column("source_template_id", sa.Integer(), nullable=True),
        sa.Column("existing_template_id", sa.Integer(), nullable=True),
        sa.Column("junk", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["api_endpoint_id"], ["api_endpoints.id"], name=op.f("fk_project_api_endpoint_id_api_endpoints")
        ),
        sa.ForeignKeyConstraint(
            ["existing_template_id"],
            ["action_templates.id"],
            name=op.f("fk_project_existing_template_id_action_templates"),
        ),
        sa.ForeignKeyConstraint(
            ["source_template_id"], ["action_templates.id"], name=op.f("fk_project_source_template_id_action_templates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("project")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tasks_status"))

    op.drop_table("tasks")
    op.drop_table("segments")
    op.drop_table("choices")
    op.drop_table("api_endpoints")
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_uploads_sha256"))

    op.drop_table("uploads")
    op.drop_table("touchpoints")
    op.drop_table("topics")
    with op.batch_alter_table("task_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_task_rows_outcome")

    op.drop_table("task_rows")
    with op.batch_alter_table("segment_members", schema=None) as batch_op:
        batch_op.drop_index("ix_segment_members_segment")

    op.drop_table("segment_members")
    op.drop_table("segment_groups")
    op.drop_table("problems")
    op.drop_table("problem_groups")
    op.drop_table("external_systems")
    with op.batch_alter_table("external_ids", schema=None) as batch_op:
        batch_op.drop_index("ix_external_ids_customer")

    op.drop_table("external_ids")
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_index("ix_customers_source_touchpoint")
        batch_op.drop_index("ix_customers_source_template")
        batch_op.drop_index("ix_customers_last_name")
        batch_op.drop_index("ix_customers_first_name")

    op.drop_table("customers")
    op.drop_table("custom_fields")
    op.drop_table("counters")
    op.drop_table("changes")
    op.drop_table("areas")
    op.drop_table("actions")
    op.drop_table("action_templates")
