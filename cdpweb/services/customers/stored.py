"""Everything that is stored of a customer, as the text that a file would have in each column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.consent import Statement
from cdpweb.domain.fields import CUSTOM_FIELD_PREFIX, EXTERNAL_ID_PREFIX, PHONE, SEGMENT_PREFIX
from cdpweb.models import Customer, ExternalId, SegmentMember
from cdpweb.models.customers import STORED_COLUMNS


@dataclass(frozen=True)
class Stored:
    """A customer with what hangs on him: external IDs by system id, segment ids by group id."""

    customer: Customer
    external_ids: Mapping[int, str] = field(default_factory=dict)
    segment_ids: Mapping[int, int] = field(default_factory=dict)

    @property
    def statements(self) -> dict[str, Statement]:
        """What the customer said of each node of consent."""
        return {node: Statement.parse(text) for node, text in (self.customer.consents or {}).items()}

    def texts(self, catalog: Catalog) -> dict[str, str]:
        """Each field that has a value, by its column, as a file would say it."""
        return {
            **self._plain(),
            **{
                EXTERNAL_ID_PREFIX + system.system_name: self.external_ids[system.id]
                for system in catalog.external_systems
                if system.id in self.external_ids
            },
            **{CUSTOM_FIELD_PREFIX + name: text for name, text in (self.customer.custom or {}).items()},
            **{node: _text(said.opted_in) for node, said in self.statements.items()},
            **self._segments(catalog),
        }

    def _plain(self) -> dict[str, str]:
        values = {name: getattr(self.customer, column) for name, column in STORED_COLUMNS.items()}
        texts = {name: _text(value) for name, value in values.items() if value is not None}
        return texts if PHONE not in texts else {**texts, PHONE: f"+{texts[PHONE]}"}

    def _segments(self, catalog: Catalog) -> dict[str, str]:
        return {
            SEGMENT_PREFIX + group.system_name: segment.system_name
            for group in catalog.segment_groups
            for segment in group.segments
            if self.segment_ids.get(group.id) == segment.id
        }


def stored(session: Session, customers: Iterable[Customer]) -> list[Stored]:
    """The customers, in their order, with what hangs on them."""
    listed = list(customers)
    ids = [one.id for one in listed]
    external: dict[int, dict[int, str]] = {one: {} for one in ids}
    segments: dict[int, dict[int, int]] = {one: {} for one in ids}
    for one in session.scalars(select(ExternalId).where(ExternalId.customer_id.in_(ids))):
        external[one.customer_id][one.system_id] = one.value
    for member in session.scalars(select(SegmentMember).where(SegmentMember.customer_id.in_(ids))):
        segments[member.customer_id][member.group_id] = member.segment_id
    return [Stored(one, external[one.id], segments[one.id]) for one in listed]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
