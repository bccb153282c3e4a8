"""The catalog as one JSON document (product §6): load what it says, dump what `load` reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.services.catalog.attributes import Parent
from cdpweb.services.catalog.entries import create, edit
from cdpweb.services.catalog.kinds import KINDS, SEGMENT_GROUPS, SEGMENTS, Kind
from cdpweb.services.refused import Refused

SECTIONS = tuple(name for name in KINDS if name != SEGMENTS.plural)
"""The keys of the document, in the order in which entries may refer to others; segments stand in their groups."""


@dataclass(frozen=True)
class Loaded:
    """What a document did, in entries."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class _Place:
    """One entry of the document and where it stands."""

    path: str
    kind: Kind
    entry: Mapping[str, Any]

    @property
    def key(self) -> Any:
        key = self.entry.get(self.kind.key)
        return key.casefold() if isinstance(key, str) and self.kind.key == "system_name" else key


def load(session: Session, document: Any) -> Loaded:
    """Create the entries of `document` that are missing, change those that differ, leave all others alone.

    All or nothing: Refused maps the path of everything that is wrong, such as `areas[0].time_zone`, to its sentence.
    """
    loader = _Loader(session)
    with session.begin_nested():
        loader.load(document)
        if loader.sentences:
            raise Refused(loader.sentences)
    return loader.loaded()


class _Loader:
    """Carries a document into the database, gathering what is wrong."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sentences: dict[str, str] = {}
        self.created: set[str] = set()
        self.changed: set[str] = set()
        self.seen: set[str] = set()

    def load(self, document: Any) -> None:
        """Entries first without their parents, which may stand further down, then with them."""
        for kind, places in self._sections(document):
            found = [self._write(place, None) for place in places]
            for place, row in zip(places, found, strict=True):
                if row is not None and _has_parent(kind):
                    self._write(place, row)

    def loaded(self) -> Loaded:
        changed = self.changed - self.created
        return Loaded(len(self.created), len(changed), len(self.seen - self.created - changed))

    # The document

    def _sections(self, document: Any) -> Iterator[tuple[Kind, list[_Place]]]:
        if not isinstance(document, Mapping):
            self.sentences["$"] = "A catalog file is one object with the keys " + ", ".join(SECTIONS) + "."
            return
        for name in document.keys() - set(SECTIONS):
            self.sentences[name] = f"There is no such kind; there are {', '.join(SECTIONS)}."
        for name in SECTIONS:
            if name in document:
                yield from self._kinds(KINDS[name], name, document[name])

    def _kinds(self, kind: Kind, path: str, entries: Any) -> Iterator[tuple[Kind, list[_Place]]]:
        places = self._places(kind, path, entries)
        if kind is not SEGMENT_GROUPS:
            yield kind, places
            return
        groups = [_without(place, "segments") for place in places]
        yield kind, groups
        for place in places:
            if "segments" in place.entry and isinstance(group := place.entry.get("system_name"), str):
                yield SEGMENTS, self._segments(place, group)

    def _segments(self, place: _Place, group: str) -> list[_Place]:
        inner = self._places(SEGMENTS, f"{place.path}.segments", place.entry["segments"])
        for one in inner:
            if "group" in one.entry:
                self.sentences[f"{one.path}.group"] = "A segment is in the group that it stands in; leave this out."
        return [_Place(one.path, one.kind, {**one.entry, "group": group}) for one in inner]

    def _places(self, kind: Kind, path: str, entries: Any) -> list[_Place]:
        if not isinstance(entries, list):
            self.sentences[path] = "This must be a list."
            return []
        places: list[_Place] = []
        keys: set[str] = set()
        for number, entry in enumerate(entries):
            place = _Place(f"{path}[{number}]", kind, entry)
            if not isinstance(entry, Mapping):
                self.sentences[place.path] = f"This must be an object that describes {kind.one}."
            elif isinstance(place.key, str) and place.key in keys:
                self.sentences[f"{place.path}.{kind.key}"] = f"“{entry[kind.key]}” is in the file twice."
            else:
                places.append(place)
                keys.update([place.key] if isinstance(place.key, str) else [])
        return places

    # The database

    def _write(self, place: _Place, row: Any) -> Any:
        """Create or change the entry; None where it is refused. Without a `row`, parents are left for later."""
        entry = dict(place.entry) if row is not None else _parentless(place)
        try:
            row = row if row is not None else self._find(place)
            self.seen.add(place.path)
            if row is None:
                self.created.add(place.path)
                return create(self.session, place.kind, entry)
            if edit(self.session, row, entry):
                self.changed.add(place.path)
            return row
        except Refused as refused:
            for name, sentence in refused.sentences.items():
                self.sentences[f"{place.path}.{name}"] = sentence
            return None

    def _find(self, place: _Place) -> Any:
        if not isinstance(place.key, str):
            return None
        within = {}
        if place.kind.within:
            within = {"group": SEGMENT_GROUPS.find(self.session, place.entry["group"])}
        return place.kind.find(self.session, place.entry[place.kind.key], **within)


def _without(place: _Place, name: str) -> _Place:
    return _Place(place.path, place.kind, {key: value for key, value in place.entry.items() if key != name})


def _has_parent(kind: Kind) -> bool:
    return any(isinstance(attribute, Parent) for attribute in kind.attributes)


def _parentless(place: _Place) -> dict[str, Any]:
    parents = {attribute.name for attribute in place.kind.attributes if isinstance(attribute, Parent)}
    return {name: value for name, value in place.entry.items() if name not in parents}


def dump(session: Session) -> dict[str, list[dict[str, Any]]]:
    """The whole catalog as `load` reads it, each kind in the order of creation."""
    return {name: [_dumped(KINDS[name], row) for row in _in_order(session, KINDS[name])] for name in SECTIONS}


def _in_order(session: Session, kind: Kind) -> list[Any]:
    return list(session.scalars(select(kind.model).order_by(kind.model.id)))


def _dumped(kind: Kind, row: Any) -> dict[str, Any]:
    entry = kind.entry(row)
    if kind is SEGMENT_GROUPS:
        segments = [SEGMENTS.entry(segment) for segment in row.segments]
        entry["segments"] = [{name: one[name] for name in one if name != "group"} for one in segments]
    return entry
