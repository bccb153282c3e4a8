"""Editing a customer by hand: a one-row import into a known customer, by the same rules and the same change records."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain import formulas
from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import (
    CONSENT_DATE,
    CUSTOMER_ID,
    EMAIL,
    EMAIL_CONFIRMED,
    FULL_NAME,
    PHONE,
    PHONE_CONFIRMED,
    Field,
    Kind,
    Type,
    fields,
)
from cdpweb.domain.problems import PROBLEMS
from cdpweb.domain.settings import ImportSettings
from cdpweb.domain.tasks import TaskKind
from cdpweb.engine.normalise import CLEAR, normalise
from cdpweb.engine.orders import Orders
from cdpweb.engine.stores import take_turn
from cdpweb.engine.write import write_by_hand
from cdpweb.models import Change, Customer
from cdpweb.models.counters import reserve
from cdpweb.models.types import now
from cdpweb.services import audit
from cdpweb.services.customers.lookup import owners
from cdpweb.services.customers.profile import name_of
from cdpweb.services.customers.stored import stored
from cdpweb.services.customers.words import Words
from cdpweb.services.refused import Refused

NO_TASK = 0
DELETED = "The customer has been deleted meanwhile."
_CONFIRMS = {EMAIL_CONFIRMED: EMAIL, PHONE_CONFIRMED: PHONE}
_NEVER_EMPTIED = (Kind.CONFIRMATION, Kind.CONSENT)


def editable(catalog: Catalog) -> dict[str, Field]:
    """The columns that a person can edit: all that is stored of a customer, his number aside."""
    groups = [one for one in fields(catalog).values() if one.type is Type.SEGMENT and one.name != "SegmentExternalId"]
    own = [
        one
        for one in fields(catalog).values()
        if one.kind not in (Kind.SETTING, Kind.CONSENT_DATE) and one.name not in (CUSTOMER_ID, FULL_NAME)
    ]
    return {one.name: one for one in (*own, *groups)}


def edit_customer(
    session: Session,
    catalog: Catalog,
    customer: Customer,
    given: Mapping[str, str],
    before: Mapping[str, str],
    author: str | None,
) -> bool:
    """Give the fields of a customer the values `given`, by column; whether that changed anything.

    Texts are those that a file would have, empty for nothing. `before` is what the person saw: only what differs from
    it is changed, and only if nobody else has changed it since. Raises Refused, keyed by column.
    """
    asked = {name: text.strip() for name, text in given.items() if text.strip() != before.get(name, "").strip()}
    take_turn(session.connection())
    # An import may have written him since he was read.
    if session.get(Customer, customer.id, populate_existing=True) is None:
        raise Refused({"": DELETED})
    texts = stored(session, [customer])[0].texts(catalog)
    _refuse(_overtaken(catalog, asked, before, texts))
    _refuse(_not_editable(catalog, asked, texts))
    if not asked:
        return False
    at = now()
    orders, block = _one_row(catalog, _cells(catalog, customer, asked, texts, at), at)
    problems, changes = write_by_hand(session.connection(), normalise(block, orders), orders)
    _refuse(_sentences(session, catalog, customer, asked, problems))
    session.expire_all()
    if changes is None:
        return False
    number = reserve(session.connection(), "changes")
    fields_changed = json.loads(changes)
    session.add(Change(customer_id=customer.id, id=number, at=at, author=author, fields=fields_changed))
    session.flush()
    _record(catalog, customer, fields_changed, author)
    return True


def _record(catalog: Catalog, customer: Customer, changed: Mapping[str, Any], author: str | None) -> None:
    """A consent stated by hand may lift an opt-out, which no file could: it is recorded by itself."""
    audit.record("customer_edited", person=author, customer=customer.id)
    nodes = [name for name, one in fields(catalog).items() if one.kind is Kind.CONSENT and name in changed]
    if nodes:
        audit.record("consent_overridden", person=author, customer=customer.id, of=" ".join(nodes))


# What is asked for


def _overtaken(
    catalog: Catalog, asked: Mapping[str, str], before: Mapping[str, str], texts: Mapping[str, str]
) -> dict[str, str]:
    """Fields that an import or another person has changed while this one was typing."""
    words = Words(catalog)
    return {
        name: f"It has been changed meanwhile and is now “{words.value(name, texts.get(name))}”. "
        "Reload the page to edit that."
        for name in asked
        if texts.get(name, "").strip() != before.get(name, "").strip()
    }


def _not_editable(catalog: Catalog, asked: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, str]:
    known = editable(catalog)
    sentences = dict.fromkeys(asked.keys() - known.keys(), "There is no such field.")
    for name in asked.keys() & known.keys():
        if not asked[name] and known[name].kind in _NEVER_EMPTIED:
            sentences[name] = "Say yes or no: once said, it can be changed but not taken back."
        contact = _CONFIRMS.get(name)
        if contact and asked[name] and not asked.get(contact, texts.get(contact)):
            sentences[name] = f"There is no {Words(catalog).label(contact).lower()} to confirm."
    return sentences


def _cells(
    catalog: Catalog, customer: Customer, asked: Mapping[str, str], texts: Mapping[str, str], at: dt.datetime
) -> dict[str, str]:
    """The cells of the row; a confirmation counts only beside its own email or phone (rules §5.8)."""
    cells = {CUSTOMER_ID: str(customer.id)}
    for name, contact in _CONFIRMS.items():
        if name in asked and contact not in asked:
            cells[contact] = texts[contact]
    cells |= {name: formulas.guard_text(text) or CLEAR for name, text in asked.items()}
    if any(editable(catalog)[name].kind is Kind.CONSENT for name in asked):
        cells[CONSENT_DATE] = at.isoformat()
    return cells


def _one_row(catalog: Catalog, cells: Mapping[str, str], at: dt.datetime) -> tuple[Orders, pl.DataFrame]:
    """The orders of an import that has just these columns, and its only row. A person may lift an opt-out."""
    settings = ImportSettings(task=TaskKind.EDIT, allow_resubscribe=True)
    columns = tuple(cells)
    row = pl.DataFrame(
        {"record": [1], "line": [1], "fault": [None], "blank": [False]},
        schema={"record": pl.UInt32, "line": pl.UInt32, "fault": pl.String, "blank": pl.Boolean},
    )
    texts = [pl.lit(text, pl.String).alias(f"c{index}") for index, text in enumerate(cells.values())]
    return Orders(NO_TASK, settings, catalog, columns, columns, at), row.with_columns(texts)


# What is refused


def _refuse(sentences: Mapping[str, str]) -> None:
    if sentences:
        raise Refused(sentences)


def _sentences(
    session: Session, catalog: Catalog, customer: Customer, asked: Mapping[str, str], problems: pl.DataFrame
) -> dict[str, str]:
    """A sentence for each field that has a problem; identifiers of others name them."""
    sentences: dict[str, str] = {}
    for column, code in problems.select("column", "code").iter_rows():
        if code == "identifier_conflict":
            sentences |= _taken(session, catalog, customer, asked)
        elif code == "customer_id_unknown":
            sentences[""] = DELETED
        else:
            sentences[column] = f"{PROBLEMS[code].sentence} {PROBLEMS[code].what_to_do}"
    return sentences


def _taken(session: Session, catalog: Catalog, customer: Customer, asked: Mapping[str, str]) -> dict[str, str]:
    known, sentences = editable(catalog), {}
    for name, text in asked.items():
        if known[name].kind is not Kind.IDENTIFIER:
            continue
        others = owners(session, catalog, text, name) - {customer.id}
        for other in session.scalars(select(Customer).where(Customer.id.in_(others))):
            sentences[name] = f"It belongs to another customer: {name_of(other)}, number {other.id}."
    return sentences
