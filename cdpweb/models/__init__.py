"""The tables. Importing this package makes all of them known to SQLAlchemy, but for those of people (accounts.py)."""

from cdpweb.models.audit import AuditEvent
from cdpweb.models.base import Base
from cdpweb.models.catalog import (
    ActionTemplate,
    ApiEndpoint,
    Area,
    Choice,
    CustomField,
    ExternalSystem,
    Project,
    Segment,
    SegmentGroup,
    Topic,
    Touchpoint,
)
from cdpweb.models.customers import Action, Change, Counter, Customer, ExternalId, SegmentMember
from cdpweb.models.postings import Posting
from cdpweb.models.tasks import ProblemGroup, RowProblem, Task, TaskRow, Upload

__all__ = [
    "Action",
    "ActionTemplate",
    "ApiEndpoint",
    "Area",
    "AuditEvent",
    "Base",
    "Change",
    "Choice",
    "Counter",
    "CustomField",
    "Customer",
    "ExternalId",
    "ExternalSystem",
    "Posting",
    "ProblemGroup",
    "Project",
    "RowProblem",
    "Segment",
    "SegmentGroup",
    "SegmentMember",
    "Task",
    "TaskRow",
    "Topic",
    "Touchpoint",
    "Upload",
]
