"""Which customer a row is about (rules 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdpweb.domain.fields import CUSTOMER_ID, EMAIL, PHONE
from cdpweb.domain.settings import Conflicts, ImportSettings
from cdpweb.domain.tasks import TaskKind

from .state import Customer, State

Identifiers = Mapping[str, str | int]


@dataclass(frozen=True)
class Match:
    """The customer of a row, None for a new one, or the error that rejects it; `skipped`: identifier -> warning."""

    customer: Customer | None = None
    matched_by: str | None = None
    error: str | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)


def level(column: str) -> int:
    """How strong an identifier is; 0 is the strongest."""
    return {CUSTOMER_ID: 0, EMAIL: 2, PHONE: 3}.get(column, 1)


def decide(identifiers: Identifiers, bad_customer_id: bool, state: State, settings: ImportSettings) -> Match:
    """Whose row this is. `identifiers`: the row's valid ones, in the order of the column reference."""
    if bad_customer_id or (CUSTOMER_ID in identifiers and not state.owner(CUSTOMER_ID, identifiers[CUSTOMER_ID])):
        return Match(error="customer_id_unknown")
    if not identifiers:
        return Match(error="no_identifier")
    owners = {column: owner for column, value in identifiers.items() if (owner := state.owner(column, value))}
    match = _agreed(identifiers, owners)
    if match.error and settings.conflicts is Conflicts.STRONGEST:
        match = _strongest(identifiers, owners)
    if match.error:
        return match
    if match.customer is None and settings.task is TaskKind.EDIT:
        return Match(error="customer_not_found")
    if match.customer is not None and settings.task is TaskKind.ADD:
        return Match(error="customer_exists")
    return match


def _agreed(identifiers: Identifiers, owners: Mapping[str, Customer]) -> Match:
    """Rules 5.1 to 5.3: the customer that all identifiers agree on."""
    if not owners:
        return Match()
    if len({owner.id for owner in owners.values()}) > 1:
        return Match(error="identifier_conflict")
    matched_by = min(owners, key=level)
    customer = owners[matched_by]
    for column in identifiers:
        if column not in owners and level(column) <= level(matched_by) and column in customer.identifiers:
            return Match(error="identifier_contradiction")
    return Match(customer, matched_by)


def _strongest(identifiers: Identifiers, owners: Mapping[str, Customer]) -> Match:
    """Rules 5.5: the row's strongest level decides."""
    top = min(level(column) for column in identifiers)
    on_top = {column: owner for column, owner in owners.items() if level(column) == top}
    if len({owner.id for owner in on_top.values()}) > 1:
        return Match(error="identifier_conflict")
    customer = next(iter(on_top.values()), None)
    skipped = {}
    for column in identifiers:
        if column in owners:
            if owners[column] is not customer:
                skipped[column] = "identifier_taken"
        elif customer and level(column) == top and column in customer.identifiers:
            skipped[column] = "identifier_kept"
    return Match(customer, next(iter(on_top), None), skipped=skipped)
