"""What the accepted rows of a block make of their customers: every field after every row, and what that changed.

Rules §2.1 and §2.2 for fields, §3 for segments, §5 for confirmations, §6 for consent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from cdpweb.engine.history import History
from cdpweb.engine.match import Matched
from cdpweb.engine.normalise import group_column
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Reads
from cdpweb.engine.tracks import CONSENTS, CUSTOM, Track, all_tracks, with_stored
from cdpweb.models.customers import STORED_COLUMNS
from cdpweb.models.postings import POSTED_COLUMNS


class Applied(NamedTuple):
    """The effect of a block.

    `rows`: the accepted rows with `customer`, `created`, `matched_by`, `changed` and `changes` (JSON, null where
    nothing changed). `created`: new customers after the block, by columns of the table `customers`. `changed`: the same
    of those who were there, in frames of a few columns each, with the customers of whom one of these changed.
    `members`: `customer`, `group_id`, `segment_id` (null: taken out), and whether he is a `newcomer`.
    """

    rows: pl.DataFrame
    created: pl.DataFrame
    changed: list[pl.DataFrame]
    members: pl.DataFrame
    problems: pl.DataFrame


def apply(rows: pl.DataFrame, matched: Matched, orders: Orders, store: Reads) -> Applied:
    """Apply the accepted rows of the normalised block `rows` to the customers they were matched with."""
    ordered = with_stored(rows.join(matched.accepted, on="record").sort("customer", "record"), orders, store)
    history = History.of(ordered)
    tracks, problems = all_tracks(ordered, history, orders)
    changes = _changes(ordered, history, tracks, matched.steps, orders)
    return Applied(
        rows=ordered.select("record", "line", "customer", "created", "matched_by").with_columns(
            changes=changes, changed=changes.is_not_null()
        ),
        created=_created(ordered, tracks, matched),
        changed=_changed(ordered, tracks),
        members=_members(ordered, tracks, orders),
        problems=problems,
    )


# What comes out


def _last_rows(ordered: pl.DataFrame) -> pl.Series:
    customer = ordered["customer"]
    return (customer != customer.shift(-1)).fill_null(True)


def _after(ordered: pl.DataFrame, tracks: list[Track], rows: pl.Series) -> pl.DataFrame:
    """What the customers of some `rows` hold after them: `customer`, and the columns of `customers` that tracks fill.

    Custom fields and consents are put back into one JSON text each.
    """
    after = {track.home: track.after.filter(rows) for track in tracks}
    columns = [values.alias(home) for home, values in after.items() if home in STORED_COLUMNS.values()]
    for home in (CUSTOM, CONSENTS):
        inside = {key.removeprefix(f"{home}."): values for key, values in after.items() if key.startswith(f"{home}.")}
        if inside:
            columns.append(_encoded(inside).alias(home))
    return pl.DataFrame([ordered["customer"].filter(rows), *columns])


def _encoded(keyed: dict[str, pl.Series]) -> pl.Series:
    """One JSON object per row of the values that are there; null where there is none."""
    members = [
        pl.when(value.is_not_null()).then(_member(pl.struct(value.alias(key))))
        for key, value in keyed.items()
        if value.null_count() < len(value)
    ]
    return _object(members) if members else _texts(len(next(iter(keyed.values()))))


def _object(members: Sequence[pl.Expr | pl.Series]) -> pl.Series:
    """The members of each row as one JSON object; null where there are none."""
    joined = pl.select(joined=pl.concat_str(members, separator=",", ignore_nulls=True))
    text = pl.col("joined")
    return joined.select(pl.when(text != "").then(pl.format("{{{}}}", text))).to_series()


def _member(struct: pl.Expr) -> pl.Expr:
    """`"key":value` of a struct with one field: its JSON without the braces."""
    return struct.struct.json_encode().str.slice(1).str.head(-1)


def _created(ordered: pl.DataFrame, tracks: list[Track], matched: Matched) -> pl.DataFrame:
    """The customers that the block creates, as they are after it, and the columns that name who they are."""
    last = _last_rows(ordered) & (ordered["customer"] < 0)
    return _after(ordered, tracks, last).join(matched.newcomers, on="customer", how="left", maintain_order="left")


def _changed(ordered: pl.DataFrame, tracks: list[Track]) -> list[pl.DataFrame]:
    """The customers who were there and of whom a column of `customers` other than an identifier changed.

    Names stand apart: whose have changed is posted anew.
    """
    last = _last_rows(ordered) & (ordered["customer"] > 0)
    own = [track for track in tracks if not track.home.startswith("group:")]
    names = [track for track in own if track.home in POSTED_COLUMNS.values()]
    others = [track for track in own if track.home not in POSTED_COLUMNS.values()]
    frames = [_after(ordered, some, last & _touched(some)) for some in (names, others) if some]
    return [frame for frame in frames if frame.height]


def _touched(tracks: list[Track]) -> pl.Series:
    """The rows of customers of whom one of the tracks is another one than before the block."""
    return pl.select(pl.any_horizontal(*(track.stored.ne_missing(track.after) for track in tracks))).to_series()


def _members(ordered: pl.DataFrame, tracks: list[Track], orders: Orders) -> pl.DataFrame:
    """The places in segment groups that changed over the block."""
    last, frames = _last_rows(ordered), [pl.DataFrame(schema=_MEMBER_SCHEMA)]
    for group in orders.segment_groups:
        track = next(track for track in tracks if track.home == group_column(group.id))
        moved = last & track.stored.ne_missing(track.after)
        frames.append(
            pl.DataFrame({"customer": ordered["customer"], "segment_id": track.after})
            .filter(moved)
            .select(
                "customer", pl.lit(group.id, pl.Int64).alias("group_id"), "segment_id", newcomer=pl.col("customer") < 0
            )
        )
    return pl.concat(frames)


_MEMBER_SCHEMA = {"customer": pl.Int64, "group_id": pl.Int64, "segment_id": pl.Int64, "newcomer": pl.Boolean}


def _changes(
    ordered: pl.DataFrame, history: History, tracks: list[Track], steps: pl.DataFrame, orders: Orders
) -> pl.Series:
    """What each row changed of a customer who was there, as JSON: field -> [old, new]; null where nothing."""
    names = _segment_names(orders)
    members = []
    before = history.before([(track.stored, track.after) for track in tracks])
    for track, old, rows in zip(tracks, before, _changing(ordered, tracks, before), strict=True):
        if len(rows):
            pair = pl.concat_list(_as_text(old.gather(rows), names), _as_text(track.after.gather(rows), names))
            told = pl.select(_member(pl.struct(pair.alias(track.name)))).to_series()
            members.append(_texts(ordered.height).scatter(rows, told))
    for column in steps["column"].unique().sort():
        own = steps.filter(pl.col("column") == column).select("record", pair=pl.concat_list("old", "new").alias(column))
        own = own.select("record", text=_member(pl.struct(pl.col("pair").alias(column))))
        members.append(ordered.select("record").join(own, on="record", how="left", maintain_order="left")["text"])
    if not members:
        return _texts(ordered.height)
    return _object(members)


def _changing(ordered: pl.DataFrame, tracks: list[Track], before: list[pl.Series]) -> list[pl.Series]:
    """The numbers of the rows that change each track of a customer who was there."""
    columns = [ordered["created"]]
    for number, (track, old) in enumerate(zip(tracks, before, strict=True)):
        columns += [old.alias(f"old:{number}"), track.after.alias(f"new:{number}")]
    changes = pl.DataFrame(columns).select(
        (pl.col(f"old:{number}").ne_missing(pl.col(f"new:{number}")) & ~pl.col("created")).alias(str(number))
        for number in range(len(tracks))
    )
    return [one.arg_true() for one in changes.get_columns()]


def _segment_names(orders: Orders) -> dict[int, str]:
    return {segment.id: segment.system_name for group in orders.catalog.segment_groups for segment in group.segments}


def _as_text(series: pl.Series, segments: dict[int, str]) -> pl.Expr:
    """A field as changes show it: dates in ISO form, truth as true and false, segments by system name."""
    if series.dtype == pl.Boolean:
        return pl.when(series).then(pl.lit("true")).when(~series).then(pl.lit("false"))
    if series.dtype == pl.Date:
        return pl.lit(series.dt.strftime("%Y-%m-%d"))
    if series.dtype == pl.Int64:
        return pl.lit(series.replace_strict(list(segments), list(segments.values()), return_dtype=pl.String))
    return pl.lit(series)


def _texts(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)
