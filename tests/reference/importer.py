"""The reference importer: the rows one by one, in file order, by the rules (rules 2 to 6)."""

import copy
import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from cdpweb.domain.catalog import Catalog, Choice, FieldType, SegmentGroup
from cdpweb.domain.fields import (
    CONSENT_DATE,
    CUSTOMER_ID,
    EMAIL,
    EMAIL_CONFIRMED,
    FULL_NAME,
    GROUP_PAIR,
    NAME_PARTS,
    PHONE,
    PHONE_CONFIRMED,
    SEGMENT_PAIR,
    SEGMENT_PREFIX,
    Field,
    Kind,
    Type,
    fields,
)  # fmt: skip
from cdpweb.domain.problems import PROBLEMS, Severity
from cdpweb.domain.settings import NO_ACTION, EmptyCells, ImportSettings, RowSettings, WriteMode, country_of, resolve
from cdpweb.domain.tasks import Outcome

from . import cells, consent, dates, grammar, matching, names
from .cells import ABSENT, Cell, Context
from .cells import State as Says
from .state import Action, Change, Customer, Problem, Report, Row, State

CONFIRMATION_OF = {EMAIL: EMAIL_CONFIRMED, PHONE: PHONE_CONFIRMED}


def import_file(
    state: State,
    content: str,
    header_line: int,
    delimiter: str,
    quote: str,
    columns: Sequence[str | None],
    settings: ImportSettings,
    catalog: Catalog,
    now: dt.datetime,
    max_cell_bytes: int = 1_000_000,
) -> Report:
    """Import a file into `state`. `columns`: the field that each file column fills, None where it is skipped.

    Columns without any value are skipped, unknown settings left to be rejected. An undecided date order raises.
    """
    header, records = grammar.read(content, header_line, delimiter, quote, max_cell_bytes)
    run = _Import(state, header, _without_empty(columns, records), settings, catalog, now)
    run.look_at(records)
    for record in records:
        run.take(record)
    run.report.customers = len(run.touched)
    return run.report


def _without_empty(columns: Sequence[str | None], records: list[grammar.Record]) -> list[str | None]:
    """The columns, those without any value skipped (rules 1.5)."""
    filled = {index for record in records for index, cell in enumerate(record.cells) if cells.trim(cell)}
    return [column if index in filled else None for index, column in enumerate(columns)]


class _Rejected(Exception):
    """The row is rejected; its problems say why."""


class _Import:
    def __init__(
        self,
        state: State,
        header: Sequence[str],
        columns: list[str | None],
        settings: ImportSettings,
        catalog: Catalog,
        now: dt.datetime,
    ) -> None:
        self.state, self.columns, self.settings, self.catalog, self.now = state, columns, settings, catalog, now
        self.fields = fields(catalog)
        self.headers = {name: header[index] for index, name in enumerate(columns) if name}
        self.report, self.touched = Report(), set[int]()
        self.context = Context(catalog, settings, now, choices=state.choices)

    def look_at(self, records: list[grammar.Record]) -> None:
        """What only whole columns show: the order of their dates (rules 2.7), rounded IDs (rules 2.10)."""
        orders, rounded = {}, set()
        for index, name in enumerate(self.columns):
            texts = [record.cells[index] for record in records if index < len(record.cells)]
            if name and self.fields[name].type in (Type.BIRTH_DATE, Type.DATE, Type.DATE_TIME):
                bare = [cells.without_apostrophe(self.fields[name], cells.trim(text)) for text in texts]
                parts = [part.strip() for text in bare for part in text.split("|")]
                chosen = self.settings.date_orders.get(name) or self.settings.date_order
                orders[name] = dates.order_of(parts, chosen)
            if name and self.fields[name].type is Type.EXTERNAL_ID:
                bare = [cells.without_apostrophe(self.fields[name], cells.trim(text)) for text in texts]
                rounded |= {name} if cells.is_rounded(bare) else set()
        self.context = replace(self.context, orders=orders, rounded=frozenset(rounded))

    def take(self, record: grammar.Record) -> None:
        """Import one record."""
        row = _Row(self, record)
        try:
            outcome, customer, matched_by = row.take()
        except _Rejected:
            outcome, customer, matched_by = Outcome.REJECTED, None, None
        if outcome in (Outcome.CREATED, Outcome.UPDATED) and customer:
            self.touched.add(customer)
        self.report.rows.append(Row(record.number, record.line, outcome, customer, matched_by))
        self.report.problems += row.problems
        self.report.warnings += sum(PROBLEMS[one.code].severity is Severity.WARNING for one in row.problems)


