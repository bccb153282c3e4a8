"""Which customer a row is about, decided for one row at a time (rules §5).

This is the rule's home. The engine takes a short cut only for rows whose answer is plain: nobody owns anything, or one
customer owns everything; every other row of a block comes here, in the order of the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdpweb.domain.fields import CUSTOMER_ID, EMAIL, PHONE
from cdpweb.domain.settings import Conflicts, WriteMode
from cdpweb.domain.tasks import TaskKind

Identifier = int | str
"""A canonical value: CustomerId and phone are whole numbers, email and external IDs text."""


LEVELS = {CUSTOMER_ID: 0, EMAIL: 2, PHONE: 3}


def level_of(column: str) -> int:
    """The strength of an identifier column: 0 is the strongest; external IDs are all alike (rules §5)."""
    return LEVELS.get(column, 1)


@dataclass(slots=True)
class Verdict:
    """What a row's identifiers mean.

    `customer` is None where the row is rejected with `error`; `error_column` is the identifier it stands for.
    `sets` are the identifiers the customer gets, `erases` the columns he loses, `warnings` pairs of column and code.
    """

    customer: int | None = None
    created: bool = False
    matched_by: str | None = None
    error: str | None = None
    error_column: str | None = None
    detail: str | None = None
    sets: dict[str, Identifier] = field(default_factory=dict)
    erases: list[str] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)


class Identities:
    """Who owns which identifier at this moment, and which identifiers a customer has."""

    def __init__(self) -> None:
        self.owners: dict[tuple[str, Identifier], int] = {}
        self.held: dict[int, dict[str, Identifier]] = {}

    def add(self, customer: int, column: str, value: Identifier) -> None:
        """Note that `customer` has `value`."""
        self.owners[column, value] = customer
        self.held.setdefault(customer, {})[column] = value

    def owner(self, column: str, value: Identifier) -> int | None:
        """Who has `value`, if anybody."""
        return self.owners.get((column, value))

    def of(self, customer: int) -> Mapping[str, Identifier]:
        """The identifiers of `customer`, CustomerId aside."""
        return self.held.get(customer, {})

    def apply(self, verdict: Verdict) -> dict[str, tuple[Identifier | None, Identifier | None]]:
        """Let a row take effect; what it changed, as column -> (old, new). A replaced value is free from now on."""
        assert verdict.customer is not None
        held = self.held.setdefault(verdict.customer, {})
        changed: dict[str, tuple[Identifier | None, Identifier | None]] = {}
        for column in verdict.erases:
            changed[column] = (held[column], None)
            del self.owners[column, held.pop(column)]
        for column, value in verdict.sets.items():
            old = held.get(column)
            if old is not None:
                del self.owners[column, old]
            changed[column] = (old, value)
            self.add(verdict.customer, column, value)
        return changed


@dataclass(frozen=True)
class Rules:
    """What the task and its settings say about identities."""

    task: TaskKind
    conflicts: Conflicts
    modes: Mapping[str, WriteMode] = field(default_factory=dict)

    def spares(self, column: str, held: Mapping[str, Identifier]) -> bool:
        """Whether the identifier of an existing customer is left as it is (rules §2.2)."""
        mode = self.modes.get(column, WriteMode.OVERWRITE)
        return mode is WriteMode.NEVER or (mode is WriteMode.FILL and column in held)


def decide(
    row: Mapping[str, Identifier],
    identities: Identities,
    rules: Rules,
    *,
    newcomer: int,
    clears: list[str] | None = None,
) -> Verdict:
    """Whose row it is (rules §5.0 to 5.7).

    `row` holds the valid identifiers, `clears` the identifier columns that say %CLEAR%, `newcomer` is the number that
    a customer created by this row gets.
    """
    if not row:
        return Verdict(error="no_identifier")
    owners = {column: identities.owner(column, value) for column, value in row.items()}
    if CUSTOMER_ID in row and owners[CUSTOMER_ID] is None:
        return Verdict(error="customer_id_unknown", error_column=CUSTOMER_ID)
    verdict = _whose(row, owners, identities, rules, newcomer)
    if verdict.customer is not None and not verdict.created:
        if rules.task is TaskKind.ADD:
            return Verdict(
                error="customer_exists", error_column=verdict.matched_by, detail=f"customer {verdict.customer}"
            )
        held = identities.of(verdict.customer)
        verdict.sets = {column: value for column, value in verdict.sets.items() if not rules.spares(column, held)}
        _erase(verdict, [column for column in clears or [] if not rules.spares(column, held)], held)
    return verdict


def _whose(
    row: Mapping[str, Identifier],
    owners: Mapping[str, int | None],
    identities: Identities,
    rules: Rules,
    newcomer: int,
) -> Verdict:
    found = {owner for owner in owners.values() if owner is not None}
    if not found:
        return _new(row, rules, newcomer)
    trouble = _conflict(owners) if len(found) > 1 else _contradiction(row, owners, identities)
    if trouble is None:
        return _existing(found.pop(), row, owners)
    if rules.conflicts is Conflicts.REJECT:
        return trouble
    return _strongest(row, owners, identities, rules, newcomer)


def _new(row: Mapping[str, Identifier], rules: Rules, newcomer: int) -> Verdict:
    """Rules §5.1."""
    if rules.task is TaskKind.EDIT:
        return Verdict(error="customer_not_found", error_column=_strongest_column(row))
    return Verdict(customer=newcomer, created=True, sets=dict(row))


def _conflict(owners: Mapping[str, int | None]) -> Verdict:
    """Rules §5.3: names each owner."""
    owned = {column: owner for column, owner in owners.items() if owner is not None}
    detail = ", ".join(f"{column} belongs to {_name(owner)}" for column, owner in owned.items())
    return Verdict(error="identifier_conflict", error_column=_strongest_column(owned), detail=detail)


def _contradiction(
    row: Mapping[str, Identifier], owners: Mapping[str, int | None], identities: Identities
) -> Verdict | None:
    """Rules §5.2: an unowned identifier, as strong as the match or stronger, of which he has another value."""
    owned = [column for column, owner in owners.items() if owner is not None]
    match = min(owned, key=level_of)
    customer = owners[match]
    assert customer is not None
    for column in row:
        if owners[column] is None and level_of(column) <= level_of(match) and column in identities.of(customer):
            detail = f"{match} belongs to {_name(customer)}, whose {column} is another one"
            return Verdict(error="identifier_contradiction", error_column=column, detail=detail)
    return None


def _existing(customer: int, row: Mapping[str, Identifier], owners: Mapping[str, int | None]) -> Verdict:
    """The row is this customer's: what nobody owns is added or replaces his value."""
    owned = [column for column, owner in owners.items() if owner == customer]
    sets = {column: value for column, value in row.items() if owners[column] is None}
    return Verdict(customer=customer, matched_by=_strongest_column(owned), sets=sets)


