"""Creating, editing and deleting entries of the catalog; every refusal is tied to its attribute."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import Catalog, FieldType, Shipped
from cdpweb.domain.fields import GROUP_PAIR, SEGMENT_PAIR, fields
from cdpweb.domain.mapping import key_of
from cdpweb.services.catalog.attributes import Attribute, Invalid, Scope, find_by
from cdpweb.services.catalog.kinds import CUSTOM_FIELDS, TOPICS, Kind, kind_of
from cdpweb.services.catalog.references import channel_users, references
from cdpweb.services.refused import Refused

LISTED = 500
"""A list shows so many entries; a search finds the others."""


def create(session: Session, kind: Kind, entry: Mapping[str, Any]) -> Any:
    """A new entry; `entry` has the keys of the catalog file (product §6). Raises Refused, keyed by attribute."""
    values = _read(session, kind, entry, None)
    row = kind.model()
    with session.no_autoflush:
        for attribute in kind.attributes:
            attribute.put(row, values[attribute.name])
    session.add(row)
    session.flush()
    return row


def edit(session: Session, row: Any, entry: Mapping[str, Any]) -> bool:
    """Change what `entry` names of an entry that is there; whether anything changed. Raises Refused."""
    kind = kind_of(row)
    values = _read(session, kind, entry, row)
    changed = False
    for attribute in kind.attributes:
        if attribute.name in values and not attribute.is_same(row, values[attribute.name]):
            attribute.put(row, values[attribute.name])
            changed = True
    session.flush()
    return changed


def delete(session: Session, row: Any) -> None:
    """Delete an entry that nothing refers to; Refused says what does."""
    kind = kind_of(row)
    if getattr(row, kind.key) in kind.shipped:
        raise Refused(f"“{row.name}” is shipped with cdpweb: imports fall back on it when nothing else is set.")
    if reasons := references(session, row):
        raise Refused(f"“{row.name}” cannot be deleted: {'; '.join(reasons)}.")
    for choice in getattr(row, "choices", ()):
        session.delete(choice)
    session.delete(row)
    session.flush()


def find(session: Session, kind: Kind, row_id: int) -> Any:
    """The entry with this id, or None."""
    return session.get(kind.model, row_id)


def count(session: Session, kind: Kind) -> int:
    """How many entries there are."""
    return session.scalar(select(func.count()).select_from(kind.model)) or 0


def listed(session: Session, kind: Kind, text: str = "") -> list[Any]:
    """The first LISTED entries by name, of those whose name or key contains `text` in any case of ASCII letters."""
    key, name = getattr(kind.model, kind.key), kind.model.name
    text = text.replace("\0", "")  # PostgreSQL cannot even be asked for it
    wanted = or_(name.icontains(text, autoescape=True), key.icontains(text, autoescape=True))
    statement = select(kind.model).where(wanted) if text else select(kind.model)
    return list(session.scalars(statement.order_by(name, kind.model.id).limit(LISTED)))


def _read(session: Session, kind: Kind, entry: Mapping[str, Any], row: Any) -> dict[str, Any]:
    """The values to store of the attributes that `entry` names; of a new entry all of them."""
    reader = _Reader(kind, entry, Scope(session, row))
    values = reader.values()
    if not reader.sentences:
        reader.check_together(values)
    if reader.sentences:
        raise Refused(reader.sentences)
    return values


class _Reader:
    """Reads one entry, gathering a sentence for each attribute that is wrong."""

    def __init__(self, kind: Kind, entry: Mapping[str, Any], scope: Scope) -> None:
        self.kind, self.entry, self.scope = kind, entry, scope
        self.sentences: dict[str, str] = {}

    def values(self) -> dict[str, Any]:
        known = {attribute.name for attribute in self.kind.attributes}
        for name in self.entry.keys() - known:
            self.sentences[name] = f"There is no “{name}” here; {self.kind.one} has {', '.join(sorted(known))}."
        return {
            attribute.name: self._value(attribute)
            for attribute in self.kind.attributes
            if self.scope.row is None or attribute.name in self.entry
        }

    def _value(self, attribute: Attribute) -> Any:
        try:
            value = attribute.read(self.entry.get(attribute.name), self.scope)
            self._refuse_change_of_fixed(attribute, value)
            return value
        except Invalid as error:
            self.sentences[attribute.name] = str(error)
            return None

    def _refuse_change_of_fixed(self, attribute: Attribute, value: Any) -> None:
        row = self.scope.row
        if row is None or not attribute.fixed or getattr(row, attribute.name) is None:
            return
        if not attribute.is_same(row, value):
            kept = {True: "yes", False: "no"}.get(attribute.show(row), attribute.show(row))
            raise Invalid(f"{attribute.label} never changes after creation; it is “{kept}”.")

    def check_together(self, values: dict[str, Any]) -> None:
        """What concerns the whole entry: unique keys, columns, and attributes that exclude each other."""
        for name in {self.kind.key, "external_id"} & values.keys():
            self._refuse_taken(name, values)
        if self.scope.row is None:
            self._refuse_column_clash(values)
        if self.kind is CUSTOM_FIELDS:
            self._refuse_choices_of_others(values)
        if self.kind is TOPICS and self.scope.row is not None:
            self._refuse_lost_channels(values)

    def _refuse_taken(self, name: str, values: Mapping[str, Any]) -> None:
        value = values[name]
        if value is None:
            return
        within = {self.kind.within: self._of(self.kind.within, values)} if self.kind.within else {}
        other = _other(self.scope, self.kind, name, value, within)
        if other is not None:
            where = f" in {within['group'].name}" if within else ""
            self.sentences[name] = f"“{getattr(other, name)}” is taken by the {self.kind.noun} “{other.name}”{where}."

    def _of(self, name: str, values: Mapping[str, Any]) -> Any:
        return values[name] if name in values else getattr(self.scope.row, name)

    def _refuse_column_clash(self, values: Mapping[str, Any]) -> None:
        """Rules §1.5. Generated columns differ by their prefixes; only those that every base has can be hit."""
        for column in self.kind.columns(values):
            if key_of(column) in _fixed_columns():
                self.sentences["system_name"] = (
                    f"Its column {column} would be the same as the column {_fixed_columns()[key_of(column)]}, "
                    "which means something else. Choose another name."
                )

    def _refuse_choices_of_others(self, values: Mapping[str, Any]) -> None:
        if self._of("type", values) == FieldType.CHOICE:
            return
        for name in ("choices", "create_missing"):
            if values.get(name):
                self.sentences[name] = "Only a field of the type choice has choices."

    def _refuse_lost_channels(self, values: Mapping[str, Any]) -> None:
        topic = self.scope.row
        for channel in topic.channels:
            if channel not in values.get("channels", topic.channels) and channel_users(
                self.scope.session, topic, channel
            ):
                self.sentences["channels"] = f"Customers have said yes or no to it by {channel}; keep the channel."


def _other(scope: Scope, kind: Kind, name: str, value: str, within: Mapping[str, Any]) -> Any:
    found = find_by(scope.session, kind.model, name, value, **within)
    return None if found is scope.row else found


@cache
def _fixed_columns() -> dict[str, str]:
    """The columns that every base has, by their headers as they are compared."""
    nothing = Catalog(shipped=Shipped(0, 0, 0, 0))
    names = [word for one in fields(nothing).values() for word in (one.name, *one.aliases)]
    return {key_of(name): name for name in (*names, GROUP_PAIR, SEGMENT_PAIR)}
