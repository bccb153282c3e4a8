"""Imports: a file that has arrived is surveyed, and launched as a task (rules §1.1, §1.5)."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cdpweb.config import Config
from cdpweb.domain.mapping import Decisions, Finding, Layout
from cdpweb.domain.settings import ImportSettings, Switch
from cdpweb.domain.tasks import TaskKind
from cdpweb.models import Task, Upload
from cdpweb.services.uploads import Examination

MAX_DESCRIPTION_CHARACTERS = 1000


@dataclass(frozen=True)
class FileSettings:
    """How a person wants the file read; None: as detected (encoding: UTF-8). `quote` "" means none."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_line: int | None = None


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


@dataclass(frozen=True)
class Survey:
    """What is known of an upload before its launch.

    `layout` and `findings` are None and empty where the file cannot be read (`examination.refusal`).
    `switches` are those that the mapped settings columns turn on. `earlier` is a task of the same bytes.
    """

    upload: Upload
    examination: Examination
    layout: Layout | None
    findings: tuple[Finding, ...]
    switches: frozenset[Switch]
    earlier: Task | None


@dataclass(frozen=True)
class Launch:
    """All that a person has said about one import.

    `decisions` maps positions of columns to fields or SKIP; `skip_unknown` skips what then fills nothing, `skip_empty`
    the columns that turn out to hold no value. `reject_unknown_values`: do not ask about unknown values in settings
    columns. `form_token` marks one rendering of the form: sent twice, it makes one task.
    """

    upload: Upload
    settings: ImportSettings = field(default_factory=ImportSettings)
    description: str = ""
    file: FileSettings = field(default_factory=FileSettings)
    decisions: Decisions = field(default_factory=dict)
    skip_unknown: bool = False
    skip_empty: bool = False
    reject_unknown_values: bool = False
    new_segments: tuple[NewSegment, ...] = ()
    new_source_template: NewTemplate | None = None
    new_existing_template: NewTemplate | None = None
    form_token: str | None = None
    author: str | None = None


def survey(
    session: Session,
    config: Config,
    upload: Upload,
    *,
    task: TaskKind = TaskKind.IMPORT,
    file: FileSettings | None = None,
    decisions: Decisions | None = None,
    skip_unknown: bool = False,
    from_file: frozenset[Switch] | None = None,
) -> Survey:
    """What the first megabyte and the header show, and what a launch would refuse.

    `from_file` None: the switches that the mapped settings columns turn on, as a form that was not yet shown has it.
    Raises Refused where the file is gone.
    """
    raise NotImplementedError


def create_task(session: Session, config: Config, launch: Launch) -> Task:
    """Make a waiting task, and what is to be created on the spot, in one transaction or not at all (rules §1.1).

    The edge commits, then rings. A launch whose `form_token` was used before gives the first task. Raises Refused with
    a sentence per form field: `file`, `encoding`, `delimiter`, `quote`, `header_line`, `description`, `columns`,
    `column-<position>`, `segment`, `source_action`, `existing_action`, `endpoint`, `touchpoint`, `action_date`,
    `phone_country`, `write_modes`.
    """
    raise NotImplementedError
