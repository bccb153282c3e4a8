"""The settings of a task in words, each with where its value came from (rules §3, product §4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import fields
from cdpweb.domain.settings import (
    NO_ACTION,
    Conflicts,
    DateOrder,
    EmptyCells,
    ImportSettings,
    Origin,
    RowSettings,
    Switch,
    WriteMode,
    country_of,
    resolve,
)
from cdpweb.domain.tasks import TaskKind
from cdpweb.reading.dialect import Dialect, in_words
from cdpweb.reading.encoding import OFFERED

GONE = "deleted since"


class SettingLine(NamedTuple):
    """One setting of a task: its name, its value, where that came from ("" where it was a plain choice), in words."""

    label: str
    value: str
    origin: str


def setting_lines(
    settings: ImportSettings, dialect: Dialect, header: Sequence[str], columns: Sequence[str | None], catalog: Catalog
) -> tuple[SettingLine, ...]:
    """All settings of an import whose file has these `header` cells, filling these `columns`.

    Values that are not fixed are those that the project and the shipped rows give now.
    """
    return tuple(_Lines(settings, dialect, header, columns, catalog).all())


@dataclass
class _Lines:
    settings: ImportSettings
    dialect: Dialect
    header: Sequence[str]
    columns: Sequence[str | None]
    catalog: Catalog

    def all(self) -> Iterator[SettingLine]:
        yield from self._origins()
        yield from self._segments()
        yield from self._actions()
        yield self._date()
        yield self._country()
        yield from self._cells()
        yield from self._reading()

    def _from_file(self, *switches: Switch) -> tuple[str, ...]:
        """The headers of the columns that set the value row by row."""
        reference = fields(self.catalog)
        return tuple(
            header.strip()
            for header, name in zip(self.header, self.columns, strict=True)
            if name in reference and reference[name].switch in switches
        )

    def _line(self, label: str, value: str, origin: Origin, *switches: Switch) -> SettingLine:
        return SettingLine(label, value, self._origin(origin, *switches))

    def _origin(self, origin: Origin, *switches: Switch) -> str:
        """Where a value came from; the file's columns, row by row, go before it (rules §3)."""
        columns = self._from_file(*switches)
        if not columns:
            return origin.value
        return f"{Origin.FILE} ({', '.join(columns)}), where its cell is empty: {origin}"

    def _origins(self) -> Iterator[SettingLine]:
        row = resolve(self.settings, self.catalog, RowSettings(), created=True)
        endpoints = {one.id: one.name for one in self.catalog.api_endpoints}
        touchpoints = {one.id: one.name for one in self.catalog.touchpoints}
        endpoint, touchpoint = endpoints.get(row.api_endpoint_id, GONE), touchpoints.get(row.touchpoint_id, GONE)
        yield self._line("API endpoint", endpoint, row.origins["api_endpoint"], Switch.API_ENDPOINT)
        yield self._line("Touchpoint", touchpoint, row.origins["touchpoint"], Switch.TOUCHPOINT)

    def _segments(self) -> Iterator[SettingLine]:
        fixed = {one.group_id: one.name for one in map(self.catalog.segment, self.settings.segment_ids) if one}
        for group in self.catalog.segment_groups:
            if group.id in fixed:
                yield self._line(f"Segment of {group.name}", fixed[group.id], Origin.FIXED, Switch.SEGMENT)
        if not fixed:
            yield self._line("Segment", "none", Origin.NONE, Switch.SEGMENT)

    def _actions(self) -> Iterator[SettingLine]:
        if self.settings.task is not TaskKind.EDIT:
            yield self._action("Source action", Switch.SOURCE_ACTION, created=True)
        if self.settings.task is not TaskKind.ADD:
            yield self._action("Action for existing customers", Switch.EXISTING_ACTION, created=False)
            yield SettingLine("Action for customers left unchanged", _yes(self.settings.action_for_unchanged), "")

    def _action(self, label: str, switch: Switch, *, created: bool) -> SettingLine:
        row = resolve(self.settings, self.catalog, RowSettings(), created=created)
        names = {NO_ACTION: "none"} | {one.id: one.name for one in self.catalog.action_templates}
        return self._line(label, names.get(row.template_id, GONE), row.origins["template"], switch)

    def _date(self) -> SettingLine:
        date = self.settings.action_date
        value = f"{date:%Y-%m-%d %H:%M %Z}" if date else "when the task runs"
        return self._line("Date of the action", value, Origin.FIXED if date else Origin.TASK, Switch.DATE)

    def _country(self) -> SettingLine:
        country, origin = country_of(self.settings, self.catalog)
        return self._line("Phone country", country or "none", origin, Switch.PHONE_COUNTRY)

    def _cells(self) -> Iterator[SettingLine]:
        settings = self.settings
        yield SettingLine("Empty cells", _EMPTY[settings.empty_cells], "")
        yield SettingLine("Conflicts", _CONFLICTS[settings.conflicts], "")
        yield SettingLine("Re-subscribing", "allowed" if settings.allow_resubscribe else "not allowed", "")
        for mode in (WriteMode.FILL, WriteMode.NEVER):
            if names := [name for name, chosen in settings.write_modes.items() if chosen is mode]:
                yield SettingLine(_MODES[mode], ", ".join(names), "")

    def _reading(self) -> Iterator[SettingLine]:
        if self.settings.date_order:
            yield SettingLine("Dates", _ORDERS[self.settings.date_order], "")
        for name, order in self.settings.date_orders.items():
            yield SettingLine(f"Dates in {name}", _ORDERS[order], "")
        labels = {one.codec: one.label for one in OFFERED}
        yield SettingLine("Encoding", labels.get(self.dialect.encoding, self.dialect.encoding), "")
        yield SettingLine("Delimiter", in_words(self.dialect.delimiter), "")
        yield SettingLine("Quote", in_words(self.dialect.quote) if self.dialect.quote else "none", "")
        yield SettingLine("Header", f"line {self.dialect.header_line:,}", "")
        yield from self._replacements()

    def _replacements(self) -> Iterator[SettingLine]:
        replaced: Mapping[str, Mapping[str, str]] = self.settings.replacements
        for name, texts in replaced.items():
            pairs = ", ".join(f"“{old}” as {new}" for old, new in texts.items())
            yield SettingLine(f"{name} read", pairs, "")


def _yes(answer: bool) -> str:
    return "written" if answer else "not written"


_EMPTY = {EmptyCells.KEEP: "keep the stored value", EmptyCells.ERASE: "erase the stored value"}
_CONFLICTS = {Conflicts.REJECT: "rejected", Conflicts.STRONGEST: "the strongest identifier decides"}
_ORDERS = {DateOrder.DAY_FIRST: "day first, 31/12/2026", DateOrder.MONTH_FIRST: "month first, 12/31/2026"}
_MODES = {WriteMode.FILL: "Filled only if empty", WriteMode.NEVER: "Never changed on existing customers"}
