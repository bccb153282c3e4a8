"""What an entry of the catalog consists of: each attribute reads what a form or a file gives (rules §1.5, §2.8)."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import CHANNELS, FieldType
from cdpweb.models.catalog import NAME_CHARACTERS, Choice, CustomField

if TYPE_CHECKING:
    from cdpweb.services.catalog.kinds import Kind

CHOICE_CHARACTERS = 1000
SYSTEM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


class Invalid(Exception):
    """The value of one attribute cannot be; the message is a sentence."""


@dataclass(frozen=True)
class Scope:
    """Where a value is read: the session, and the entry that is edited or None for a new one."""

    session: Session
    row: Any = None


@dataclass(frozen=True)
class Attribute:
    """One attribute: its name in the catalog file, in forms and on the model; its label and hint on pages.

    `fixed`: it never changes after creation.
    """

    name: str
    label: str
    hint: str = ""
    required: bool = True
    fixed: bool = False

    def read(self, given: Any, scope: Scope) -> Any:
        """The value to store; raises Invalid."""
        return self.parse(given)

    def parse(self, given: Any) -> Any:
        """The value to store of an attribute that depends on nothing else; raises Invalid.

        Each kind of attribute defines this, or `read` where it depends on others.
        """
        raise NotImplementedError

    def show(self, row: Any) -> Any:
        """The attribute of `row` as the catalog file writes it."""
        return getattr(row, self.name)

    def put(self, row: Any, value: Any) -> None:
        """Store a value that `read` gave."""
        setattr(row, self.name, value)

    def is_same(self, row: Any, value: Any) -> bool:
        """Whether `row` has the value already."""
        return bool(getattr(row, self.name) == value)


@dataclass(frozen=True)
class Text(Attribute):
    """A line of text; empty is None where it is not required."""

    characters: int = NAME_CHARACTERS

    def parse(self, given: Any) -> str | None:
        """The text, NFC and trimmed."""
        text = line_of_text(given, self.characters)
        if not text and self.required:
            raise Invalid(f"Give the {self.label[0].lower() + self.label[1:]}.")
        return text or None


@dataclass(frozen=True)
class SystemName(Text):
    """A name that columns are built of."""

    def parse(self, given: Any) -> str | None:
        """The name, if it can be one."""
        name = super().parse(given)
        if name and not SYSTEM_NAME.fullmatch(name):
            raise Invalid("Use a Latin letter, then up to 63 letters and digits, without spaces: such as SummerSports.")
        return name

    def is_same(self, row: Any, value: Any) -> bool:
        """System names are the same in any case."""
        return bool(getattr(row, self.name).casefold() == value.casefold())


@dataclass(frozen=True)
class Reference(Attribute):
    """Another entry, named by its key; `nothing` says what it means that there is none."""

    to: Callable[[], "Kind"] = None  # type: ignore[assignment]
    nothing: str = "none"

    def read(self, given: Any, scope: Scope) -> Any:
        """The entry with this key."""
        key = line_of_text(given, CHOICE_CHARACTERS)
        kind = self.to()
        if not key:
            if self.required:
                raise Invalid(f"Choose the {kind.noun}.")
            return None
        found = kind.find(scope.session, key)
        if found is None:
            raise Invalid(f"There is no {kind.noun} “{key}”.")
        return found

    def show(self, row: Any) -> str | None:
        """The key of the other entry."""
        other = getattr(row, self.name)
        return str(getattr(other, self.to().key)) if other else None


@dataclass(frozen=True)
class Parent(Reference):
    """An entry of the same kind that this one belongs to."""

    def read(self, given: Any, scope: Scope) -> Any:
        """The parent, if no circle comes of it."""
        parent = super().read(given, scope)
        above = parent
        while above is not None and scope.row is not None:
            if above is scope.row:
                raise Invalid(
                    f"“{parent.name}” is “{scope.row.name}” itself or stands below it. Choose another parent."
                )
            above = above.parent
        return parent


@dataclass(frozen=True)
class TimeZone(Text):
    """An IANA time zone."""

    def parse(self, given: Any) -> str | None:
        """The zone's name."""
        name = super().parse(given)
        if name and name not in available_timezones():
            raise Invalid(f"“{name}” is not a time zone. Use an IANA name such as Europe/Berlin.")
        return name


@dataclass(frozen=True)
class Flag(Attribute):
    """Yes or no."""

    required: bool = False

    def parse(self, given: Any) -> bool:
        """The truth; nothing is no."""
        if given is not None and not isinstance(given, bool):
            raise Invalid("Write true or false.")
        return bool(given)


