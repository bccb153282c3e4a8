"""What the options of `import` mean: names become ids of this base, each that is wrong a sentence (product §6)."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from cdpweb.domain.catalog import Catalog, Segment, SegmentGroup
from cdpweb.domain.countries import country
from cdpweb.domain.fields import Field, fields
from cdpweb.domain.mapping import SKIP, Decisions, key_of
from cdpweb.domain.settings import (
    NO_ACTION,
    Conflicts,
    DateOrder,
    EmptyCells,
    ImportSettings,
    Switch,
    WriteMode,
)
from cdpweb.domain.tasks import TaskKind
from cdpweb.reading.dialect import delimiter_named, quote_named
from cdpweb.services.imports import FileSettings, Launch
from cdpweb.services.on_the_spot import NewSegment
from cdpweb.services.refused import Refused

AUTOMATIC = "auto"
NO_TEMPLATE = "none"
LISTED_NAMES = 10

N = TypeVar("N", SegmentGroup, Segment)


@dataclass(frozen=True)
class Options:
    """The options of `import` as they were typed."""

    task: str = TaskKind.IMPORT.value
    description: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_line: int | None = None
    endpoint: str | None = None
    touchpoint: str = AUTOMATIC
    segment: tuple[str, ...] = ()
    create_segment: bool = False
    source_action: str | None = None
    existing_action: str | None = None
    action_date: str | None = None
    phone_country: str | None = None
    from_file: str = ""
    empty: str = EmptyCells.KEEP.value
    conflicts: str = Conflicts.REJECT.value
    date_order: str | None = None
    allow_resubscribe: bool = False
    action_for_unchanged: bool = False
    fill: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    map: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    skip_unknown: bool = False
    skip_empty: bool = False

    @property
    def file(self) -> FileSettings:
        """How the file is to be read."""
        return FileSettings(
            self.encoding,
            None if self.delimiter is None else delimiter_named(self.delimiter),
            None if self.quote is None else quote_named(self.quote),
            self.header_line,
        )


@dataclass
class Reading:
    """Reads options for one base and one file header, gathering a sentence for each that is wrong."""

    options: Options
    catalog: Catalog
    header: Sequence[str]
    sentences: dict[str, str] = field(default_factory=dict)

    def launch(self, **rest: Any) -> Launch:
        """The launch that the options describe; raises Refused with a sentence per option."""
        options = self.options
        decisions = self._decisions()
        segment_ids, new_segments = self._segments()
        settings = ImportSettings(
            task=TaskKind(options.task),
            from_file=self._from_file(),
            api_endpoint_id=self._named("--endpoint", options.endpoint, self.catalog.api_endpoint, self._endpoints),
            touchpoint_id=self._touchpoint(),
            segment_ids=segment_ids,
            source_template_id=self._template("--source-action", options.source_action),
            existing_template_id=self._existing_template(),
            action_date=self._action_date(),
            phone_country=self._phone_country(),
            empty_cells=EmptyCells(options.empty),
            conflicts=Conflicts(options.conflicts),
            date_order=DateOrder(options.date_order) if options.date_order else None,
            allow_resubscribe=options.allow_resubscribe,
            action_for_unchanged=options.action_for_unchanged,
            write_modes=self._write_modes(),
        )
        if self.sentences:
            raise Refused(self.sentences)
        return Launch(
            settings=settings,
            description=options.description,
            file=options.file,
            decisions=decisions,
            skip_unknown=options.skip_unknown,
            skip_empty=options.skip_empty,
            reject_unknown_values=True,
            turns_switches_on=True,
            new_segments=new_segments,
            **rest,
        )

    def _refuse(self, option: str, sentence: str) -> None:
        self.sentences.setdefault(f"{option} {len(self.sentences)}", f"{option}: {sentence}")

    # Columns

    @property
    def _reference(self) -> Mapping[str, Field]:
        return fields(self.catalog)

    def _decisions(self) -> Decisions:
        decisions: dict[int, str | None] = {}
        for said in self.options.map:
            header, equals, name = said.rpartition("=")
            if not equals:
                self._refuse("--map", f"“{said}” needs the form “FILE COLUMN=Field”.")
                continue
            decisions |= dict.fromkeys(self._positions("--map", header), self._field("--map", name))
        for header in self.options.skip:
            decisions |= dict.fromkeys(self._positions("--skip", header), SKIP)
        return decisions

    def _positions(self, option: str, header: str) -> list[int]:
        """Where the columns with this header stand: as written, else as headers are compared."""
        exact = [position for position, text in enumerate(self.header) if text.strip() == header.strip()]
        found = exact or [position for position, text in enumerate(self.header) if key_of(text) == key_of(header)]
        if not found:
            self._refuse(option, f"The file has no column “{header}”; it has {_listed(self.header)}.")
        return found

    def _field(self, option: str, name: str) -> str | None:
        wanted = key_of(name)
        for one in self._reference.values():
            if wanted in map(key_of, (one.name, *one.aliases)):
                return one.name
        self._refuse(option, f"There is no field “{name.strip()}”; there are {_listed(self._reference)}.")
        return None

    def _from_file(self) -> frozenset[Switch]:
        """The switches that were named."""
        named = [word.strip() for word in self.options.from_file.split(",") if word.strip()]
        for word in set(named) - set(Switch):
            self._refuse("--from-file", f"“{word}” is none of {', '.join(Switch)}.")
        return frozenset(Switch(word) for word in named if word in set(Switch))

    def _write_modes(self) -> dict[str, WriteMode]:
        fill = [self._field("--fill", name) for name in self.options.fill]
        never = [self._field("--never", name) for name in self.options.never]
        for name in {name for name in fill if name} & set(never):
            self._refuse("--never", f"{name} cannot be both filled and never changed.")
        modes = dict.fromkeys(fill, WriteMode.FILL) | dict.fromkeys(never, WriteMode.NEVER)
        return {name: mode for name, mode in modes.items() if name is not None}

    # Names of the catalog

    def _named(
        self, option: str, name: str | None, find: Callable[[str], Any], known: Callable[[], Iterable[str]]
    ) -> int | None:
        if name is None:
            return None
        found = find(name)
        if found is None:
            self._refuse(option, f"There is no “{name}” here; there are {_listed(list(known()))}.")
        return found and int(found.id)

    def _endpoints(self) -> Iterable[str]:
        return (one.system_name for one in self.catalog.api_endpoints)

    def _templates(self) -> Iterable[str]:
        return (one.system_name for one in self.catalog.action_templates)

    def _touchpoint(self) -> int | None:
        name = None if self.options.touchpoint == AUTOMATIC else self.options.touchpoint
        known = (one.external_id for one in self.catalog.touchpoints)
        return self._named("--touchpoint", name, self.catalog.touchpoint, lambda: known)

    def _template(self, option: str, name: str | None) -> int | None:
        return self._named(option, name, self.catalog.action_template, self._templates)

    def _existing_template(self) -> int | None:
        name = self.options.existing_action
        return NO_ACTION if name == NO_TEMPLATE else self._template("--existing-action", name)

    def _segments(self) -> tuple[tuple[int, ...], tuple[NewSegment, ...]]:
        """The ids of the segments that are there, and those to be created."""
        ids, new = [], []
        for said in self.options.segment:
            group_name, slash, name = said.partition("/")
            if not (slash and group_name.strip() and name.strip()):
                self._refuse("--segment", f"“{said}” needs the form GROUP/SEGMENT.")
                continue
            group = self.catalog.segment_group(group_name.strip()) or _namesake(self.catalog.segment_groups, group_name)
            segment = (group.segment(name.strip()) or _namesake(group.segments, name)) if group else None
            if segment:
                ids.append(segment.id)
            elif self.options.create_segment:
                new.append(NewSegment(name.strip(), group.id if group else None, group_name.strip()))
            else:
                self._refuse("--segment", f"{_missing(group, group_name, name)} Create it with --create-segment.")
        return tuple(ids), tuple(new)

    # Values

    def _action_date(self) -> dt.datetime | None:
        said = self.options.action_date
        if not said:
            return None
        try:
            moment = dt.datetime.fromisoformat(said)
            # Of an ambiguous local time the earlier, a missing one moved on by the gap (rules §2.7).
            return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone())).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self._refuse("--action-date", f"“{said}” is no date and time. Write it as 2026-05-31T14:30.")
            return None

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.catalog.project.time_zone)

    def _phone_country(self) -> str | None:
        said = self.options.phone_country
        if not said:
            return None
        found = country(said)
        if found is None:
            self._refuse("--phone-country", f"“{said}” is no country. Give its two letters (ISO 3166), such as DE.")
        return found


def _namesake(known: Iterable[N], name: str) -> N | None:
    """What was once created by this name, so that the same command finds it the next time."""
    return next((one for one in known if one.name.casefold() == name.strip().casefold()), None)


def _missing(group: SegmentGroup | None, group_name: str, name: str) -> str:
    if group is None:
        return f"There is no segment group “{group_name}” here."
    return f"The group “{group.name}” has no segment “{name}”."


def _listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them, of very many the first."""
    every = list(names)
    shown = ", ".join(f"“{name.strip()}”" for name in every[:LISTED_NAMES])
    return f"{shown} and {len(every) - LISTED_NAMES:,} more" if len(every) > LISTED_NAMES else shown
