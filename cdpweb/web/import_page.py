"""What the import page shows at one moment: the form, the file's survey, the hints, a line for each closed section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wtforms import SelectField

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import Field, fields
from cdpweb.domain.mapping import Column, Finding, How, map_header
from cdpweb.domain.settings import Conflicts, EmptyCells, Switch, WriteMode
from cdpweb.domain.tasks import TaskKind
from cdpweb.extensions import current_config, db
from cdpweb.models import Upload
from cdpweb.models.snapshot import snapshot
from cdpweb.reading.dialect import in_words
from cdpweb.reading.encoding import OFFERED
from cdpweb.services import imports, uploads
from cdpweb.services.imports import Survey
from cdpweb.services.refused import Refused
from cdpweb.services.settings_check import fields_with_mode
from cdpweb.web import hints, import_form
from cdpweb.web.import_form import NEW, SKIPPED, WRITE_MODES, ImportForm
from cdpweb.web.templating import counted, dotted

LISTED_COLUMNS = 5
FIRST_ROWS = 10
IMPORT_SETTINGS = (
    "from_file", "endpoint", "touchpoint", "segment", "new_segment_group", "new_group_name", "new_segment_name",
    "source_action", "new_source_action", "existing_action", "new_existing_action", "action_date", "phone_country",
)  # fmt: skip
FILE_SETTINGS = ("header_line", "delimiter", "quote", "empty_cells", "conflicts", "date_order", "skip_empty")
ENCODINGS = {one.codec: one.label for one in OFFERED}


@dataclass
class ImportPage:
    """The page. `refusals` holds a sentence per form field, "" for the whole."""

    form: ImportForm
    catalog: Catalog
    upload: Upload | None = None
    survey: Survey | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    segment_rows: int = 1
    was_refused: bool = False
    first_rows: int = FIRST_ROWS
    write_modes: Sequence[tuple[WriteMode, str]] = tuple(WRITE_MODES)
    encodings: Mapping[str, str] = field(default_factory=lambda: ENCODINGS)

    def refuse(self, sentences: Mapping[str, str]) -> None:
        """Put each sentence where it belongs: at its field, at its column, or above all."""
        for name, sentence in sentences.items():
            if name in self.form and name not in ("file", "upload"):
                self.form[name].errors = [*self.form[name].errors, sentence]
            else:
                self.refusals[name] = sentence

    def place_of(self, name: str) -> str:
        """The id of what a refusal is about."""
        return {"write_modes": "file-settings", "upload": "file"}.get(name, name)

    @property
    def opens_settings(self) -> bool:
        """Whether an error stands within the import settings."""
        return any(self.form[name].errors for name in IMPORT_SETTINGS)

    @property
    def opens_file_settings(self) -> bool:
        """Whether an error stands within the file settings."""
        return "write_modes" in self.refusals or any(self.form[name].errors for name in FILE_SETTINGS)

    @property
    def state_line(self) -> str:
        """What stands between the form and its launch."""
        if self.upload is None:
            return "Choose a file first; it is checked at once."
        if self.survey is None or self.survey.examination.refusal:
            return "The file cannot be read yet."
        if self.findings:
            return f"{counted(len(self.findings), 'thing needs', 'things need')} a decision first."
        return "Nothing stands in the way."

    # The file

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a launch would refuse now."""
        return self.survey.findings if self.survey else ()

    @property
    def is_ready(self) -> bool:
        """Whether one click launches it."""
        return bool(self.survey and not self.findings and not self.survey.examination.refusal)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the file."""
        return self.survey.layout.columns if self.survey and self.survey.layout else ()

    @property
    def known(self) -> list[Column]:
        """Columns that need no look: they fill a field by their own name."""
        return [column for column in self.columns if column.how is How.KNOWN and not self.about(column)]

    @property
    def others(self) -> list[Column]:
        """Columns that wait for a decision or have got one, and those with something wrong."""
        quiet = (How.KNOWN, How.NAMELESS)
        return [column for column in self.columns if column.how not in quiet or self.about(column)]

    @property
    def undecided(self) -> list[Column]:
        """Columns that wait for a decision."""
        return [column for column in self.columns if column.how is How.IRRELEVANT]

    @property
    def columns_line(self) -> str:
        """The columns in one line: how many fill something, which do not."""
        waiting = [column.words for column in self.undecided]
        parts = [counted(sum(1 for column in self.columns if column.field), "fills a field", "fill a field")]
        if waiting:
            listed = ", ".join(waiting[:LISTED_COLUMNS]) + (", …" if len(waiting) > LISTED_COLUMNS else "")
            parts.append(f"{len(waiting):,} irrelevant: {listed}")
        if skipped := sum(1 for column in self.columns if column.how is How.SKIPPED):
            parts.append(f"{skipped:,} skipped")
        if nameless := sum(1 for column in self.columns if column.how is How.NAMELESS):
            parts.append(f"{nameless:,} without name or value, dropped")
        return dotted(parts)

    @property
    def general_findings(self) -> list[str]:
        """What is wrong with the header as a whole."""
        said = [self.refusals["columns"]] if "columns" in self.refusals else []
        return said + [one.sentence for one in self.findings if not one.positions]

    def options_of(self, column: Column) -> list[tuple[str, str, bool]]:
        """What a column may fill: value, words, whether it is chosen; proposals first."""
        chosen = {How.SKIPPED: SKIPPED, How.CHOSEN: column.field or ""}.get(column.how, "")
        by_name = map_header([column.header], self.reference).columns[0].field
        offered = [("", f"{by_name}, by its name" if by_name else "decide …")]
        offered += [(name, f"{name} (proposed)") for name in column.proposals]
        offered += [(SKIPPED, "skip this column")]
        offered += [(name, name) for name in self.reference if name not in column.proposals]
        return [(value, words, value == chosen) for value, words in offered]

    def about(self, column: Column) -> str:
        """What is wrong with a column, in a sentence."""
        said = self.refusals.get(f"column-{column.position}", "")
        return said or " ".join(one.sentence for one in self.findings if column.position in one.positions)

    def samples(self, column: Column) -> str:
        """The first values of a column."""
        rows = self.survey.examination.rows if self.survey else ()
        cells = (row[column.position] for row in rows if column.position < len(row))
        return ", ".join([cell for cell in cells if cell and cell.strip()][:3])

    @cached_property
    def reference(self) -> Mapping[str, Field]:
        """All columns that a file for this base may have."""
        return fields(self.catalog)

    def columns_of(self, switch: str) -> list[str]:
        """The columns that a switch reads, as far as this kind of task has a use for them."""
        return [
            name for name, one in self.reference.items() if one.switch == switch and hints.fits(one, self.form.kind)
        ]

    @property
    def writable(self) -> list[Field]:
        """The mapped fields that a file setting may keep from overwriting what is stored (rules §2.2)."""
        return fields_with_mode([column.field for column in self.columns if column.field], self.reference)

    def mode_of(self, one: Field) -> WriteMode:
        """What the posted form says of a field."""
        return import_form.write_modes().get(one.name, WriteMode.OVERWRITE)

    # Lines of closed sections

    @property
    def settings_line(self) -> str:
        """The import settings in one line."""
        form, parts = self.form, []
        parts.append(f"endpoint {self._words(form.endpoint, Switch.API_ENDPOINT)}")
        parts.append(f"touchpoint {self._words(form.touchpoint, Switch.TOUCHPOINT)}")
        parts.append(f"segment {self._segments()}")
        if form.kind != TaskKind.EDIT:
            words = self._words(form.source_action, Switch.SOURCE_ACTION, form.new_source_action.data)
            parts.append(f"source action {words}")
        if form.kind != TaskKind.ADD:
            words = self._words(form.existing_action, Switch.EXISTING_ACTION, form.new_existing_action.data)
            parts.append(f"action for existing {words}")
        if form.action_date.data or Switch.DATE in (form.from_file.data or []):
            parts.append(f"date {self._date()}")
        if form.phone_country.data or Switch.PHONE_COUNTRY in (form.from_file.data or []):
            parts.append(f"phone country {self._words(form.phone_country, Switch.PHONE_COUNTRY)}")
        return dotted(parts)

    def _words(self, chosen: SelectField, switch: Switch, new_name: str | None = None) -> str:
        if chosen.data == NEW:
            words = f"new: {new_name}" if new_name else "new"
        else:
            words = next((label for value, label, *_ in chosen.iter_choices() if value == chosen.data), "unknown")
        if chosen is self.form.touchpoint and not chosen.data:
            words = "automatic"
        return self._with_switch(words.removesuffix(" (the default)"), switch, is_default=not chosen.data)

    def _with_switch(self, words: str, switch: Switch, *, is_default: bool) -> str:
        if switch not in (self.form.from_file.data or []):
            return words
        return "from the file" if is_default else f"from the file, else {words}"

    def _segments(self) -> str:
        ids = [int(one) for one in self.form.segment.data or [] if one.isdigit()]
        found = [one for number in ids if (one := self.catalog.segment(number))]
        groups = {group.id: group.name for group in self.catalog.segment_groups}
        words = [f"{groups[one.group_id]}/{one.name}" for one in found]
        if NEW in (self.form.segment.data or []):
            words.append(f"new: {self.form.new_segment_name.data}" if self.form.new_segment_name.data else "new")
        return self._with_switch(", ".join(words) or "none", Switch.SEGMENT, is_default=not words)

    def _date(self) -> str:
        chosen = self.form.action_date.data
        words = f"{chosen.day} {chosen:%b %Y, %H:%M}" if chosen else "when the import runs"
        return self._with_switch(words, Switch.DATE, is_default=not chosen)

    @property
    def file_line(self) -> str:
        """The file settings in one line."""
        form = self.form
        words = [self._dialect_words()] if self.survey and not self.survey.examination.refusal else []
        words.append("empty cells erase" if form.empty_cells.data == EmptyCells.ERASE else "empty cells keep")
        rejected = form.conflicts.data != Conflicts.STRONGEST
        words.append("conflicts rejected" if rejected else "conflicts go to the strongest identifier")
        if form.allow_resubscribe.data:
            words.append("re-subscribing allowed")
        if modes := import_form.write_modes():
            words.append(", ".join(f"{name} {mode}" for name, mode in modes.items()))
        return dotted(words)

    def _dialect_words(self) -> str:
        dialect = self.survey.examination.dialect if self.survey else None
        if dialect is None:
            return ""
        quote = f"quote {in_words(dialect.quote)}" if dialect.quote else "no quotes"
        header = [f"header on line {dialect.header_line}"] if dialect.header_line != 1 else []
        names = {",": "comma", ";": "semicolon", "|": "pipe", ":": "colon"}
        return dotted([names.get(dialect.delimiter, in_words(dialect.delimiter)), quote, *header])

    # Hints

    @property
    def groups(self) -> list[hints.Group]:
        """The column reference."""
        return hints.groups(self.catalog, self.form.kind)


def build(act: str, arrived: Upload | None = None) -> ImportPage:
    """The page as the request has it: a fresh form, or a posted one with its file surveyed.

    `arrived`: a file that came with this very post. `act`: what was asked beside showing the form again.
    """
    catalog = snapshot(db.session)
    page = ImportPage(import_form.for_catalog(catalog), catalog)
    page.segment_rows = max(1, len(page.form.segment.data or [])) + (act == "add-segment")
    if arrived is not None:
        page.form.upload.data = arrived.name
    if act == "remove":
        page.form.upload.data = ""
    if act.startswith("encoding:"):
        page.form.encoding.data = act.partition(":")[2]
    _find_upload(page)
    if page.upload:
        _survey(page, page.upload, act)
    page.form.surveyed.data = page.upload.name if page.upload else ""
    return page


def _find_upload(page: ImportPage) -> None:
    name = page.form.upload.data
    page.upload = uploads.by_name(db.session, name) if name and name.isalnum() else None
    if name and page.upload is None:
        page.refusals["file"] = "The uploaded file is not here any more. Choose it again."
        page.form.upload.data = ""


def _survey(page: ImportPage, upload: Upload, act: str) -> None:
    """Look at the file as the form says; settings columns that have just been mapped turn their switches on."""
    form = page.form
    is_first = form.surveyed.data != form.upload.data
    shown = set() if is_first else set((form.shown_switches.data or "").split())
    chosen = import_form.switches_of(form)

    def look(from_file: frozenset[Switch] | None) -> Survey:
        return imports.survey(
            db.session,
            current_config(),
            upload,
            task=form.kind,
            file=import_form.file_settings_of(form),
            decisions={} if is_first else import_form.decisions(act),
            skip_unknown=act == "skip-all",
            from_file=from_file,
        )

    try:
        page.survey = look(None)
        mapped = page.survey.switches
        on = chosen | (mapped - {one for one in mapped if one in shown})
        form.from_file.data = sorted(on)
        form.shown_switches.data = " ".join(sorted(shown | mapped))
        if on != mapped:
            page.survey = look(on)
    except Refused as refused:
        page.refusals |= refused.sentences
        page.upload, form.upload.data = None, ""