@dataclass(frozen=True)
class TypeOfField(Attribute):
    """The type of a custom field."""

    def parse(self, given: Any) -> str:
        """One of the types."""
        types = [one.value for one in FieldType]
        if given not in types:
            raise Invalid(f"Choose one of: {', '.join(types)}.")
        return str(given)


@dataclass(frozen=True)
class Channels(Attribute):
    """The channels of a topic."""

    def parse(self, given: Any) -> list[str]:
        """The channels, in their usual order."""
        if not isinstance(given, list) or not given:
            raise Invalid("Choose at least one channel.")
        if unknown := [one for one in given if one not in CHANNELS]:
            raise Invalid(f"“{unknown[0]}” is not a channel. There are {', '.join(CHANNELS)}.")
        return [channel for channel in CHANNELS if channel in given]


@dataclass(frozen=True)
class Choices(Attribute):
    """The choices of a field. Those given are added or renamed; the others stay."""

    required: bool = False

    def read(self, given: Any, scope: Scope) -> dict[str, str]:
        """Names by external ID, of all choices that the field then has."""
        named = {} if scope.row is None else {one.external_id: one.name for one in scope.row.choices}
        seen: set[str] = set()
        if given is not None and not isinstance(given, list):
            raise Invalid("This must be a list.")
        for external_id, name in map(_choice, given or []):
            if external_id in seen:
                raise Invalid(f"The choice “{external_id}” is there twice.")
            seen.add(external_id)
            named[external_id] = name
        _refuse_ambiguous(named)
        return named

    def show(self, row: Any) -> list[dict[str, str]]:
        """The choices as the catalog file writes them."""
        return [{"external_id": one.external_id, "name": one.name} for one in row.choices]

    def put(self, row: CustomField, value: dict[str, str]) -> None:
        """Add and rename choices."""
        there = {one.external_id: one for one in row.choices}
        for external_id, name in value.items():
            if external_id in there:
                there[external_id].name = name
            else:
                row.choices.append(Choice(external_id=external_id, name=name))

    def is_same(self, row: CustomField, value: dict[str, str]) -> bool:
        """Whether the field has just these choices."""
        return {one.external_id: one.name for one in row.choices} == value


def _choice(given: Any) -> tuple[str, str]:
    if not isinstance(given, Mapping) or (unknown := set(given) - {"external_id", "name"}):
        raise Invalid(f"A choice has external_id and name, not {sorted(unknown)[0]}." if isinstance(given, Mapping)
                      else "A choice is an object with external_id and name.")  # fmt: skip
    external_id = line_of_text(given.get("external_id"), CHOICE_CHARACTERS)
    name = line_of_text(given.get("name"), CHOICE_CHARACTERS) or external_id
    if not external_id:
        raise Invalid("Every choice needs an external ID.")
    for text in (external_id, name):
        if "|" in text:
            raise Invalid(f"“{text}” contains |, which joins several values in a cell. Leave it out.")
    return external_id, name


def _refuse_ambiguous(named: Mapping[str, str]) -> None:
    """A cell says the external ID or the name of a choice (rules §2.8): it must not mean two."""
    by_name: dict[str, str] = {}
    for external_id, name in named.items():
        if name.casefold() in by_name:
            raise Invalid(f"Two choices are named “{name}”. A cell could not say which one it means.")
        if name != external_id and name in named:
            raise Invalid(f"“{name}” is the name of one choice and the external ID of another.")
        by_name[name.casefold()] = external_id


def line_of_text(given: Any, characters: int) -> str:
    """A text in NFC, trimmed, without control characters, of limited length; nothing is empty. Raises Invalid."""
    if given is None:
        return ""
    if not isinstance(given, str):
        raise Invalid("Write a text.")
    text = unicodedata.normalize("NFC", given).strip()
    if len(text) > characters:
        raise Invalid(f"Use at most {characters} characters; this has {len(text)}.")
    # Surrogates come out of JSON escapes and cannot be stored.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise Invalid("Leave out line breaks, tabs and other control characters.")
    return text


def same_in_any_case(column: Any, text: str) -> ColumnElement[bool]:
    """A condition that a column of system names, all of them ASCII, equals `text` in any case."""
    return func.lower(column) == text.lower()


def find_by(session: Session, model: Any, column: str, text: str, **within: Any) -> Any:
    """The row whose `column` is `text`: a system name in any case, anything else exactly."""
    key = getattr(model, column)
    condition = same_in_any_case(key, text) if column == "system_name" else key == text
    return session.scalar(select(model).where(condition).filter_by(**within))
