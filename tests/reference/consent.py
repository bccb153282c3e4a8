"""What a row's consent cells do to a customer's subscriptions (rules 6)."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdpweb.domain.fields import Field, Kind, subtree

Statement = tuple[bool, dt.datetime]


@dataclass(frozen=True)
class Statements:
    """The consent cells of one row: node -> opted in, and their date (None: the row has none)."""

    cells: Mapping[str, bool]
    own_date: dt.datetime | None
    now: dt.datetime
    ticked: bool

    @property
    def date(self) -> dt.datetime:
        return self.own_date or self.now


def apply(
    stored: dict[str, Statement], row: Statements, columns: dict[str, Field]
) -> tuple[dict[str, Statement], list[tuple[str, str]]]:
    """The consents after the row, and the nodes whose cells were skipped with the code why."""
    after, skipped = dict(stored), []
    for node in _top_down(columns):
        if node not in row.cells:
            continue
        opting_in = row.cells[node]
        if node in stored and stored[node][0] == opting_in:
            continue
        if node in stored and row.date < stored[node][1]:
            skipped.append((node, "consent_older"))
        elif opting_in and _is_guarded(node, stored, row, columns):
            skipped.append((node, "consent_protected"))
        else:
            after[node] = (opting_in, row.date)
            if not opting_in:
                _opt_out_below(node, after, row, columns)
    return after, skipped


def _top_down(columns: dict[str, Field]) -> list[str]:
    nodes = [name for name, field in columns.items() if field.kind is Kind.CONSENT]
    return sorted(nodes, key=lambda node: len(list(_upwards(node, columns))))


def _upwards(node: str | None, columns: dict[str, Field]) -> Iterator[str]:
    while node:
        yield node
        node = columns[node].parent


def _is_guarded(node: str, stored: Mapping[str, Statement], row: Statements, columns: dict[str, Field]) -> bool:
    """Whether an opt-out protects the node from being opted in by this row."""
    effective = next((stored[one] for one in _upwards(node, columns) if one in stored), None)
    if effective is None or effective[0]:
        return False
    return not (row.ticked and row.own_date and row.own_date > effective[1])


def _opt_out_below(node: str, after: dict[str, Statement], row: Statements, columns: dict[str, Field]) -> None:
    for below in subtree(columns, node):
        opted_in, stated_at = after.get(below, (False, row.date))
        if opted_in and below not in row.cells and stated_at <= row.date:
            after[below] = (False, row.date)
