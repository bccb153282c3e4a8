"""The import form: its fields, their choices from the catalog, the settings that they say (product §2, rules §3)."""

import datetime as dt
import re
import secrets
from collections.abc import Iterable
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    FileField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import Length, NumberRange, Optional

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.mapping import SKIP, Decisions
from cdpweb.domain.settings import (
    NO_ACTION,
    Conflicts,
    DateOrder,
    EmptyCells,
    ImportSettings,
    RowSettings,
    Switch,
    WriteMode,
    country_of,
    resolve,
)
from cdpweb.domain.tasks import TaskKind
from cdpweb.models.catalog import NAME_CHARACTERS
from cdpweb.reading.dialect import NO_QUOTE
from cdpweb.reading.encoding import DEFAULT, OFFERED
from cdpweb.services.imports import MAX_DESCRIPTION_CHARACTERS, FileSettings
from cdpweb.services.on_the_spot import NewSegment, NewTemplate
from cdpweb.web import choices
from cdpweb.web.templating import project_zone

NEW = "new"
"""The choice that stands for something to be created on the spot."""

NONE = "none"
SKIPPED = "skip"

DELIMITERS = {
    ",": "Comma  ,",
    ";": "Semicolon  ;",
    "\t": "Tab",
    "|": "Pipe  |",
    ":": "Colon  :",
    " ": "Space",
}
QUOTES = {'"': 'Double quote  "', "'": "Single quote  '", NONE: "None"}
WRITE_MODES = [
    (WriteMode.OVERWRITE, "overwrite"),
    (WriteMode.FILL, "fill only if empty"),
    (WriteMode.NEVER, "never change"),
]
_TOKEN = re.compile(r"[\w-]{16,64}", re.ASCII)
_COLUMN = re.compile(r"column-(\d{1,5})")
_MAP = re.compile(r"map:(\d{1,5}):(\S{1,200})")
_MODE = re.compile(r"mode-(\S{1,200})")
_name_length = Length(max=NAME_CHARACTERS, message=f"Keep the name to {NAME_CHARACTERS} characters.")


class ChoiceField(SelectField):
    """A select whose choices come with the catalog; "" leaves the matter to the project, or to detection."""

    def __init__(self, label: str, default: str = "", **kwargs: Any) -> None:
        gone = "This choice is not there any more. Choose again."
        super().__init__(label, choices=[], default=default, invalid_choice_message=gone, **kwargs)


