"""Which action each row writes to its customer's feed, and the settings it gets (rules §3)."""

import polars as pl

from cdpweb.domain.settings import NO_ACTION, RowSettings, resolve
from cdpweb.engine.orders import Orders

SAID = (
    "ApiEndpoint",
    "SourcePointOfContact",
    "LastUpdatePointOfContact",
    "SourceActionTemplate",
    "LastUpdateActionTemplate",
    "SourceDateTime",
    "LastUpdateDateTime",
)
"""The columns of a normalised block in which rows say settings of their action, where the file has them."""


def with_settings(rows: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """The rows with `endpoint_id`, `touchpoint_id`, `template_id` and `happened_at`.

    `rows` has `created` and those of the columns SAID that there are. The one function that knows the inheritance is
    asked once for each combination of settings that occurs.
    """
    created = pl.col("created")
    chosen = rows.with_columns(
        said_endpoint=_said("ApiEndpoint", rows),
        said_touchpoint=_by_outcome(created, "SourcePointOfContact", "LastUpdatePointOfContact", rows),
        said_template=_by_outcome(created, "SourceActionTemplate", "LastUpdateActionTemplate", rows),
        happened_at=pl.coalesce(
            _by_outcome(created, "SourceDateTime", "LastUpdateDateTime", rows, pl.Datetime("us")),
            pl.lit(_fixed_moment(orders), pl.Datetime("us")),
        ),
    )
    keys = ["created", "said_endpoint", "said_touchpoint", "said_template"]
    combinations = chosen.select(keys).unique()
    resolved = [
        (resolve(orders.settings, orders.catalog, RowSettings(*said), created=made))
        for made, *said in combinations.iter_rows()
    ]
    combinations = combinations.with_columns(
        endpoint_id=pl.Series([one.api_endpoint_id for one in resolved], dtype=pl.Int64),
        touchpoint_id=pl.Series([one.touchpoint_id for one in resolved], dtype=pl.Int64),
        template_id=pl.Series([one.template_id for one in resolved], dtype=pl.Int64),
    )
    joined = chosen.join(combinations, on=keys, how="left", maintain_order="left", nulls_equal=True)
    return joined.drop("said_endpoint", "said_touchpoint", "said_template")


def actions(rows: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """The rows that write an action: those that created or changed, and on request those that changed nothing."""
    writes = pl.col("created") | pl.col("changed") | pl.lit(orders.settings.action_for_unchanged)
    return rows.filter(writes & (pl.col("template_id") != NO_ACTION))


def _fixed_moment(orders: Orders) -> object:
    """The fixed date of the action, else when the task runs; in UTC without a zone."""
    return (orders.settings.action_date or orders.started_at).replace(tzinfo=None)


def _by_outcome(
    created: pl.Expr, source: str, last_update: str, rows: pl.DataFrame, dtype: pl.DataType | None = None
) -> pl.Expr:
    return pl.when(created).then(_said(source, rows, dtype)).otherwise(_said(last_update, rows, dtype))


def _said(name: str, rows: pl.DataFrame, dtype: pl.DataType | None = None) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None, dtype or pl.Int64())
