"""What an importer is given and what it answers; the first of the two: the reference."""

import copy
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import fields
from cdpweb.domain.settings import ImportSettings, Switch

from . import grammar, importer
from .bases import CATALOG, NOW
from .state import Customer, Problem, Report, Row, State

WHOLE_FILE_BYTES = 1 << 20


@dataclass(frozen=True)
class File:
    """A file to import with all that a person chooses. `columns`: by default its header's words that are fields."""

    content: str
    settings: ImportSettings = field(default_factory=ImportSettings)
    header_line: int = 1
    delimiter: str = ","
    quote: str = '"'
    columns: Sequence[str | None] | None = None
    now: dt.datetime = NOW
    max_cell_bytes: int = 1000

    def mapped(self, catalog: Catalog) -> list[str | None]:
        """The field of each column."""
        if self.columns is not None:
            return list(self.columns)
        header, _ = grammar.read(self.content, self.header_line, self.delimiter, self.quote, self.max_cell_bytes)
        known = fields(catalog)
        return [word if word in known else None for word in header]

    def switched(self, catalog: Catalog) -> ImportSettings:
        """The settings; mapping a settings column turns its switch on (rules 3)."""
        known = fields(catalog)
        switches = {known[name].switch for name in self.mapped(catalog) if name}
        return ImportSettings(
            **vars(self.settings) | {"from_file": frozenset(one for one in switches if isinstance(one, Switch))}
        )


@dataclass(frozen=True)
class Result:
    """What imports made of a base."""

    state: State
    reports: list[Report]

    @property
    def report(self) -> Report:
        """That of the last file."""
        return self.reports[-1]

    @property
    def rows(self) -> list[Row]:
        return self.report.rows

    @property
    def outcomes(self) -> list[str]:
        """What became of each record."""
        return [row.outcome.value for row in self.rows]

    @property
    def problems(self) -> list[Problem]:
        return self.report.problems

    @property
    def codes(self) -> list[str]:
        """The codes of all problems, in order."""
        return [problem.code for problem in self.problems]

    def codes_of(self, record: int) -> list[str]:
        """The codes of the record's problems, in order."""
        return [problem.code for problem in self.problems if problem.record == record]

    def who(self, record: int) -> Customer:
        """The customer whose row the record was."""
        customer = self.rows[record - 1].customer
        assert customer is not None
        return self.state.customers[customer]


class Importer(Protocol):
    """Imports files, one after the other, into a copy of the base."""

    def __call__(self, *files: File, base: State, catalog: Catalog = CATALOG, block_bytes: int = ...) -> Result: ...


def by_reference(*files: File, base: State, catalog: Catalog = CATALOG, block_bytes: int = WHOLE_FILE_BYTES) -> Result:
    """The slow, obvious importer, which knows no blocks."""
    state = copy.deepcopy(base)
    reports = [
        importer.import_file(
            state, file.content, file.header_line, file.delimiter, file.quote, file.mapped(catalog),
            file.switched(catalog), catalog, file.now, file.max_cell_bytes,
        )
        for file in files
    ]  # fmt: skip
    return Result(state, reports)
