"""Imports: a file that has arrived is surveyed, and launched as a task (rules §1.1, §1.5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cdpweb.config import Config
from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import fields
from cdpweb.domain.mapping import Decisions, Finding, Layout, findings, map_header
from cdpweb.domain.problems import NUL_SIGN
from cdpweb.domain.settings import ImportSettings, Switch
from cdpweb.domain.tasks import Status, TaskKind
from cdpweb.models import Task, Upload
from cdpweb.models.snapshot import snapshot
from cdpweb.models.types import now
from cdpweb.services import audit, uploads
from cdpweb.services.on_the_spot import NewSegment, NewTemplate, create_segment, create_template
from cdpweb.services.refused import Refused
from cdpweb.services.settings_check import settings_refusals
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

    `examination`: what the file shows, read as `file` says; None: not examined yet. `decisions` maps positions of
    columns to fields or SKIP; `skip_unknown` skips what then fills nothing, `skip_empty` the columns that turn out to
    hold no value. `reject_unknown_values`: do not ask about unknown values in settings columns. `turns_switches_on`:
    mapped settings columns turn their switches on, as the shell has it; a form shows them turned on instead.
    `form_token` marks one rendering of the form: sent twice, it makes one task.
    """

    upload: Upload
    settings: ImportSettings = field(default_factory=ImportSettings)
    description: str = ""
    file: FileSettings = field(default_factory=FileSettings)
    examination: Examination | None = None
    decisions: Decisions = field(default_factory=dict)
    skip_unknown: bool = False
    skip_empty: bool = False
    reject_unknown_values: bool = False
    turns_switches_on: bool = False
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
    examination = _examine(config, upload, file or FileSettings())
    earlier = uploads.earlier_task(session, upload)
    if examination.refusal:
        return Survey(upload, examination, None, (), frozenset(), earlier)
    reference = fields(snapshot(session))
    layout = map_header(examination.header, reference, decisions, skip_unknown=skip_unknown, filled=examination.filled)
    found = findings(layout, task, layout.switches if from_file is None else from_file)
    return Survey(upload, examination, layout, tuple(found), layout.switches, earlier)


def create_task(session: Session, config: Config, launch: Launch) -> Task:
    """Make a waiting task, and what is to be created on the spot, in one transaction or not at all (rules §1.1).

    The edge commits, then rings. A launch whose `form_token` was used before gives the first task. Raises Refused with
    a sentence per form field: `file`, `encoding`, `delimiter`, `quote`, `header_line`, `description`, `columns`,
    `column-<position>`, `segment`, `source_action`, `existing_action`, `endpoint`, `touchpoint`, `action_date`,
    `phone_country`, `write_modes`.
    """
    if first := _launched_with(session, launch.form_token):
        return first
    try:
        with session.begin_nested():
            return _Launcher(session, config, launch).task()
    except IntegrityError:
        # The same form, sent twice at the same moment: the other one was a moment faster.
        if first := _launched_with(session, launch.form_token):
            return first
        raise


def _launched_with(session: Session, form_token: str | None) -> Task | None:
    return session.scalar(select(Task).where(Task.form_token == form_token)) if form_token else None


def _examine(config: Config, upload: Upload, file: FileSettings) -> Examination:
    return uploads.examine(
        config,
        upload,
        encoding=file.encoding,
        delimiter=file.delimiter,
        quote=file.quote,
        header_line=file.header_line,
    )


