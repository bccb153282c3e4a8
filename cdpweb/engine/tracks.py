"""What the rows of a block make of every field of their customers, field by field (rules §2, §3, §5.8, §6)."""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from cdpweb.domain.fields import CUSTOM_FIELD_PREFIX, EMAIL_CONFIRMED, PHONE_CONFIRMED, SEGMENT_PREFIX, Kind
from cdpweb.domain.settings import OUT_OF_GROUP
from cdpweb.engine.consents import Said, statements
from cdpweb.engine.history import History, Telling
from cdpweb.engine.normalise import erase, group_column
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Reads
from cdpweb.models.customers import STORED_COLUMNS

CUSTOM, CONSENTS = "custom", "consents"


class Track(NamedTuple):
    """One field of one place of storage, before the block and after each row of it."""

    name: str
    home: str
    stored: pl.Series
    after: pl.Series


class _Told(NamedTuple):
    """What the rows tell of one field of one place of storage."""

    name: str
    home: str
    telling: Telling


def all_tracks(ordered: pl.DataFrame, history: History, orders: Orders) -> tuple[list[Track], pl.DataFrame]:
    """Every field that the import can change, and the warnings about consent.

    `ordered` are the accepted rows by customer and record, with what is stored of their customers.
    """
    nodes = list(orders.consent_tree.parents) if orders.of_kind(Kind.CONSENT) else []
    before = _decoded(ordered[_stored(CONSENTS)], nodes) if nodes else None
    said, problems = statements(ordered, before, orders)
    told = [
        *_profile(ordered, orders),
        *_confirmations(ordered, orders),
        *_custom(ordered, orders),
        *_consents(before, said),
        *_segments(ordered, orders),
    ]
    after = history.after([one.telling for one in told])
    return [Track(one.name, one.home, one.telling.stored, new) for one, new in zip(told, after, strict=True)], problems


# What is stored


def with_stored(ordered: pl.DataFrame, orders: Orders, store: Reads) -> pl.DataFrame:
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


def _profile(ordered: pl.DataFrame, orders: Orders) -> Iterator[_Told]:
    for name in _profile_names(orders):
        stored = ordered[_stored(STORED_COLUMNS[name])]
        telling = Telling(stored, ordered[name], ordered[erase(name)], orders.settings.mode_of(name))
        yield _Told(name, STORED_COLUMNS[name], telling)


def _confirmations(ordered: pl.DataFrame, orders: Orders) -> Iterator[_Told]:
    """A confirmation counts for the row's own email or phone, and goes when that is replaced (rules §5.8)."""
    for name, own, reset in (
        (EMAIL_CONFIRMED, "own_email", "email_reset"),
        (PHONE_CONFIRMED, "own_phone", "phone_reset"),
    ):
        if name not in orders.mapped and not ordered[reset].any():
            continue
        stored = ordered[_stored(STORED_COLUMNS[name])]
        said = ordered.select(pl.when(own).then(name)).to_series() if name in orders.mapped else _nothing(stored)
        telling = Telling(stored, said, mode=orders.settings.mode_of(name), reset=ordered[reset])
        yield _Told(name, STORED_COLUMNS[name], telling)


def _custom(ordered: pl.DataFrame, orders: Orders) -> Iterator[_Told]:
    mapped = {one.custom.system_name: one.name for one in orders.of_kind(Kind.CUSTOM) if one.custom}
    if not mapped:
        return
    known = [one.system_name for one in orders.catalog.custom_fields]
    for key, stored in zip(known, _decoded(ordered[_stored(CUSTOM)], known), strict=True):
        telling = Telling(stored, _nothing(stored))
        if name := mapped.get(key):
            telling = Telling(stored, ordered[name], ordered[erase(name)], orders.settings.mode_of(name))
        yield _Told(CUSTOM_FIELD_PREFIX + key, f"{CUSTOM}.{key}", telling)


def _consents(before: pl.DataFrame | None, said: Said) -> Iterator[_Told]:
    if before is not None:
        for node, stated in said.items():
            yield _Told(node, f"{CONSENTS}.{node}", Telling(before[node], stated))


def _segments(ordered: pl.DataFrame, orders: Orders) -> Iterator[_Told]:
    for group in orders.segment_groups:
        name = group_column(group.id)
        stored, said = ordered[_stored(name)], ordered[name]
        out = (said == OUT_OF_GROUP).fill_null(False)
        yield _Told(SEGMENT_PREFIX + group.system_name, name, Telling(stored, said.set(out, None), out))


def _nothing(like: pl.Series) -> pl.Series:
    return pl.Series([None], dtype=like.dtype).new_from_index(0, len(like))


def _decoded(text: pl.Series, keys: list[str]) -> pl.DataFrame:
    """A JSON object of texts as one column per key."""
    if text.null_count() == len(text):
        return pl.DataFrame([text.alias(key) for key in keys], schema=dict.fromkeys(keys, pl.String))
    return text.str.json_decode(pl.Struct(dict.fromkeys(keys, pl.String))).struct.unnest()
