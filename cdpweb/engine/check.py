"""The first pass over a whole file: what must be known, or asked, before anything is written (rules §1.5, §2.7, §3)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from cdpweb.domain import dates, spreadsheets
from cdpweb.domain.columns import columns_where
from cdpweb.domain.dates import DayMonthEvidence
from cdpweb.domain.fields import Kind, Type
from cdpweb.domain.spreadsheets import RoundingEvidence
from cdpweb.engine.normalise import CLEAR, normalise, trimmed
from cdpweb.engine.orders import Evidence, Orders
from cdpweb.reading.blocks import Block

LISTED_VALUES = 100
"""How many unknown values of a settings column a question lists."""

DATED = {Type.BIRTH_DATE, Type.DATE, Type.DATE_TIME}
NUMBERED = {Type.EXTERNAL_ID, Type.DECIMAL}
ASKABLE = {Type.API_ENDPOINT, Type.TOUCHPOINT, Type.ACTION_TEMPLATE, Type.SEGMENT, Type.SEGMENT_GROUP}


@dataclass
class Findings:
    """What the whole file shows.

    `records`: how many there are. `empty`: the headers of mapped columns without any value. `dates` and `rounding`:
    the evidence of each field. `unknown`: per settings field how often each unknown value stands in it. `nameless`: the
    positions of columns without a header in which a value stands.
    """

    records: int = 0
    empty: list[str] = field(default_factory=list)
    dates: dict[str, DayMonthEvidence] = field(default_factory=dict)
    rounding: dict[str, RoundingEvidence] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    nameless: list[int] = field(default_factory=list)

    def evidence(self, orders: Orders) -> Evidence:
        """What of it the engine needs to read the values."""
        orders_found = {name: dates.order_of(found, None) for name, found in self.dates.items()}
        return Evidence(
            {name: order for name, order in orders_found.items() if order and not orders.said_order(name)},
            frozenset(name for name, found in self.rounding.items() if found.is_rounded),
        )


def check(blocks: Iterable[Block], orders: Orders, nameless: Iterable[int] = ()) -> Findings:
    """Read the whole file once; nothing is written. Memory holds one block at a time.

    `nameless` are the positions of columns that were dropped because they have no header and seemed to be empty.
    """
    findings = Findings()
    speechless, silent = set(orders.mapped), set(nameless)
    telling = {name for name in orders.mapped if orders.reference[name].type in DATED | NUMBERED}
    settings, known = _settings_only(orders), set[tuple[object, ...]]()
    for block in blocks:
        findings.records += block.rows.height
        looked_at = speechless | telling
        texts = trimmed(block.rows.select(pl.col(f"c{orders.mapped[name]}").alias(name) for name in looked_at))
        speechless -= set(columns_where(texts.select(speechless), pl.all() != ""))
        for name in telling:
            text = texts[name]
            _look(findings, orders, name, text.filter((text != "") & (text != CLEAR)))
        silent -= {index for index in silent if block.rows[f"c{index}"].str.contains(r"\S").any()}
        if settings.mapped:
            _unknown(findings, block.rows, settings, known)
    findings.empty = [orders.headers[orders.mapped[name]] for name in orders.mapped if name in speechless]
    findings.nameless = sorted(set(nameless) - silent)
    return findings


def unsurprised(orders: Orders) -> Orders:
    """The orders as they will be if the file holds nothing that tells how dates and numbers are to be read."""
    nothing = {name: DayMonthEvidence() for name in orders.mapped if orders.reference[name].type in DATED}
    return replace(orders, evidence=Findings(dates=nothing).evidence(orders))


def _look(findings: Findings, orders: Orders, name: str, text: pl.Series) -> None:
    kind = orders.reference[name].type
    if kind in DATED:
        seen = dates.evidence(text)
        findings.dates[name] = findings.dates[name] + seen if name in findings.dates else seen
    if kind in NUMBERED:
        rounding = spreadsheets.rounding(text)
        findings.rounding[name] = findings.rounding[name] + rounding if name in findings.rounding else rounding


def _settings_only(orders: Orders) -> Orders:
    """The same orders for the settings columns that the catalog knows, all else skipped."""
    kept = {one.name for one in orders.of_kind(Kind.SETTING) if one.type in ASKABLE}
    return replace(orders, columns=tuple(name if name in kept else None for name in orders.columns))


def _unknown(findings: Findings, rows: pl.DataFrame, orders: Orders, known: set[tuple[object, ...]]) -> None:
    """Count the unknown values; few rows differ in their settings, and only where one is unknown all are looked at.

    `known` are the combinations of blocks before in which nothing is unknown.
    """
    settings = ["fault", "blank", *(f"c{index}" for index in orders.mapped.values())]
    different = rows.unique(settings)
    combinations = set(different.select(settings).iter_rows())
    if combinations <= known:
        return
    if _unknowns(different, orders).is_empty():
        known |= combinations
        return
    fields = {orders.headers[index]: name for name, index in orders.mapped.items()}
    wrong = _unknowns(rows, orders).group_by("column", "value").len()
    # What holds NUL is invalid whatever is answered.
    for header, value, count in wrong.filter(~pl.col("value").str.contains("\0", literal=True)).iter_rows():
        findings.unknown.setdefault(fields[header], Counter())[value] += count


def _unknowns(rows: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    return normalise(rows, orders).problems.filter(pl.col("code") == "unknown_setting_value")


def questions(findings: Findings, orders: Orders, answers: dict[str, Any]) -> list[dict[str, Any]]:
    """What a person must say before the import can go on; `answers` are those given beforehand."""
    return [
        *_ask_about_nameless(findings),
        *_ask_about_empty(findings, answers),
        *_ask_about_dates(findings, orders),
        *_ask_about_settings(findings, orders, answers),
    ]


def _ask_about_nameless(findings: Findings) -> list[dict[str, Any]]:
    return [{"kind": "nameless_columns", "positions": findings.nameless}] if findings.nameless else []


def _ask_about_empty(findings: Findings, answers: dict[str, Any]) -> list[dict[str, Any]]:
    if not findings.empty or answers.get("empty_columns") == "skip":
        return []
    return [{"kind": "empty_columns", "columns": findings.empty}]


def _ask_about_dates(findings: Findings, orders: Orders) -> list[dict[str, Any]]:
    return [
        {
            "kind": "date_order",
            "column": orders.headers[orders.mapped[name]],
            "field": name,
            "samples": list(found.samples),
            "day_first": found.day_first,
            "month_first": found.month_first,
        }
        for name, found in findings.dates.items()
        if found.undecided and not orders.said_order(name) and dates.order_of(found, None) is None
    ]


def _ask_about_settings(findings: Findings, orders: Orders, answers: dict[str, Any]) -> list[dict[str, Any]]:
    if answers.get("unknown_setting_values") == "reject":
        return []
    return [
        {
            "kind": "unknown_setting_values",
            "column": orders.headers[orders.mapped[name]],
            "field": name,
            "values": [{"value": value, "count": count} for value, count in found.most_common(LISTED_VALUES)],
        }
        for name, found in findings.unknown.items()
    ]