class _Launcher:
    """Makes one task, gathering every sentence that speaks against it."""

    def __init__(self, session: Session, config: Config, launch: Launch) -> None:
        self.session, self.config, self.launch = session, config, launch
        self.sentences: dict[str, str] = {}

    def task(self) -> Task:
        launch = self.launch
        self.session.refresh(launch.upload, with_for_update=True)
        settings = self._with_created()
        catalog = snapshot(self.session)
        self._refuse(settings_refusals(settings, catalog))
        self._refuse(_description_refusals(launch.description))
        examination = launch.examination or _examine(self.config, launch.upload, launch.file)
        layout = self._layout(examination, catalog)
        if layout and launch.turns_switches_on:
            settings = replace(settings, from_file=settings.from_file | layout.switches)
        self._refuse(_header_refusals(layout, settings) if layout else {})
        if layout is None or self.sentences:
            raise Refused(self.sentences)
        task = Task(
            kind=settings.task,
            status=Status.WAITING,
            description=launch.description.replace("\0", "").strip(),
            author=launch.author,
            upload=launch.upload,
            form_token=launch.form_token or None,
            dialect=examination.dialect.as_json(),
            header=[header.replace("\0", NUL_SIGN) for header in examination.header],
            columns=list(layout.fields),
            settings=settings.to_json(),
            answers=_answers(launch, layout),
            created_at=now(),
        )
        self.session.add(task)
        self.session.flush()
        audit.record("task_launched", person=launch.author, task=task.id)
        if settings.allow_resubscribe:
            audit.record("resubscribing_allowed", person=launch.author, task=task.id)
        return task

    def _refuse(self, sentences: Mapping[str, str]) -> None:
        for name, sentence in sentences.items():
            self.sentences[name] = f"{self.sentences[name]} {sentence}" if name in self.sentences else sentence

    def _with_created(self) -> ImportSettings:
        """The settings with what was created on the spot."""
        launch = self.launch
        settings = launch.settings
        segments = [self._created(create_segment, new) for new in launch.new_segments]
        ids = [segment.id for segment in segments if segment]
        settings = replace(settings, segment_ids=(*settings.segment_ids, *ids))
        if launch.new_source_template:
            source = self._created(create_template, launch.new_source_template, "source_action")
            settings = replace(settings, source_template_id=source and source.id)
        if launch.new_existing_template:
            existing = self._created(create_template, launch.new_existing_template, "existing_action")
            settings = replace(settings, existing_template_id=existing and existing.id)
        return settings

    def _created(self, create: Callable[..., Any], *new: Any) -> Any:
        try:
            return create(self.session, *new)
        except Refused as refused:
            self._refuse(refused.sentences)
            return None

    def _layout(self, examination: Examination, catalog: Catalog) -> Layout | None:
        """What each column fills; None where the file cannot be read."""
        if examination.refusal:
            self._refuse({_FIELD_OF_REFUSAL.get(examination.code or "", "file"): examination.refusal})
            return None
        return map_header(
            examination.header,
            fields(catalog),
            self.launch.decisions,
            skip_unknown=self.launch.skip_unknown,
            filled=examination.filled,
        )


_FIELD_OF_REFUSAL = {
    "bad_encoding": "encoding",
    "unknown_encoding": "encoding",
    "bad_dialect": "delimiter",
    "header_line_missing": "header_line",
    "header_malformed": "header_line",
    "no_header": "header_line",
    "too_many_columns": "header_line",
}


def _header_refusals(layout: Layout, settings: ImportSettings) -> dict[str, str]:
    """The header's findings by form field: that of their first column, or all columns."""
    sentences: dict[str, list[str]] = {}
    for finding in findings(layout, settings.task, settings.from_file):
        name = f"column-{finding.positions[0]}" if finding.positions else "columns"
        sentences.setdefault(name, []).append(finding.sentence)
    return {name: " ".join(said) for name, said in sentences.items()}


def _answers(launch: Launch, layout: Layout) -> dict[str, Any]:
    """What is settled before the first pass asks, and what it shall confirm: that nameless columns are empty."""
    answers: dict[str, Any] = {"empty_columns": "skip"} if launch.skip_empty else {}
    if launch.reject_unknown_values:
        answers["unknown_setting_values"] = "reject"
    if layout.nameless and not launch.skip_unknown:
        answers["nameless"] = [column.position for column in layout.nameless]
    return answers


def _description_refusals(description: str) -> dict[str, str]:
    if len(description.strip()) <= MAX_DESCRIPTION_CHARACTERS:
        return {}
    sentence = f"It has {len(description.strip()):,} characters; shorten it to {MAX_DESCRIPTION_CHARACTERS:,}."
    return {"description": sentence}
