"""What the rows of a block state of consent (rules §6)."""

import datetime as dt
from typing import NamedTuple, TypeAlias

import polars as pl

from cdpweb.domain.consent import Consents, Statement, apply_consents
from cdpweb.domain.fields import CONSENT_DATE, Kind
from cdpweb.engine.normalise import PROBLEM_SCHEMA
from cdpweb.engine.orders import Orders

OUTCOMES = 10_000
"""How many different outcomes of rows are remembered while a block is walked through."""

Said = dict[str, pl.Series]
"""For each node the statement, as stored text, that each row makes; null where it makes none."""


def statements(ordered: pl.DataFrame, before: pl.DataFrame | None, orders: Orders) -> tuple[Said, pl.DataFrame]:
    """The statements of the rows, and the warnings.

    `ordered` are the accepted rows by customer and record, `before` the stored statements by node. Only rows that can
    meet something to contradict go through the rule: a customer's only row of the block says plainly what its cells
    say if it creates him, and nothing if all its cells equal what is stored.
    """
    mapped = [one.name for one in orders.of_kind(Kind.CONSENT)]
    if before is None or not mapped:
        return {}, pl.DataFrame(schema=PROBLEM_SCHEMA)
    said = _plainly(ordered, mapped, orders)
    walker = _Walker(orders, mapped)
    for row in _arguable(ordered, before, mapped, orders).iter_rows():
        walker.take(*row)
    return walker.overlay(said), walker.found()


def _plainly(ordered: pl.DataFrame, mapped: list[str], orders: Orders) -> Said:
    """The cells of rows that create a customer, as statements."""
    at: pl.Expr = pl.lit(orders.started_at.replace(tzinfo=None), pl.Datetime("us"))
    if CONSENT_DATE in orders.mapped:
        at = pl.coalesce(CONSENT_DATE, at)
    moment = at.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00")
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, ordered.height)
    said = dict.fromkeys(orders.consent_tree.parents, nothing)
    for node in mapped:
        state = pl.when(node).then(pl.lit("in ")).when(~pl.col(node)).then(pl.lit("out "))
        said[node] = ordered.select(pl.when("created").then(state + moment)).to_series()
    return said


def _arguable(ordered: pl.DataFrame, before: pl.DataFrame, mapped: list[str], orders: Orders) -> pl.DataFrame:
    """The rows whose consents depend on what is stored or on the customer's other rows."""
    stored = [before[node].alias(f"stored:{node}") for node in before.columns]
    rows = ordered.with_columns(*stored, row=pl.int_range(pl.len(), dtype=pl.UInt32))
    says = pl.any_horizontal(pl.col(node).is_not_null() for node in mapped)
    differs = pl.any_horizontal(
        (pl.col(node) != pl.col(f"stored:{node}").str.starts_with("in ").fill_null(~pl.col(node))).fill_null(False)
        for node in mapped
    )
    alone = pl.col("customer").is_unique()
    date = pl.col(CONSENT_DATE) if CONSENT_DATE in orders.mapped else pl.lit(None, pl.Datetime("us"))
    return rows.filter(says & pl.when(alone).then(differs & ~pl.col("created")).otherwise(True)).select(
        "row",
        "customer",
        "record",
        "line",
        pl.concat_list(mapped).alias("cells"),
        date.alias("date"),
        pl.concat_list(one.name for one in stored).alias("stored"),
    )


_Key: TypeAlias = tuple[tuple[str | None, ...], tuple[bool | None, ...], dt.datetime | None]
"""What an outcome depends on: the statements before the row, its cells and its date."""


class _Outcome(NamedTuple):
    """What a row's cells make of a customer's statements; as stored texts, in the order of the tree."""

    after: tuple[str | None, ...]
    changed: dict[str, str]
    warnings: list[tuple[str, str]]


class _Walker:
    """Carries the consents of one customer after the other through his rows."""

    def __init__(self, orders: Orders, mapped: list[str]) -> None:
        self.orders, self.mapped = orders, mapped
        self.nodes = list(orders.consent_tree.parents)
        self.customer: int | None = None
        self.states: tuple[str | None, ...] = ()
        self.walked: list[tuple[int, dict[str, str]]] = []
        self.problems: list[tuple[object, ...]] = []
        self.known: dict[_Key, _Outcome] = {}

    def take(
        self,
        row: int,
        customer: int,
        record: int,
        line: int,
        cells: list[bool | None],
        date: dt.datetime | None,
        stored: list[str | None],
    ) -> None:
        """Apply one row; a customer's first row brings what is `stored` of him."""
        if customer != self.customer:
            self.customer, self.states = customer, tuple(stored)
        self.states, changed, warnings = self._outcome((self.states, tuple(cells), date))
        self.walked.append((row, changed))
        for node, code in warnings:
            self._problem(record, line, node, cells[self.mapped.index(node)], code)

    def _outcome(self, key: _Key) -> _Outcome:
        """Most customers have said one of a few things, at one of a few moments: each is worked out once."""
        if (known := self.known.get(key)) is not None:
            return known
        outcome = self._worked_out(*key)
        if len(self.known) < OUTCOMES:
            self.known[key] = outcome
        return outcome

    def _worked_out(
        self, states: tuple[str | None, ...], cells: tuple[bool | None, ...], date: dt.datetime | None
    ) -> _Outcome:
        before = {node: Statement.parse(text) for node, text in zip(self.nodes, states, strict=True) if text}
        after, warnings = apply_consents(
            self.orders.consent_tree,
            before,
            self._consents(cells, date),
            allow_resubscribe=self.orders.settings.allow_resubscribe,
        )
        changed = {node: str(said) for node, said in after.items() if before.get(node) != said}
        stated = tuple(str(after[node]) if node in after else None for node in self.nodes)
        return _Outcome(stated, changed, warnings)

    def _consents(self, cells: tuple[bool | None, ...], date: dt.datetime | None) -> Consents:
        said = {node: cell for node, cell in zip(self.mapped, cells, strict=True) if cell is not None}
        at = date.replace(tzinfo=dt.UTC) if date else self.orders.started_at
        return Consents(said, at, dated=date is not None)

    def _problem(self, record: int, line: int, node: str, cell: bool | None, code: str) -> None:
        header = self.orders.headers[self.orders.mapped[node]]
        self.problems.append((record, line, header, str(cell).lower(), code, None))

    def overlay(self, said: Said) -> Said:
        """The statements with those of the walked rows in their places."""
        if not self.walked:
            return said
        rows = pl.Series([row for row, _ in self.walked], dtype=pl.UInt32)
        return {
            node: series.clone().scatter(rows, [changed.get(node) for _, changed in self.walked])
            for node, series in said.items()
        }

    def found(self) -> pl.DataFrame:
        """The warnings."""
        return pl.DataFrame(self.problems, schema=PROBLEM_SCHEMA, orient="row")