def _strongest(
    row: Mapping[str, Identifier],
    owners: Mapping[str, int | None],
    identities: Identities,
    rules: Rules,
    newcomer: int,
) -> Verdict:
    """Rules §5.5: the row's strongest level decides, other owners keep what is theirs."""
    top = min(level_of(column) for column in row)
    deciding = {owner for column, owner in owners.items() if level_of(column) == top and owner is not None}
    if len(deciding) > 1:
        return _conflict(owners)
    if deciding:
        verdict = _existing(deciding.pop(), row, owners)
    else:
        verdict = _new(row, rules, newcomer)
        if verdict.error:
            return verdict
    assert verdict.customer is not None
    held = identities.of(verdict.customer)
    verdict.sets = {}
    for column, value in row.items():
        if owners[column] is not None and owners[column] != verdict.customer:
            verdict.warnings.append((column, "identifier_taken"))
        elif owners[column] is None and level_of(column) == top and held.get(column, value) != value:
            verdict.warnings.append((column, "identifier_kept"))
        elif owners[column] is None:
            verdict.sets[column] = value
    return verdict


def _erase(verdict: Verdict, clears: list[str], held: Mapping[str, Identifier]) -> None:
    """Rules §5.7: erasing acts after matching and always leaves the customer one identifier."""
    left = {**held, **verdict.sets}
    erased = [column for column in clears if column in left]
    if erased and len(erased) == len(left):
        kept = min(erased, key=level_of)
        erased.remove(kept)
        verdict.warnings.append((kept, "last_identifier"))
    verdict.erases = erased


def _strongest_column(columns: Mapping[str, object] | list[str]) -> str:
    return min(columns, key=level_of)


def _name(customer: int) -> str:
    """How a problem names an owner; a customer made by a row of this block has no number yet."""
    return f"customer {customer}" if customer > 0 else f"the customer created by row {-customer}"
