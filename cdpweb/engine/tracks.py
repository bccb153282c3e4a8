"""What the rows of a block make of every field of their customers, field by field (rules §2, §3, §5.8, §6)."""

from typing import NamedTuple

import polars as pl

from cdpweb.domain.fields import CUSTOM_FIELD_PREFIX, EMAIL_CONFIRMED, PHONE_CONFIRMED, SEGMENT_PREFIX, Kind
from cdpweb.domain.settings import OUT_OF_GROUP
from cdpweb.engine.consents import Said, statements
from cdpweb.engine.history import History
from cdpweb.engine.normalise import erase, group_column
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Store
from cdpweb.models.customers import STORED_COLUMNS

CUSTOM, CONSENTS = "custom", "consents"


class Track(NamedTuple):
    """One field of one place of storage, before the block and after each row of it."""

    name: str
    home: str
    stored: pl.Series
    after: pl.Series


def all_tracks(ordered: pl.DataFrame, history: History, orders: Orders) -> tuple[list[Track], pl.DataFrame]:
    """Every field that the import can change, and the warnings about consent.

    `ordered` are the accepted rows by customer and record, with what is stored of their customers.
    """
    nodes = list(orders.consent_tree.parents) if orders.of_kind(Kind.CONSENT) else []
    before = _decoded(ordered[_stored(CONSENTS)], nodes) if nodes else None
    said, problems = statements(ordered, before, orders)
    tracks = [
        *_profile(ordered, history, orders),
        *_confirmations(ordered, history, orders),
        *_custom(ordered, history, orders),
        *_consents(ordered, history, before, said),
        *_segments(ordered, history, orders),
    ]
    return tracks, problems


# What is stored


def with_stored(ordered: pl.DataFrame, orders: Orders, store: Store) -> pl.DataFrame:
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
    return text.str.json_decode(pl.Struct(dict.fromkeys(keys, pl.String))).struct.unnest()
