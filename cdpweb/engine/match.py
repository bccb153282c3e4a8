"""Which customer each row of a block is about (rules §5).

Most rows are plain: nobody owns any of their identifiers, or one customer owns them all, and no other row of the block
speaks of the same. Those are settled column by column. The rest, in the order of the file, go through
`domain.matching.decide`, which is the rule itself.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from cdpweb.domain.fields import CUSTOMER_ID, EMAIL, EXTERNAL_ID_PREFIX, PHONE
from cdpweb.domain.matching import Identifier, Identities, Verdict, decide, level_of
from cdpweb.domain.tasks import TaskKind
from cdpweb.engine.normalise import PROBLEM_SCHEMA, erase
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import Reads
from cdpweb.models.customers import STORED_COLUMNS

ACCEPTED_SCHEMA = {
    "record": pl.UInt32,
    "customer": pl.Int64,
    "created": pl.Boolean,
    "matched_by": pl.String,
    "own_email": pl.Boolean,
    "own_phone": pl.Boolean,
    "email_reset": pl.Boolean,
    "phone_reset": pl.Boolean,
}
STEP_SCHEMA = {"record": pl.UInt32, "column": pl.String, "old": pl.String, "new": pl.String}


class Move(NamedTuple):
    """What a whole block changed of one identifier of a customer who was there before it."""

    customer: int
    column: str
    old: Identifier | None
    new: Identifier | None


class Matched(NamedTuple):
    """Who is whom in a block.

    `accepted`: one row per row that is not rejected, as ACCEPTED_SCHEMA says; a customer whom the block creates has
    the negative number of his creating record. `newcomers`: `customer` and his identifiers after the block. `moves`:
    the identifiers of customers who were there. `steps`: what single rows changed of identifiers, as text.
    """

    accepted: pl.DataFrame
    newcomers: pl.DataFrame
    moves: list[Move]
    steps: pl.DataFrame
    problems: pl.DataFrame


def match(rows: pl.DataFrame, orders: Orders, store: Reads) -> Matched:
    """Settle whose row each row is, against the database and the earlier rows of the block.

    `rows` is the normalised block; blank rows and rows that the reader rejected are left out by the caller.
    """
    owned = _with_owners(rows.select(_spoken(orders)), orders, store)
    plain = _plain(owned.filter(~pl.col("tangled")), orders)
    followed = _follow(owned.filter("tangled"), orders, store)
    return Matched(
        pl.concat([plain.accepted, followed.accepted]).sort("record"),
        pl.concat([plain.newcomers, followed.newcomers]),
        followed.moves,
        followed.steps,
        pl.concat([plain.problems, followed.problems]),
    )


def _spoken(orders: Orders) -> list[str]:
    """The columns that tell who a row is about."""
    given = ["CustomerId:given"] if CUSTOMER_ID in orders.identifiers else []
    erases = [erase(name) for name in orders.contacts]
    return ["record", "line", "rejected", *orders.identifiers, *erases, *given]


def _owner_column(name: str) -> str:
    """The column with the owner of the identifier in the column `name`."""
    return f"{name}:owner"


def _with_owners(rows: pl.DataFrame, orders: Orders, store: Reads) -> pl.DataFrame:
    """The rows with the owner of each identifier, the strongest owner, and whether they need the rule itself."""
    for name in orders.identifiers:
        found = _owners(name, rows[name], orders, store).rename({"value": name, "customer": _owner_column(name)})
        rows = rows.join(found, on=name, how="left", maintain_order="left")
    by_strength = sorted(orders.identifiers, key=level_of)
    owners = [pl.col(_owner_column(name)) for name in by_strength]
    nobody, never = pl.lit(None, pl.Int64), pl.lit(False)
    rows = rows.with_columns(owner=pl.coalesce(*owners, nobody))
    given = {name: pl.col(name).is_not_null() for name in by_strength}
    shared = pl.any_horizontal(never, *(given[name] & pl.col(name).is_duplicated() for name in by_strength))
    disagree = pl.any_horizontal(never, *((owner != pl.col("owner")).fill_null(False) for owner in owners))
    unowned = pl.any_horizontal(never, *(given[name] & pl.col(_owner_column(name)).is_null() for name in by_strength))
    erases = pl.any_horizontal(never, *(pl.col(erase(name)) for name in orders.contacts))
    tangled = shared | disagree | (pl.col("owner").is_not_null() & (unowned | erases))
    return rows.with_columns(tangled=tangled | pl.col("record").is_in(_meeting(rows, by_strength).implode()))


def _meeting(rows: pl.DataFrame, names: list[str]) -> pl.Series:
    """The records that speak of a customer of whom another row speaks too."""
    nobody = pl.DataFrame(schema={"record": pl.UInt32, "customer": pl.Int64})
    pairs = pl.concat([nobody, *(rows.select("record", customer=_owner_column(name)) for name in names)])
    pairs = pairs.drop_nulls().unique()
    return pairs.filter(pl.col("customer").is_duplicated())["record"].unique()


def _owners(name: str, values: pl.Series, orders: Orders, store: Reads) -> pl.DataFrame:
    if name == CUSTOMER_ID:
        # A file cannot know the numbers of the customers that it creates itself.
        return store.known(values, not_by_task=orders.task_id)
    if name in STORED_COLUMNS:
        return store.owners(STORED_COLUMNS[name], values)
    return store.external_owners(system_ids(orders)[name], values)


def system_ids(orders: Orders) -> dict[str, int]:
    """The id of the external system of each ExternalIdentity column."""
    return {EXTERNAL_ID_PREFIX + system.system_name: system.id for system in orders.catalog.external_systems}


# Plain rows


@dataclass
class _Settled:
    accepted: pl.DataFrame
    newcomers: pl.DataFrame
    problems: pl.DataFrame
    moves: list[Move] = field(default_factory=list)
    steps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STEP_SCHEMA))


def _plain(rows: pl.DataFrame, orders: Orders) -> _Settled:
    """Rows that nobody else speaks of, whose owner is nobody or one customer who owns all."""
    names = orders.identifiers
    nothing = pl.all_horizontal(pl.lit(True), *(pl.col(name).is_null() for name in names))
    unknown = pl.lit(False)
    if CUSTOMER_ID in names:
        unknown = pl.col("CustomerId:given") & pl.col(_owner_column(CUSTOMER_ID)).is_null()
    there = pl.col("owner").is_not_null()
    error = (
        pl.when(unknown).then(pl.lit("customer_id_unknown"))
        .when(nothing).then(pl.lit("no_identifier"))
        .when(~there & (orders.settings.task is TaskKind.EDIT)).then(pl.lit("customer_not_found"))
        .when(there & (orders.settings.task is TaskKind.ADD)).then(pl.lit("customer_exists"))
    )  # fmt: skip
    rows = rows.with_columns(error=error.otherwise(pl.lit(None, pl.String)))
    good = rows.filter(pl.col("error").is_null() & ~pl.col("rejected"))
    accepted = good.select(
        "record",
        customer=_customer(),
        created=~there,
        matched_by=_matched_by(names),
        own_email=_given(EMAIL, names),
        own_phone=_given(PHONE, names),
        email_reset=pl.lit(False),
        phone_reset=pl.lit(False),
    )
    newcomers = good.filter(~there).select(-pl.col("record").cast(pl.Int64).alias("customer"), *orders.contacts)
    return _Settled(accepted, newcomers, _plain_problems(rows.filter(pl.col("error").is_not_null()), orders))


def _customer() -> pl.Expr:
    """The owner of a plain row, or whom it creates."""
    return pl.coalesce("owner", -pl.col("record").cast(pl.Int64))


def _matched_by(names: list[str]) -> pl.Expr:
    chain: pl.Expr = pl.lit(None, pl.String)
    for name in _weakest_first(names):
        chain = pl.when(pl.col(_owner_column(name)).is_not_null()).then(pl.lit(name)).otherwise(chain)
    return chain


def _weakest_first(names: list[str]) -> list[str]:
    """The columns from the weakest up; among equals the last of the column reference comes first."""
    return sorted(names, key=level_of)[::-1]


def _given(name: str, names: list[str]) -> pl.Expr:
    return pl.col(name).is_not_null() if name in names else pl.lit(False)


def _plain_problems(rows: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """The errors of plain rows, each at the row's strongest identifier."""
    column: pl.Expr = pl.lit(None, pl.String)
    value: pl.Expr = pl.lit(None, pl.String)
    for name in _weakest_first(orders.identifiers):
        column = pl.when(pl.col(name).is_not_null()).then(pl.lit(name)).otherwise(column)
        value = pl.when(pl.col(name).is_not_null()).then(_text(name)).otherwise(value)
    exists = pl.col("error") == "customer_exists"
    unknown = pl.col("error") == "customer_id_unknown"
    column = pl.when(unknown).then(pl.lit(CUSTOMER_ID)).otherwise(column)
    detail = pl.when(exists).then(pl.format("customer {}", "owner")).otherwise(pl.lit(None, pl.String))
    found = rows.select("record", "line", column=column, value=value, code="error", detail=detail)
    return _with_headers(found, orders)