class ImportForm(FlaskForm):
    """Everything that a person may say about one import; `for_catalog` makes one."""

    task = SelectField("Task", choices={kind.value: kind.label for kind in TaskKind}, default=TaskKind.IMPORT)
    description = StringField(
        "Description",
        [Length(max=MAX_DESCRIPTION_CHARACTERS, message=f"Keep it to {MAX_DESCRIPTION_CHARACTERS:,} characters.")],
        description="Helps you to find this import in the task list.",
    )
    encoding = SelectField("Encoding", choices={one.codec: one.label for one in OFFERED}, default=DEFAULT)
    file = FileField("Uploaded file")
    upload = HiddenField()
    surveyed = HiddenField()
    form_token = HiddenField(default=lambda: secrets.token_urlsafe(24))

    from_file = SelectMultipleField("Use the value from the file", choices=[one.value for one in Switch])
    shown_switches = HiddenField()
    endpoint = ChoiceField("API endpoint", description="The system that the customers come from.")
    touchpoint = ChoiceField("Touchpoint", description="The channel, site or store that they are linked to.")
    segment = SelectMultipleField(
        "Segment",
        choices=[],
        description="Everybody in the file joins it; a customer is in at most one segment of a group.",
    )
    new_segment_group = ChoiceField("Segment group", default=NEW)
    new_group_name = StringField("Name of the new group", [_name_length])
    new_segment_name = StringField("Name of the new segment", [_name_length])
    source_action = ChoiceField("Source action", description="Written when the import adds a customer.")
    new_source_action = StringField("Name of the new action", [_name_length])
    existing_action = ChoiceField(
        "Action for existing customers", description="Written when the import changes a customer."
    )
    new_existing_action = StringField("Name of the new action", [_name_length])
    action_for_unchanged = BooleanField("Write the action also for customers left unchanged")
    action_date = DateTimeLocalField("Date of the action", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    phone_country = ChoiceField("Default phone country", description="For phone numbers without a country code.")

    header_line = IntegerField("Header line", [Optional(), NumberRange(1, 1_000_000, "Lines are counted from 1.")])
    delimiter = ChoiceField("Delimiter")
    quote = ChoiceField("Quote")
    empty_cells = RadioField(
        "Empty cells",
        choices={EmptyCells.KEEP: "keep the stored value", EmptyCells.ERASE: "erase the stored value"},
        default=EmptyCells.KEEP,
        description="Identifiers, confirmations, subscriptions and segments are never erased by an empty cell.",
    )
    conflicts = RadioField(
        "Conflicts",
        choices={Conflicts.REJECT: "reject the row", Conflicts.STRONGEST: "let the strongest identifier decide"},
        default=Conflicts.REJECT,
        description="When the identifiers of one row belong to different customers. "
        "Strongest first: CustomerId, external IDs, email, phone.",
    )
    date_order = RadioField(
        "Dates with slashes",
        choices={
            "": "find out, ask in doubt",
            DateOrder.DAY_FIRST: "day first: 31/05/2026",
            DateOrder.MONTH_FIRST: "month first: 05/31/2026",
        },
        default="",
    )
    allow_resubscribe = BooleanField(
        "Allow re-subscribing",
        description="Lifts an opt-out where the row carries a SubscriptionDateTimeUtc later than the opt-out.",
    )
    skip_empty = RadioField(
        "Empty columns",
        choices={"": "ask me", SKIPPED: "skip them"},
        default="",
    )
    reject_unknown_values = RadioField(
        "Unknown values of settings", choices={"": "ask me", "reject": "reject their rows"}, default="",
    )  # fmt: skip

    @property
    def kind(self) -> TaskKind:
        """The chosen task; the first one where none is."""
        return TaskKind(self.task.data) if self.task.data in set(TaskKind) else TaskKind.IMPORT


def for_catalog(catalog: Catalog) -> ImportForm:
    """The form with the choices of this base, filled from the request where it is a post."""
    form = ImportForm()
    defaults = ImportSettings()
    created = resolve(defaults, catalog, RowSettings(), created=True)
    changed = resolve(defaults, catalog, RowSettings(), created=False)
    templates, endpoints = _names(catalog.action_templates), _names(catalog.api_endpoints)
    country = country_of(defaults, catalog)[0]

    new_action, default = {NEW: "create a new action …"}, "(the default)"
    form.endpoint.choices = {"": f"{endpoints[str(created.api_endpoint_id)]} {default}"} | endpoints
    form.touchpoint.choices = {"": "set automatically from the API endpoint"} | _names(catalog.touchpoints)
    form.segment.choices = _segments(catalog)
    form.new_segment_group.choices = {NEW: "a new group"} | _names(catalog.segment_groups)
    source, existing = templates[str(created.template_id)], templates.get(str(changed.template_id), "none")
    form.source_action.choices = {"": f"{source} {default}"} | templates | new_action
    form.existing_action.choices = {"": f"{existing} {default}"} | templates | {NONE: "none"} | new_action
    form.phone_country.choices = {"": f"{country} {default}" if country else "none"} | dict(choices.countries())
    form.delimiter.choices = {"": "detect"} | DELIMITERS
    form.quote.choices = {"": "detect"} | QUOTES
    return form


def _names(rows: Iterable[Any]) -> dict[str, str]:
    return {str(row.id): row.name for row in rows}


def _segments(catalog: Catalog) -> list[SelectChoice]:
    """Segments under the names of their groups."""
    return [
        SelectChoice("", "none"),
        *(
            SelectChoice(str(segment.id), segment.name, optgroup=group.name)
            for group in catalog.segment_groups
            for segment in group.segments
        ),
        SelectChoice(NEW, "create a new segment …"),
    ]


# What the form says


def settings_of(form: ImportForm) -> ImportSettings:
    """The settings of the import; what is to be created on the spot is not among them yet."""
    existing = form.existing_action.data
    return ImportSettings(
        task=form.kind,
        from_file=switches_of(form),
        api_endpoint_id=_id(form.endpoint.data),
        touchpoint_id=_id(form.touchpoint.data),
        segment_ids=tuple(number for one in form.segment.data or [] if (number := _id(one)) is not None),
        source_template_id=_id(form.source_action.data),
        existing_template_id=NO_ACTION if existing == NONE else _id(existing),
        action_date=_moment(form.action_date.data),
        phone_country=form.phone_country.data or None,
        empty_cells=EmptyCells(form.empty_cells.data or EmptyCells.KEEP),
        conflicts=Conflicts(form.conflicts.data or Conflicts.REJECT),
        date_order=DateOrder(form.date_order.data) if form.date_order.data else None,
        allow_resubscribe=form.allow_resubscribe.data,
        action_for_unchanged=form.action_for_unchanged.data,
        write_modes=write_modes(),
    )


def switches_of(form: ImportForm) -> frozenset[Switch]:
    """The settings that are taken from the file."""
    return frozenset(Switch(one) for one in form.from_file.data or [] if one in set(Switch))


def file_settings_of(form: ImportForm) -> FileSettings:
    """How the file is to be read."""
    quote = form.quote.data or None
    return FileSettings(
        encoding=form.encoding.data or None,
        delimiter=form.delimiter.data or None,
        quote=NO_QUOTE if quote == NONE else quote,
        header_line=form.header_line.data,
    )


def decisions(act: str = "") -> Decisions:
    """What the posted form says of the file's columns, by their positions; an act "map:2:LastName" goes first."""
    chosen = {int(named[1]): text for name, text in request.form.items() if (named := _COLUMN.fullmatch(name)) and text}
    if mapped := _MAP.fullmatch(act):
        chosen[int(mapped[1])] = mapped[2]
    return {position: SKIP if text == SKIPPED else text for position, text in chosen.items()}


def write_modes() -> dict[str, WriteMode]:
    """The fields for which the posted form says something else than overwrite."""
    said = {named[1]: text for name, text in request.form.items() if (named := _MODE.fullmatch(name))}
    return {name: WriteMode(text) for name, text in said.items() if text in (WriteMode.FILL, WriteMode.NEVER)}


def token_of(form: ImportForm) -> str | None:
    """What marks this rendering of the form (rules §1.1); None for what no form of ours has had."""
    token = form.form_token.data or ""
    return token if _TOKEN.fullmatch(token) else None


def new_segments_of(form: ImportForm) -> tuple[NewSegment, ...]:
    """The segment to be created on the spot, if any."""
    if NEW not in (form.segment.data or []):
        return ()
    group_id = _id(form.new_segment_group.data)
    group_name = "" if group_id else (form.new_group_name.data or "")
    return (NewSegment(form.new_segment_name.data or "", group_id, group_name),)


def new_template_of(chosen: SelectField, name: StringField) -> NewTemplate | None:
    """The action template to be created on the spot, if any."""
    return NewTemplate(name.data or "") if chosen.data == NEW else None


def _id(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _moment(local: dt.datetime | None) -> dt.datetime | None:
    """A moment as the form has it, in the project's time zone; of an ambiguous one the earlier (rules §2.7)."""
    return local.replace(tzinfo=project_zone()).astimezone(dt.UTC) if local else None
