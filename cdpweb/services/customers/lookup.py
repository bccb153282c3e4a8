"""What a person may mean who types into the search of customers: an identifier, exactly, or the beginning of a name."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import polars as pl
from sqlalchemy import ColumnElement, Executable, and_, func, or_, select
from sqlalchemy.orm import Session

from cdpweb.domain import emails, phones
from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import CUSTOMER_ID, EMAIL, EXTERNAL_ID_PREFIX, PHONE
from cdpweb.models import Customer, identifiers
from cdpweb.models.identifiers import COLUMN_KINDS
from cdpweb.models.postings import POSTED_COLUMNS, Posted
from cdpweb.services.customers import names
from cdpweb.services.customers.names import Name

TEXT_CHARACTERS = 1000
NAME_WORDS = 5
NAME_CANDIDATES = 10_000
"""Up to so many customers whose name begins alike are gathered one by one."""

NAMES = 50
"""Where there are more customers, up to so many different names are followed, each along its part of the index."""

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Sought:
    """The customers that a text may mean: those that meet `condition`.

    Where `is_gathered`, all of them are among the customers `ids` and those who may have one of the `names`; without
    names they are just the `ids`.
    """

    condition: ColumnElement[bool]
    ids: frozenset[int]
    names: tuple[Name, ...] = ()
    is_gathered: bool = True

    @property
    def is_exact(self) -> bool:
        """Whether everybody who was gathered is meant."""
        return self.is_gathered and not self.names


def sought(session: Session, catalog: Catalog, text: str, *, only_ids: bool = False) -> Sought | None:
    """The customers that `text` may mean; None for no text.

    `only_ids`: by CustomerId and external ID alone, for who is not to learn whose email, phone or name it is.
    """
    wanted = _readable(text)
    if not wanted:
        return None
    if only_ids:
        ids = frozenset(_owners_by_id(session, catalog, text))
        return Sought(Customer.id.in_(ids), ids)
    identified = owners(session, catalog, text)
    readings = [] if "@" in wanted else list(_readings(" ".join(wanted.split())))
    condition = or_(Customer.id.in_(identified), *(reading.condition() for reading in readings))
    gathered = _Gathered(session, set(identified))
    is_gathered = all(gathered.take(reading) for reading in readings)
    return Sought(condition, frozenset(gathered.ids), tuple(gathered.names), is_gathered)


def owners(session: Session, catalog: Catalog, identifier: str, column: str | None = None) -> set[int]:
    """Customers with this email, phone (in any spelling), CustomerId or external ID; usually one or none.

    `column`: look at this identifier alone.
    """
    text = _readable(identifier)
    if not text:
        return set()
    spoken = [query for name, query in _owners_of(session, catalog, text) if column in (None, name)]
    return {owner for query in spoken for owner in session.scalars(query)}


def _owners_by_id(session: Session, catalog: Catalog, text: str) -> set[int]:
    columns = [CUSTOMER_ID, *(EXTERNAL_ID_PREFIX + one.system_name for one in catalog.external_systems)]
    return set().union(*(owners(session, catalog, text, column) for column in columns))


def _owners_of(session: Session, catalog: Catalog, text: str) -> Iterator[tuple[str, Executable]]:
    """The identifiers that a text may be: their columns, and the queries for who has them."""
    database = session.get_bind().dialect.name
    cell = pl.Series([text], dtype=pl.String)
    email, phone = emails.parse(cell).values[0], phones.parse(cell, catalog.project.phone_country).values[0]
    if email is not None:
        yield EMAIL, identifiers.owners(database, COLUMN_KINDS["email"], email)
    if phone is not None:
        yield PHONE, identifiers.owners(database, COLUMN_KINDS["phone"], str(phone))
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID:
        yield CUSTOMER_ID, select(Customer.id).where(Customer.id == int(text))
    for system in catalog.external_systems:
        yield EXTERNAL_ID_PREFIX + system.system_name, identifiers.owners(database, system.id, text)


# Names


@dataclass(frozen=True)
class _Reading:
    """One way to read a text as a name: that of `kind` begins with `prefix` and, where set, the other with `other`."""

    kind: Posted
    prefix: str
    other: str = ""

    @property
    def casings(self) -> list[str]:
        """The beginnings to look up: plain indexes compare bytes."""
        return _casings(self.prefix)

    def condition(self) -> ColumnElement[bool]:
        """The reading as a condition on one customer, in a form that invites no index."""
        own = _checks(self.kind, self.prefix)
        return and_(own, _checks(OTHER[self.kind], self.other)) if self.other else own


LAST, FIRST = Posted.LAST_NAME, Posted.FIRST_NAME
OTHER = {LAST: FIRST, FIRST: LAST}


def _readings(text: str) -> Iterator[_Reading]:
    yield _Reading(LAST, text)
    yield _Reading(FIRST, text)
    words = text.replace(",", " ").split()[:NAME_WORDS]
    for count in range(1, len(words)):
        front, back = " ".join(words[:count]), " ".join(words[count:])
        yield _Reading(LAST, back, front)
        yield _Reading(LAST, front, back)


def _casings(text: str) -> list[str]:
    return list(dict.fromkeys((text, text.lower(), text.upper(), text.title(), text.capitalize())))


def _checks(kind: Posted, text: str) -> ColumnElement[bool]:
    column = func.coalesce(getattr(Customer, POSTED_COLUMNS[kind]), "")
    return or_(*(names.begins(column, casing) for casing in _casings(text)))


class _Gathered:
    """Gathers customers from the index of names, one by one where they are few, else name by name."""

    def __init__(self, session: Session, ids: set[int]) -> None:
        self.session, self.ids = session, ids
        self.names: list[Name] = []

    def take(self, reading: _Reading) -> bool:
        """Gather those whose names can be read so; False where too many different names begin so."""
        return all(self._take_range(reading, casing) for casing in reading.casings)

    def _take_range(self, reading: _Reading, casing: str) -> bool:
        found: set[int] = set()
        for one in names.ids_beginning(self.session, reading.kind, casing):
            found.add(one)
            if len(found) > NAME_CANDIDATES:
                return self._take_names(reading, casing)
        if found:
            meeting = select(Customer.id).where(Customer.id.in_(found), reading.condition())
            self.ids.update(self.session.scalars(meeting))
        return True

    def _take_names(self, reading: _Reading, casing: str) -> bool:
        """Note the different names of a range."""
        found = list(islice(names.names_beginning(self.session, reading.kind, casing), NAMES + 1))
        if len(found) > NAMES:
            return False
        self.names += found
        return True


def _readable(text: str) -> str:
    """The text as IDs are stored: NFC, trimmed, no control characters."""
    characters = (one for one in text[:TEXT_CHARACTERS] if unicodedata.category(one) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(characters)).strip()
