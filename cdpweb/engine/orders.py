"""What an import has been told to do, frozen: the one value that every step of the engine is given."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cdpweb.domain.catalog import Catalog, SegmentGroup
from cdpweb.domain.consent import Tree
from cdpweb.domain.fields import CUSTOMER_ID, GROUP_PAIR, SEGMENT_PREFIX, Field, Kind, fields
from cdpweb.domain.matching import Rules
from cdpweb.domain.settings import DateOrder, ImportSettings


@dataclass(frozen=True)
class Evidence:
    """What only a whole column can tell: the order of its dates, and whether a spreadsheet rounded its numbers.

    Found once, before anything is written, so that no value depends on where a block begins.
    """

    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    rounded: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal value."""
        return {"date_orders": dict(self.date_orders), "rounded": sorted(self.rounded)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Evidence":
        """The evidence that `to_json` wrote."""
        orders = {name: DateOrder(order) for name, order in plain["date_orders"].items()}
        return cls(orders, frozenset(plain["rounded"]))


@dataclass(frozen=True)
class Orders:
    """One import: its settings, the catalog it was started with and what each file column fills.

    `headers` are the file's header cells, `columns` the field that each fills or None where it is skipped; both as
    long as the header. `started_at` is "when the task runs" (rules §2.7). `evidence` is what the first pass found of
    whole columns.
    """

    task_id: int
    settings: ImportSettings
    catalog: Catalog
    headers: tuple[str, ...]
    columns: tuple[str | None, ...]
    started_at: dt.datetime
    evidence: Evidence = field(default_factory=lambda: Evidence())

    @cached_property
    def reference(self) -> Mapping[str, Field]:
        """Every column that a file for this base may have."""
        return fields(self.catalog)

    @cached_property
    def mapped(self) -> Mapping[str, int]:
        """The position in the file of each field that the file fills."""
        return {name: index for index, name in enumerate(self.columns) if name is not None}

    def of_kind(self, kind: Kind) -> list[Field]:
        """The mapped fields of one kind, in the order of the column reference."""
        return [field for name, field in self.reference.items() if field.kind is kind and name in self.mapped]

    @cached_property
    def identifiers(self) -> list[str]:
        """The mapped identifier columns."""
        return [field.name for field in self.of_kind(Kind.IDENTIFIER)]

    @cached_property
    def contacts(self) -> list[str]:
        """The mapped identifier columns that a customer can be given: all but CustomerId."""
        return [name for name in self.identifiers if name != CUSTOMER_ID]

    @cached_property
    def consent_tree(self) -> Tree:
        """The whole tree of consent."""
        nodes = (field for field in self.reference.values() if field.kind is Kind.CONSENT)
        return Tree({field.name: field.parent for field in nodes})

    @cached_property
    def segment_groups(self) -> list[SegmentGroup]:
        """The groups in which this import may place customers: those of the file and of the fixed segments."""
        fixed = {one.group_id for one in map(self.catalog.segment, self.settings.segment_ids) if one}
        pair = GROUP_PAIR in self.mapped
        return [
            group
            for group in self.catalog.segment_groups
            if pair or group.id in fixed or SEGMENT_PREFIX + group.system_name in self.mapped
        ]

    def said_order(self, name: str) -> DateOrder | None:
        """The order of day and month that the person gave for a field."""
        return self.settings.date_orders.get(name) or self.settings.date_order

    def date_order(self, name: str) -> DateOrder | None:
        """How the dates of a field are read: the person's word beats proof (rules §2.7)."""
        return self.said_order(name) or self.evidence.date_orders.get(name)

    def fixed_segment(self, group: SegmentGroup) -> int | None:
        """The segment of `group` that the settings fix."""
        ids = {segment.id for segment in group.segments}
        return next((one for one in self.settings.segment_ids if one in ids), None)

    @cached_property
    def rules(self) -> Rules:
        """What the settings say about identities."""
        return Rules(self.settings.task, self.settings.conflicts, self.settings.write_modes)