class _Row:
    def __init__(self, run: _Import, record: grammar.Record) -> None:
        self.run, self.record = run, record
        self.settings, self.catalog, self.state = run.settings, run.catalog, run.state
        self.problems: list[Problem] = []
        self.cells: dict[str, Cell] = {}

    def take(self) -> tuple[Outcome, int | None, str | None]:
        """Judge and apply the row: its outcome, customer and what he was matched by."""
        record, width = self.record, len(self.run.columns)
        if record.is_malformed:
            self.reject("malformed_record")
        if not any(cells.trim(cell) for cell in record.cells):
            return Outcome.BLANK, None, None
        if any(cells.trim(cell) for cell in record.cells[width:]):
            self.reject("too_many_cells")
        if len(record.cells) < width:
            self.problem("too_few_cells")
        self.read_cells()
        wanted_segments = self.wanted_segments()
        match = self.match()
        if any(PROBLEMS[problem.code].severity is Severity.ERROR for problem in self.problems):
            raise _Rejected
        return self.apply(match, wanted_segments)

    # Problems

    def problem(self, code: str, column: str | None = None) -> None:
        text = self.cells[column].text if column else None
        header = self.run.headers[column] if column else None
        quoted = text.replace("\0", "\N{SYMBOL FOR NULL}") if text else text
        self.problems.append(Problem(self.record.number, self.record.line, header, quoted, code))

    def reject(self, code: str) -> None:
        self.problem(code)
        raise _Rejected

    # Reading the cells (rules 2)

    def read_cells(self) -> None:
        context = self.with_country()
        for index, name in enumerate(self.run.columns):
            if name:
                self.cells[name] = cells.read(self.run.fields[name], self.raw(index), context)
                for code in self.cells[name].problems:
                    if code != "customer_id_unknown":
                        self.problem(code, name)
        self.read_full_name()

    def raw(self, index: int) -> str | None:
        return self.record.cells[index] if index < len(self.record.cells) else None

    def with_country(self) -> Context:
        """What cells are read with: the row's own phone country goes before the import's and the project's."""
        country, _ = country_of(self.settings, self.catalog)
        if "PhoneCountry" in self.run.columns:
            index = self.run.columns.index("PhoneCountry")
            cell = cells.read(self.run.fields["PhoneCountry"], self.raw(index), self.run.context)
            if cell.problems or cell.state is Says.VALUE:
                country = cell.value
        return replace(self.run.context, country=country)

    def read_full_name(self) -> None:
        full = self.cell(FULL_NAME)
        parts = {part: self.cell(part) for part in NAME_PARTS}
        read_parts, problem = names.parts_of(full, parts)
        self.cells |= {part: cell for part, cell in read_parts.items() if cell is not parts[part]}
        if problem:
            self.problem(problem, FULL_NAME)

    def cell(self, name: str) -> Cell:
        return self.cells.get(name, ABSENT)

    def columns_of(self, *kinds: Kind) -> list[tuple[str, Cell]]:
        """The row's columns of these kinds, in the order of the column reference."""
        return [
            (name, self.cells[name])
            for name, one in self.run.fields.items()
            if name in self.cells and one.kind in kinds
        ]

    # Segments (rules 3): the group's own column, else the pair, else the fixed one

    def wanted_segments(self) -> dict[str, str | None]:
        """Group column -> system name of the segment, None to take the customer out."""
        wanted: dict[str, str | None] = {}
        groups = {group.id: group for group in self.catalog.segment_groups}
        for segment_id in self.settings.segment_ids:
            segment = self.catalog.segment(segment_id)
            assert segment
            wanted[_column_of(groups[segment.group_id])] = segment.system_name
        wanted |= self.pair()
        for name, cell in self.columns_of(Kind.SETTING):
            own = self.run.fields[name].type is Type.SEGMENT and name != SEGMENT_PAIR
            if own and cell.state in (Says.VALUE, Says.CLEAR):
                wanted[name] = cell.value.system_name if cell.value else None
        return wanted

    def pair(self) -> dict[str, str | None]:
        group, segment = self.cell(GROUP_PAIR), self.cell(SEGMENT_PAIR)
        if segment.state not in (Says.VALUE, Says.CLEAR) or group.problems:
            return {}
        if group.state is not Says.VALUE:
            self.problem("unknown_setting_value", SEGMENT_PAIR)
            return {}
        if segment.state is Says.CLEAR:
            return {_column_of(group.value): None}
        if not (found := group.value.segment(segment.value)):
            self.problem("unknown_setting_value", SEGMENT_PAIR)
            return {}
        return {_column_of(group.value): found.system_name}

    # Matching (rules 5)

    def match(self) -> matching.Match:
        values = {name: cell.value for name, cell in self.columns_of(Kind.IDENTIFIER) if cell.state is Says.VALUE}
        bad_customer_id = "customer_id_unknown" in self.cell(CUSTOMER_ID).problems
        match = matching.decide(values, bad_customer_id, self.state, self.settings)
        if match.error:
            self.problem(match.error, CUSTOMER_ID if match.error == "customer_id_unknown" else None)
        return match

    # Applying

    def apply(self, match: matching.Match, segments: dict[str, str | None]) -> tuple[Outcome, int, str | None]:
        created = match.customer is None
        customer = match.customer or self.state.new_customer(self.record.number)
        before = copy.deepcopy(customer)
        self.is_new = created
        self.set_identifiers(customer, match)
        self.clear_identifiers(customer)
        self.set_fields(customer)
        self.set_confirmations(customer)
        self.set_consents(customer)
        self.set_segments(customer, segments)
        changed = _changed(before, customer)
        outcome = Outcome.CREATED if created else Outcome.UPDATED if changed else Outcome.UNCHANGED
        if outcome is Outcome.UPDATED:
            customer.changes.append(Change(self.record.number, changed))
        self.act(customer, outcome)
        return outcome, customer.id, match.matched_by

    def may_write(self, column: str, present: object) -> bool:
        """Whether the import may touch the column of this customer, who has `present` there (rules 2.2)."""
        mode = self.settings.mode_of(column)
        if self.is_new or mode is WriteMode.OVERWRITE:
            return True
        return mode is WriteMode.FILL and present is None

    def set_identifiers(self, customer: Customer, match: matching.Match) -> None:
        for column, cell in self.columns_of(Kind.IDENTIFIER):
            present = customer.identifiers.get(column)
            if column in match.skipped:
                self.problem(match.skipped[column], column)
                continue
            differs = column != CUSTOMER_ID and cell.state is Says.VALUE and cell.value != present
            if differs and self.may_write(column, present):
                customer.identifiers[column] = cell.value
                if present is not None:
                    customer.fields.pop(CONFIRMATION_OF.get(column, ""), None)

    def clear_identifiers(self, customer: Customer) -> None:
        """Erase what %CLEAR% says, but never the last identifier (rules 5.7)."""
        cleared = [
            column
            for column, cell in self.columns_of(Kind.IDENTIFIER)
            if cell.state is Says.CLEAR and column in customer.identifiers and self.may_write(column, "present")
        ]
        if cleared and set(cleared) == set(customer.identifiers):
            stays = min(cleared, key=matching.level)
            cleared.remove(stays)
            self.problem("last_identifier", stays)
        for column in cleared:
            del customer.identifiers[column]
            customer.fields.pop(CONFIRMATION_OF.get(column, ""), None)

    def set_fields(self, customer: Customer) -> None:
        for column, cell in self.columns_of(Kind.PROFILE, Kind.CUSTOM):
            value = self.chosen(self.run.fields[column], cell.value) if cell.state is Says.VALUE else None
            if column == FULL_NAME or not self.may_write(column, customer.fields.get(column)):
                continue
            if value:
                customer.fields[column] = value
            elif cell.state is Says.CLEAR or (
                cell.state is Says.EMPTY and self.settings.empty_cells is EmptyCells.ERASE
            ):
                customer.fields.pop(column, None)

    def chosen(self, field: Field, value: str) -> str:
        """The value with choices that the field did not have created, whatever their case (rules 2.8)."""
        if not field.custom or field.custom.type is not FieldType.CHOICE:
            return value
        ours = self.state.choices.setdefault(field.custom.system_name, [])
        parts = set()
        for one in value.split("|") if field.custom.multiple else [value]:
            same = [made for made in ours if made.name.casefold() == one.casefold()]
            if one not in {choice.external_id for choice in field.custom.choices} and not same:
                ours.append(Choice(one, one))
            parts.add(same[0].external_id if same else one)
        return "|".join(sorted(parts))

    def set_confirmations(self, customer: Customer) -> None:
        """They count only if the row's own email, phone is now the customer's (rules 5.8)."""
        for identifier, column in CONFIRMATION_OF.items():
            own, cell = self.cell(identifier), self.cell(column)
            counts = own.state is Says.VALUE and own.value == customer.identifiers.get(identifier)
            if counts and cell.state is Says.VALUE and self.may_write(column, customer.fields.get(column)):
                customer.fields[column] = cell.value

    def set_consents(self, customer: Customer) -> None:
        stated = {
            name: cell.value == "true" for name, cell in self.columns_of(Kind.CONSENT) if cell.state is Says.VALUE
        }
        date = self.cell(CONSENT_DATE).value
        row = consent.Statements(stated, date, self.run.now, self.settings.allow_resubscribe)
        customer.consents, skipped = consent.apply(customer.consents, row, self.run.fields)
        for name, code in skipped:
            self.problem(code, name)

    def set_segments(self, customer: Customer, segments: dict[str, str | None]) -> None:
        for column, segment in segments.items():
            if segment:
                customer.fields[column] = segment
            else:
                customer.fields.pop(column, None)

    # The action (rules 3, 4)

    def act(self, customer: Customer, outcome: Outcome) -> None:
        """Write the row's action, and on a new customer where he came from."""
        created = outcome is Outcome.CREATED
        row = RowSettings(
            self.cell("ApiEndpoint").value,
            self.cell("SourcePointOfContact" if created else "LastUpdatePointOfContact").value,
            self.cell("SourceActionTemplate" if created else "LastUpdateActionTemplate").value,
        )
        resolved = resolve(self.settings, self.catalog, row, created=created)
        endpoint, touchpoint, template = resolved.api_endpoint_id, resolved.touchpoint_id, resolved.template_id
        if created:
            customer.source = (endpoint, touchpoint, template)
        if template == NO_ACTION or (outcome is Outcome.UNCHANGED and not self.settings.action_for_unchanged):
            return
        customer.actions.append(
            Action(template, touchpoint, endpoint, self.happened_at(created=created), self.record.number)
        )

    def happened_at(self, *, created: bool) -> dt.datetime:
        column = "SourceDateTime" if created else "LastUpdateDateTime"
        own = self.cell(column).value or self.cell(column + "Utc").value
        return own or self.settings.action_date or self.run.now


def _column_of(group: SegmentGroup) -> str:
    return SEGMENT_PREFIX + group.system_name


def _changed(before: Customer, after: Customer) -> dict[str, tuple[str | None, str | None]]:
    """What differs, column -> (old, new) (rules 4)."""
    old, new = _flat(before), _flat(after)
    return {name: (old.get(name), new.get(name)) for name in old | new if old.get(name) != new.get(name)}


def _flat(customer: Customer) -> dict[str, str]:
    """Everything a change may name, as canonical text."""
    identifiers = {name: f"+{value}" if name == PHONE else str(value) for name, value in customer.identifiers.items()}
    consents = {
        name: f"{'in' if opted_in else 'out'} {cells.canonical_instant(date)}"
        for name, (opted_in, date) in customer.consents.items()
    }
    return identifiers | customer.fields | consents
