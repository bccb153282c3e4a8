"""What an import creates on the spot: segments, segment groups, action templates (rules §1.1)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from sqlalchemy.orm import Session

from cdpweb.models import ActionTemplate, Segment, SegmentGroup
from cdpweb.models.catalog import SYSTEM_NAME_CHARACTERS
from cdpweb.services import audit
from cdpweb.services.catalog import entries
from cdpweb.services.catalog.kinds import ACTION_TEMPLATES, SEGMENT_GROUPS, SEGMENTS, Kind
from cdpweb.services.refused import Refused

_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True)
class NewSegment:
    """A segment to be made at the launch: in the group `group_id`, or in a new group called `group_name`.

    Empty system names are made from the names: "Spring survey" becomes `SpringSurvey`.
    """

    name: str
    group_id: int | None = None
    group_name: str = ""
    system_name: str = ""
    group_system_name: str = ""


@dataclass(frozen=True)
class NewTemplate:
    """An action template to be made at the launch; an empty system name is made from the name."""

    name: str
    system_name: str = ""


def create_segment(session: Session, new: NewSegment) -> Segment:
    """The new segment, in a group that is there or a new one. Raises Refused for the form field `segment`."""
    with _refusals_of("segment"):
        group = _group(session, new)
        segment: Segment = _create(session, SEGMENTS, new.name, new.system_name, group=group)
        return segment


def create_template(session: Session, new: NewTemplate, field: str) -> ActionTemplate:
    """The new action template. Raises Refused for the form field `field`."""
    with _refusals_of(field):
        template: ActionTemplate = _create(session, ACTION_TEMPLATES, new.name, new.system_name)
        return template


def system_name_from(name: str) -> str:
    """A system name that says what a name says: "Spring survey" as `SpringSurvey`; "" where nothing Latin is left."""
    latin = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    joined = "".join(word[:1].upper() + word[1:] for word in _WORD.findall(latin))
    return joined.lstrip("0123456789")[:SYSTEM_NAME_CHARACTERS]


def _group(session: Session, new: NewSegment) -> SegmentGroup:
    if new.group_id is None:
        created: SegmentGroup = _create(session, SEGMENT_GROUPS, new.group_name, new.group_system_name)
        return created
    group = session.get(SegmentGroup, new.group_id)
    if group is None:
        raise Refused("The segment group does not exist any more. Choose another one.")
    return group


def _create(session: Session, kind: Kind, name: str, system_name: str, group: SegmentGroup | None = None) -> Any:
    within = {"group": group} if group else {}
    if not system_name:
        _refuse_namesake(session, kind, name, within)
        system_name = _free_system_name(session, kind, name, within)
    entry = {"name": name, "system_name": system_name}
    row = entries.create(session, kind, entry | ({"group": group.system_name} if group else {}))
    audit.record(f"{kind.plural}_created", id=row.id)
    return row


def _refuse_namesake(session: Session, kind: Kind, name: str, within: Mapping[str, Any]) -> None:
    """Whoever types the name of something that is there means that."""
    same = (row for row in kind.all(session) if row.name.casefold() == name.strip().casefold())
    if any(all(getattr(row, key) is value for key, value in within.items()) for row in same):
        raise Refused(f"There is {kind.one} “{name.strip()}” already. Choose it, or give the new one another name.")


def _free_system_name(session: Session, kind: Kind, name: str, within: Mapping[str, Any]) -> str:
    wanted = system_name_from(name) or system_name_from(kind.noun)
    numbered = (wanted[: SYSTEM_NAME_CHARACTERS - 4] + str(number) for number in count(2))
    return next(one for one in chain([wanted], numbered) if kind.find(session, one, **within) is None)


@contextmanager
def _refusals_of(field: str) -> Iterator[None]:
    """Sentences of the catalog's attributes as sentences of one field of the import form."""
    try:
        yield
    except Refused as refused:
        raise Refused({field: " ".join(refused.sentences.values())}) from refused
