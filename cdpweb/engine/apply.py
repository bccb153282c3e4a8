"""What the accepted rows of a block make of their customers: every field after every row, and what that changed.

Rules §2.1 and §2.2 for fields, §3 for segments, §5 for confirmations, §6 for consent.
"""

from typing import NamedTuple

import polars as pl

from cdpweb.domain.fields import CUSTOM_FIELD_PREFIX, EMAIL_CONFIRMED, PHONE_CONFIRMED, SEGMENT_PREFIX, Kind
from cdpweb.domain.settings import OUT_OF_GROUP
from cdpweb.engine.consents import Said, statements
from cdpweb.engine.history import History
from cdpweb.engine.match import Matched
from cdpweb.engine.normalise import erase, group_column
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store
from cdpweb.models.customers import STORED_COLUMNS

CUSTOM, CONSENTS = "custom", "consents"


class Applied(NamedTuple):
    """The effect of a block.

    `rows`: the accepted rows with `customer`, `created`, `matched_by`, `changed` and `changes` (JSON, null where
    nothing changed). `created` and `changed`: customers after the block by columns of the table `customers`, those
    that were there only where something changed. `members`: `customer`, `group_id`, `segment_id` (null: taken out).
    """

    rows: pl.DataFrame
    created: pl.DataFrame
    changed: pl.DataFrame
    members: pl.DataFrame
    problems: pl.DataFrame


class Track(NamedTuple):
    """One field of one place of storage, before the block and after each row of it."""

    name: str
    home: str
    stored: pl.Series
    after: pl.Series


def apply(rows: pl.DataFrame, matched: Matched, orders: Orders, store: Store) -> Applied:
    """Apply the accepted rows of the normalised block `rows` to the customers they were matched with."""
    ordered = rows.join(matched.accepted, on="record").sort("customer", "record")
    history = History.of(ordered)
    ordered = _with_stored(ordered, orders, store)
    before = (
        _decoded(ordered[_stored(CONSENTS)], list(orders.consent_tree.parents))
        if orders.of_kind(Kind.CONSENT)
        else None
    )
    said, problems = statements(ordered, before, orders)
    tracks = [
        *_profile(ordered, history, orders),
        *_confirmations(ordered, history, orders),
        *_custom(ordered, history, orders),
        *_consents(ordered, history, before, said),
        *_segments(ordered, history, orders),
    ]
    changes = _changes(ordered, history, tracks, matched.steps, orders)
    return Applied(
        rows=ordered.select("record", "line", "customer", "created", "matched_by").with_columns(
            changes=changes, changed=changes.is_not_null()
        ),
        created=_created(ordered, history, tracks, matched),
        changed=_changed(ordered, history, tracks),
        members=_members(ordered, history, tracks, orders),
        problems=problems,
    )


# What is stored


def _with_stored(ordered: pl.DataFrame, orders: Orders, store: Store) -> pl.DataFrame:
    """The rows with what their customers held before the block, in columns `stored:…`."""
    there = ordered["customer"].filter(ordered["customer"] > 0).unique().sort()
    columns = _needed(orders)
    stored = store.customers(there, columns).rename({"id": "customer"} | {name: _stored(name) for name in columns})
    ordered = ordered.join(stored, on="customer", how="left", maintain_order="left")
    groups = orders.segment_groups
    if groups:
        members = store.members(there, [group.id for group in groups])
        for group in groups:
            own = members.filter(pl.col("group_id") == group.id).select(
                "customer", pl.col("segment_id").alias(_stored(group_column(group.id)))
            )
            ordered = ordered.join(own, on="customer", how="left", maintain_order="left")
    return ordered


def _needed(orders: Orders) -> list[str]:
    names = _profile_names(orders) + [one.name for one in orders.of_kind(Kind.CONFIRMATION)]
    needed = {STORED_COLUMNS[name] for name in names} | {"email_confirmed", "phone_confirmed"}
    if orders.of_kind(Kind.CUSTOM):
        needed.add(CUSTOM)
    if orders.of_kind(Kind.CONSENT):
        needed.add(CONSENTS)
    return sorted(needed)