def _text(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    return pl.lit("+") + text if name == PHONE else text


def _with_headers(problems: pl.DataFrame, orders: Orders) -> pl.DataFrame:
    """Problems name the columns of the file, not of the reference."""
    headers = {name: orders.headers[index] for name, index in orders.mapped.items()}
    return problems.with_columns(pl.col("column").replace(headers)).select(
        pl.col(name).cast(dtype) for name, dtype in PROBLEM_SCHEMA.items()
    )


# Tangled rows


def _follow(rows: pl.DataFrame, orders: Orders, store: Reads) -> _Settled:
    """Apply the rule row by row, in the order of the file, to rows that speak of the same people."""
    follower = _Follower(orders, _identities(rows, orders, store))
    for row in rows.sort("record").iter_rows(named=True):
        follower.take(row)
    return follower.settled()


def _identities(rows: pl.DataFrame, orders: Orders, store: Reads) -> Identities:
    """Everything that the customers of these rows own before the block."""
    identities = Identities()
    if rows.is_empty():
        return identities
    owners = [rows[_owner_column(name)].rename("id") for name in orders.identifiers]
    ids = pl.concat(owners).drop_nulls().unique().sort()
    for customer, email, phone in store.customers(ids, ["email", "phone"]).iter_rows():
        for column, value in ((EMAIL, email), (PHONE, phone)):
            if value is not None:
                identities.add(customer, column, value)
    columns = {system_id: name for name, system_id in system_ids(orders).items()}
    for customer, system_id, value in store.external_ids(ids).iter_rows():
        identities.add(customer, columns[system_id], value)
    if CUSTOMER_ID in orders.identifiers:
        for customer in rows[_owner_column(CUSTOMER_ID)].drop_nulls():
            identities.owners[CUSTOMER_ID, customer] = customer
    return identities


class _Follower:
    """Carries identities through the tangled rows of a block and notes what each row did."""

    def __init__(self, orders: Orders, identities: Identities) -> None:
        self.orders = orders
        self.identities = identities
        self.accepted: list[tuple[object, ...]] = []
        self.steps: list[tuple[object, ...]] = []
        self.problems: list[tuple[object, ...]] = []
        self.newcomers: list[int] = []
        self.moved: dict[tuple[int, str], Identifier | None] = {}

    def take(self, row: dict[str, object]) -> None:
        """Decide one row and let it take effect."""
        record = row["record"]
        assert isinstance(record, int)
        verdict = self._decide(row, -record)
        if verdict.error:
            self._problem(row, verdict.error_column, verdict.error, verdict.detail)
        elif not row["rejected"]:
            for column, code in verdict.warnings:
                self._problem(row, column, code, None)
            self._accept(row, record, verdict)

    def _decide(self, row: dict[str, object], newcomer: int) -> Verdict:
        given: dict[str, Identifier] = {
            name: value for name in self.orders.identifiers if isinstance(value := row[name], int | str)
        }
        if row.get("CustomerId:given") and CUSTOMER_ID not in given:
            return Verdict(error="customer_id_unknown", error_column=CUSTOMER_ID)
        clears = [name for name in self.orders.contacts if row[erase(name)]]
        return decide(given, self.identities, self.orders.rules, newcomer=newcomer, clears=clears)

    def _accept(self, row: dict[str, object], record: int, verdict: Verdict) -> None:
        customer = verdict.customer
        assert customer is not None
        changed = self.identities.apply(verdict)
        held = self.identities.of(customer)
        if verdict.created:
            self.newcomers.append(customer)
        else:
            for column, (old, new) in changed.items():
                self.moved.setdefault((customer, column), old)
                self.steps.append((record, column, identifier_text(column, old), identifier_text(column, new)))
        own = [row.get(name) is not None and held.get(name) == row[name] for name in (EMAIL, PHONE)]
        reset = [name in changed and changed[name][0] is not None for name in (EMAIL, PHONE)]
        self.accepted.append((record, customer, verdict.created, verdict.matched_by, *own, *reset))

    def _problem(self, row: dict[str, object], column: str | None, code: str, detail: str | None) -> None:
        value = row.get(column) if column else None
        text = identifier_text(column, value) if column and isinstance(value, int | str) else None
        self.problems.append((row["record"], row["line"], column, text, code, detail))

    def settled(self) -> _Settled:
        """Everything the rows did."""
        contacts = {name: pl.Int64 if name == PHONE else pl.String for name in self.orders.contacts}
        newcomers = [
            (customer, *(self.identities.of(customer).get(name) for name in contacts)) for customer in self.newcomers
        ]
        problems = pl.DataFrame(self.problems, schema=PROBLEM_SCHEMA, orient="row")
        return _Settled(
            accepted=pl.DataFrame(self.accepted, schema=ACCEPTED_SCHEMA, orient="row"),
            newcomers=pl.DataFrame(newcomers, schema={"customer": pl.Int64, **contacts}, orient="row"),
            problems=_with_headers(problems, self.orders),
            moves=self._moves(),
            steps=pl.DataFrame(self.steps, schema=STEP_SCHEMA, orient="row"),
        )

    def _moves(self) -> list[Move]:
        moves = [
            Move(customer, column, old, self.identities.of(customer).get(column))
            for (customer, column), old in self.moved.items()
            if customer > 0
        ]
        return [move for move in moves if move.old != move.new]


def identifier_text(column: str, value: Identifier | None) -> str | None:
    """An identifier as changes and problems show it."""
    if value is None:
        return None
    return f"+{value}" if column == PHONE else str(value)
