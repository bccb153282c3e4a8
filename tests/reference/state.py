"""What a base holds and what an import says about itself, as plain values."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from cdpweb.domain.catalog import Choice
from cdpweb.domain.tasks import Outcome


@dataclass
class Action:
    """One event of a customer's activity feed."""

    template_id: int
    touchpoint_id: int
    endpoint_id: int
    happened_at: dt.datetime
    record: int


@dataclass
class Change:
    """What one row changed: column -> (old, new) canonical text, None for nothing."""

    record: int
    fields: dict[str, tuple[str | None, str | None]]


@dataclass
class Customer:
    """One person; everything by column name, as canonical text.

    `identifiers`: Email, ExternalIdentity… text; MobilePhone the number without its plus, as an int.
    `fields`: profile, confirmations ("true", "false"), custom fields, segments (Segment<Group>: its system name).
    `consents`: column -> (opted in, date of the statement). `created_record`: the row that made him, None in a base.
    `source`: the ids of API endpoint, touchpoint and action template of that row.
    """

    id: int
    identifiers: dict[str, str | int] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    consents: dict[str, tuple[bool, dt.datetime]] = field(default_factory=dict)
    actions: list[Action] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    created_record: int | None = None
    source: tuple[int, int, int] | None = None


@dataclass
class State:
    """A base: its customers by id, and the choices that imports created (custom field -> choices)."""

    customers: dict[int, Customer] = field(default_factory=dict)
    choices: dict[str, list[Choice]] = field(default_factory=dict)

    def owner(self, column: str, value: object) -> Customer | None:
        """The customer who has this identifier now (rules 5)."""
        if column == "CustomerId":
            return self.customers.get(int(str(value)))
        return next((one for one in self.customers.values() if one.identifiers.get(column) == value), None)

    def new_customer(self, record: int) -> Customer:
        """A customer with the next free id."""
        customer = Customer(max(self.customers, default=0) + 1, created_record=record)
        self.customers[customer.id] = customer
        return customer


@dataclass(frozen=True)
class Problem:
    """One problem of one row: `column` is the header in the file, `value` the trimmed cell."""

    record: int
    line: int
    column: str | None
    value: str | None
    code: str


@dataclass(frozen=True)
class Row:
    """The ledger's line of one record."""

    record: int
    line: int
    outcome: Outcome
    customer: int | None = None
    matched_by: str | None = None


@dataclass
class Report:
    """What an import says: the ledger, the problems in order of record, the counts (rules 4)."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: int = 0
    customers: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome, and their sum."""
        counted = Counter(row.outcome.value for row in self.rows)
        return {outcome.value: counted[outcome.value] for outcome in Outcome} | {"rows_read": len(self.rows)}