def _stored(name: str) -> str:
    return f"stored:{name}"


def _profile_names(orders: Orders) -> list[str]:
    """The profile fields that the file can change: a full name fills its three parts."""
    mapped = {one.name for one in orders.of_kind(Kind.PROFILE)}
    if "FullName" in mapped:
        mapped |= {"LastName", "FirstName", "MiddleName"}
    return [name for name in STORED_COLUMNS if name in mapped]


# Fields


def _profile(ordered: pl.DataFrame, history: History, orders: Orders) -> list[Track]:
    tracks = []
    for name in _profile_names(orders):
        stored = ordered[_stored(STORED_COLUMNS[name])]
        after = history.after(stored, ordered[name], ordered[erase(name)], orders.settings.mode_of(name))
        tracks.append(Track(name, STORED_COLUMNS[name], stored, after))
    return tracks


def _confirmations(ordered: pl.DataFrame, history: History, orders: Orders) -> list[Track]:
    """A confirmation counts for the row's own email or phone, and goes when that is replaced (rules §5.8)."""
    tracks = []
    for name, own, reset in (
        (EMAIL_CONFIRMED, "own_email", "email_reset"),
        (PHONE_CONFIRMED, "own_phone", "phone_reset"),
    ):
        if name not in orders.mapped and not ordered[reset].any():
            continue
        stored = ordered[_stored(STORED_COLUMNS[name])]
        said = ordered.select(pl.when(own).then(name)).to_series() if name in orders.mapped else _nothing(stored)
        mode = orders.settings.mode_of(name)
        after = history.after(stored, said, _never(ordered), mode, ordered[reset])
        tracks.append(Track(name, STORED_COLUMNS[name], stored, after))
    return tracks


def _custom(ordered: pl.DataFrame, history: History, orders: Orders) -> list[Track]:
    mapped = {one.custom.system_name: one.name for one in orders.of_kind(Kind.CUSTOM) if one.custom}
    if not mapped:
        return []
    known = [one.system_name for one in orders.catalog.custom_fields]
    before = _decoded(ordered[_stored(CUSTOM)], known)
    tracks = []
    for key, stored in zip(known, before, strict=True):
        name = mapped.get(key)
        mode = orders.settings.mode_of(name or "")
        after = history.after(stored, ordered[name], ordered[erase(name)], mode) if name else stored
        tracks.append(Track(CUSTOM_FIELD_PREFIX + key, f"{CUSTOM}.{key}", stored, after))
    return tracks


def _consents(ordered: pl.DataFrame, history: History, before: pl.DataFrame | None, said: Said) -> list[Track]:
    if before is None:
        return []
    return [
        Track(node, f"{CONSENTS}.{node}", before[node], history.after(before[node], stated, _never(ordered)))
        for node, stated in said.items()
    ]


def _segments(ordered: pl.DataFrame, history: History, orders: Orders) -> list[Track]:
    tracks = []
    for group in orders.segment_groups:
        name = group_column(group.id)
        stored, said = ordered[_stored(name)], ordered[name]
        out = (said == OUT_OF_GROUP).fill_null(False)
        after = history.after(stored, said.set(out, None), out)
        tracks.append(Track(SEGMENT_PREFIX + group.system_name, name, stored, after))
    return tracks


def _never(ordered: pl.DataFrame) -> pl.Series:
    return pl.Series([False]).new_from_index(0, ordered.height)


def _nothing(like: pl.Series) -> pl.Series:
    return pl.Series([None], dtype=like.dtype).new_from_index(0, len(like))


def _decoded(text: pl.Series, keys: list[str]) -> pl.DataFrame:
    """A JSON object of texts as one column per key."""
    return text.str.json_decode(pl.Struct({key: pl.String for key in keys})).struct.unnest()


# What comes out


def _last_rows(ordered: pl.DataFrame) -> pl.Series:
    customer = ordered["customer"]
    return (customer != customer.shift(-1)).fill_null(True)


