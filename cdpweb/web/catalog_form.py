"""Forms for entries of the catalog and for the project: one control for each attribute."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectChoice, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.widgets import CheckboxInput, ListWidget

from cdpweb.domain.catalog import CHANNELS, FieldType
from cdpweb.services.catalog.attributes import (
    Attribute,
    Channels,
    Choices,
    Flag,
    Reference,
    TimeZone,
    TypeOfField,
)
from cdpweb.services.catalog.entries import count
from cdpweb.services.catalog.project import Country
from cdpweb.web import choices

LONGEST_SELECT = 500
"""A list with more entries is typed instead of chosen from."""

CHOICES_HINT = (
    "For the type choice. One a line: its external ID, then | and its name, or one text for both. "
    "A line taken out removes the choice, if no customer has it."
)


class CheckboxesField(SelectMultipleField):
    """Several choices of a few, each with its box."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class AttributesForm(FlaskForm):
    """A form whose controls are attributes, named as in the catalog file."""

    attributes: tuple[Attribute, ...]

    def entry(self) -> dict[str, Any]:
        """What the person sent, as the catalog file would say it."""
        return {one.name: _sent(one, self[one.name].data) for one in self.attributes}

    def refuse(self, sentences: Mapping[str, str]) -> None:
        """Tie each sentence to its control."""
        for name, sentence in sentences.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]
            else:
                self.form_errors.append(sentence)


def attributes_form(
    session: Session, attributes: Iterable[Attribute], values: Mapping[str, Any], *, posted: bool = True
) -> AttributesForm:
    """A form for these attributes with `values`, as the catalog file says them, and over them what was posted."""
    asked = tuple(attributes)
    controls = {one.name: _control(one, session, values.get(one.name)) for one in asked}
    form_class = type("ThisForm", (AttributesForm,), {**controls, "attributes": asked})
    shown = {one.name: _shown(one, values.get(one.name)) for one in asked}
    form: AttributesForm = form_class(data=shown) if posted else form_class(formdata=None, data=shown)
    return form


def select_choices(options: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Pairs of value and words as a select takes them."""
    return [SelectChoice(value, words) for value, words in options]


# Controls


def _control(attribute: Attribute, session: Session, value: Any) -> Any:
    label, hint = attribute.label, attribute.hint
    match attribute:
        case TimeZone():
            return _select(attribute, [(name, name) for name in choices.time_zones()], value)
        case Country():
            return _select(attribute, choices.countries(), value)
        case Reference():
            return _reference(attribute, session, value)
        case Flag():
            return BooleanField(label, description=hint)
        case TypeOfField():
            return SelectField(
                label, choices=select_choices((one.value, one.value) for one in FieldType), validate_choice=False
            )
        case Channels():
            options = select_choices((channel, channel) for channel in CHANNELS)
            return CheckboxesField(label, choices=options, description=hint, validate_choice=False)
        case Choices():
            return TextAreaField(label, description=CHOICES_HINT, render_kw={"rows": 8})
    return StringField(label, description=hint)


def _reference(attribute: Reference, session: Session, value: Any) -> Any:
    kind = attribute.to()
    if count(session, kind) > LONGEST_SELECT:
        key = "External ID" if kind.key == "external_id" else "System name"
        return StringField(attribute.label, description=f"{key} of {kind.one}. {attribute.hint}".strip())
    return _select(attribute, [(getattr(row, kind.key), row.name) for row in kind.all(session)], value)


def _select(attribute: Attribute, options: list[tuple[str, str]], value: Any) -> SelectField:
    """A select of `options`; the present value is always among them."""
    if value and value not in dict(options):
        options = [*options, (value, value)]
    empty = [("", "Choose…" if attribute.required else getattr(attribute, "nothing", "none"))]
    return SelectField(
        attribute.label, choices=select_choices([*empty, *options]), description=attribute.hint, validate_choice=False
    )


# Values


def _shown(attribute: Attribute, value: Any) -> Any:
    if not isinstance(attribute, Choices):
        return value
    return "\n".join(
        one["external_id"] if one["name"] == one["external_id"] else f"{one['external_id']} | {one['name']}"
        for one in value or ()
    )


def _sent(attribute: Attribute, sent: Any) -> Any:
    return _choices(sent or "") if isinstance(attribute, Choices) else sent


def _choices(text: str) -> list[dict[str, str]]:
    """Lines of a text area as choices."""
    lines = [line.split("|", 1) for line in text.splitlines() if line.strip()]
    return [{"external_id": parts[0].strip(), "name": parts[-1].strip()} for parts in lines]
