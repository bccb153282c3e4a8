"""Consent, decided for one row at a time (rules §6)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Statement(NamedTuple):
    """What a customer said of one node, and when."""

    opted_in: bool
    at: dt.datetime

    def __str__(self) -> str:
        """The stored text: `in` or `out`, a space, the moment in UTC to the millisecond."""
        return f"{'in' if self.opted_in else 'out'} {self.at.isoformat(timespec='milliseconds')}"

    @classmethod
    def parse(cls, text: str) -> "Statement":
        """The statement that `str` wrote."""
        state, at = text.split(" ", 1)
        return cls(state == "in", dt.datetime.fromisoformat(at))


States = Mapping[str, Statement]
"""The statements of one customer by consent column; a node without one says nothing."""


@dataclass(frozen=True)
class Tree:
    """The nodes of consent by column, each with the one above it; columns stand before what is below them."""

    parents: Mapping[str, str | None]

    def below(self, node: str) -> list[str]:
        """Every node below `node`."""
        return [one for one in self.parents if node in self.above(one)]

    def above(self, node: str) -> list[str]:
        """The nodes above `node`, nearest first."""
        parent = self.parents.get(node)
        return [parent, *self.above(parent)] if parent else []

    def effective(self, states: States, node: str) -> Statement | None:
        """The node's own statement, else that of the nearest node above."""
        return next((states[one] for one in (node, *self.above(node)) if one in states), None)


@dataclass(frozen=True)
class Consents:
    """The consent cells of one row. `dated`: the row carries its own consent date; else `at` is the task's start."""

    cells: Mapping[str, bool]
    at: dt.datetime
    dated: bool


def apply_consents(
    tree: Tree, before: States, row: Consents, *, allow_resubscribe: bool
) -> tuple[dict[str, Statement], list[tuple[str, str]]]:
    """The statements after a row, and warnings as pairs of column and code (rules §6)."""
    after = dict(before)
    warnings = []
    for node in tree.parents:
        if node in row.cells and (problem := _state(tree, before, after, row, node, allow_resubscribe)):
            warnings.append((node, problem))
    return after, warnings


def _state(
    tree: Tree, before: States, after: dict[str, Statement], row: Consents, node: str, allow_resubscribe: bool
) -> str | None:
    """Apply one cell to `after`; the code of a warning if it is skipped."""
    opted_in, own = row.cells[node], after.get(node)
    if own and own.opted_in == opted_in:
        return None
    if own and row.at < own.at:
        return "consent_older"
    guarding = tree.effective(before, node) if opted_in else None
    lifts = allow_resubscribe and row.dated and guarding is not None and row.at > guarding.at
    if guarding and not guarding.opted_in and not lifts:
        return "consent_protected"
    after[node] = Statement(opted_in, row.at)
    if not opted_in:
        for lower in tree.below(node):
            _opt_out_below(after, row, lower)
    return None


def _opt_out_below(after: dict[str, Statement], row: Consents, node: str) -> None:
    """Opting out goes down to nodes that are opted in, have no cell of their own and no newer statement."""
    stated = after.get(node)
    if stated and stated.opted_in and node not in row.cells and stated.at <= row.at:
        after[node] = Statement(False, row.at)