def _homes(tracks: list[Track], after: bool) -> list[pl.Series]:
    """The columns of `customers` that the tracks fill; custom fields and consents put back into one JSON text each."""
    plain = [track for track in tracks if track.home in STORED_COLUMNS.values()]
    columns = [(track.after if after else track.stored).alias(track.home) for track in plain]
    for home in (CUSTOM, CONSENTS):
        inside = [track for track in tracks if track.home.startswith(f"{home}.")]
        if inside:
            keyed = {track.home.removeprefix(f"{home}."): track.after if after else track.stored for track in inside}
            columns.append(_encoded(keyed).alias(home))
    return columns


def _encoded(keyed: dict[str, pl.Series]) -> pl.Series:
    """One JSON object per row of the values that are there; null where there is none."""
    members = [
        pl.when(value.is_not_null()).then(_member(key, pl.struct(value.alias(key)))) for key, value in keyed.items()
    ]
    joined = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.select(pl.when(joined != "").then(pl.format("{{{}}}", joined))).to_series()


def _member(key: str, struct: pl.Expr) -> pl.Expr:
    """`"key":value` of a struct with one field: its JSON without the braces."""
    return struct.struct.json_encode().str.slice(1).str.head(-1)


def _created(ordered: pl.DataFrame, history: History, tracks: list[Track], matched: Matched) -> pl.DataFrame:
    """The customers that the block creates, as they are after it, and the columns that name who they are."""
    last = _last_rows(ordered) & (ordered["customer"] < 0)
    state = pl.DataFrame([ordered["customer"], *_homes(tracks, after=True)]).filter(last)
    return state.join(matched.newcomers, on="customer", how="left", maintain_order="left")


def _changed(ordered: pl.DataFrame, history: History, tracks: list[Track]) -> pl.DataFrame:
    """The customers who were there and of whom a column of `customers` other than an identifier changed."""
    last = _last_rows(ordered) & (ordered["customer"] > 0)
    after = pl.DataFrame([ordered["customer"], *_homes(tracks, after=True)])
    touched = pl.any_horizontal(
        pl.lit(False),
        *(track.stored.ne_missing(track.after) for track in tracks if not track.home.startswith("group:")),
    )
    return after.filter(last & pl.select(touched).to_series())


def _members(ordered: pl.DataFrame, history: History, tracks: list[Track], orders: Orders) -> pl.DataFrame:
    """The places in segment groups that changed over the block."""
    last, frames = _last_rows(ordered), []
    for group in orders.segment_groups:
        track = next(track for track in tracks if track.home == group_column(group.id))
        moved = last & track.stored.ne_missing(track.after)
        frames.append(
            pl.DataFrame({"customer": ordered["customer"], "segment_id": track.after})
            .filter(moved)
            .select("customer", pl.lit(group.id, pl.Int64).alias("group_id"), "segment_id")
        )
    schema = {"customer": pl.Int64, "group_id": pl.Int64, "segment_id": pl.Int64}
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _changes(
    ordered: pl.DataFrame, history: History, tracks: list[Track], steps: pl.DataFrame, orders: Orders
) -> pl.Series:
    """What each row changed of a customer who was there, as JSON: field -> [old, new]; null where nothing."""
    names = _segment_names(orders)
    members = []
    for track in tracks:
        old, new = history.before(track.stored, track.after), track.after
        differs = old.ne_missing(new) & ~ordered["created"]
        if differs.any():
            pair = pl.concat_list(_as_text(old, names), _as_text(new, names))
            members.append(
                pl.select(pl.when(differs).then(_member(track.name, pl.struct(pair.alias(track.name))))).to_series()
            )
    for column in steps["column"].unique().sort():
        own = steps.filter(pl.col("column") == column).select("record", pair=pl.concat_list("old", "new").alias(column))
        own = own.select("record", text=_member(column, pl.struct(pl.col("pair").alias(column))))
        members.append(ordered.select("record").join(own, on="record", how="left", maintain_order="left")["text"])
    if not members:
        return _texts(ordered.height)
    joined = pl.concat_str(members, separator=",", ignore_nulls=True)
    return pl.select(pl.when(joined != "").then(pl.format("{{{}}}", joined))).to_series()


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
