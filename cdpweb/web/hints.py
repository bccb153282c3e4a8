"""The hints beside the import form: the column reference, grouped, from the one place that declares the columns."""

from dataclasses import dataclass
from itertools import groupby

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import CUSTOMER_ID, Field, Kind, fields
from cdpweb.domain.tasks import TaskKind
from cdpweb.web.templating import dotted

TITLES = {
    Kind.IDENTIFIER: "Identifiers",
    Kind.PROFILE: "Profile",
    Kind.CONFIRMATION: "Confirmations",
    Kind.CONSENT: "Subscriptions",
    Kind.CONSENT_DATE: "Subscriptions",
    Kind.CUSTOM: "Custom fields",
    Kind.SETTING: "Settings row by row",
}


@dataclass(frozen=True)
class Hint:
    """One line of the column reference."""

    column: str
    description: str
    format: str
    mandatory: str


@dataclass(frozen=True)
class Group:
    """Columns that belong together."""

    title: str
    hints: tuple[Hint, ...]

    @property
    def names(self) -> str:
        """All its columns in one line."""
        return dotted(hint.column for hint in self.hints)


def groups(catalog: Catalog, task: TaskKind) -> list[Group]:
    """The column reference of this base for one kind of task, in the order of `domain.fields`."""
    fitting = [field for field in fields(catalog).values() if fits(field, task)]
    return [
        Group(title, tuple(Hint(one.name, one.description, one.format, mandatory(one)) for one in members))
        for title, members in groupby(fitting, key=lambda field: TITLES[field.kind])
    ]


def mandatory(field: Field) -> str:
    """When a file must have this column: "one of these", "with its switch" or "no" (rules §1.5, §3)."""
    if field.kind is Kind.IDENTIFIER:
        return "one of these"
    return "with its switch" if field.kind is Kind.SETTING else "no"


def fits(field: Field, task: TaskKind) -> bool:
    """Whether a task has a use for a column: new customers have no last update, existing ones no source."""
    if task is TaskKind.ADD:
        return field.name != CUSTOMER_ID and not field.name.startswith("LastUpdate")
    return not (task is TaskKind.EDIT and field.name.startswith("Source"))
