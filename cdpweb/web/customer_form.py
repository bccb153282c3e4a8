"""The form in which a customer is edited by hand: one control for each of this base's fields."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField
from wtforms.widgets import DateInput, EmailInput, TelInput

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import SEGMENT_PREFIX, Field, Kind, Type
from cdpweb.services.customers.editing import editable
from cdpweb.services.customers.words import Words
from cdpweb.web import choices
from cdpweb.web.catalog_form import select_choices

LONGEST_SELECT = 500
"""A list with more entries is typed instead of chosen from."""

SECTIONS = (
    ("Identifiers", (Kind.IDENTIFIER,)),
    ("Profile", (Kind.PROFILE, Kind.CONFIRMATION)),
    ("Custom fields", (Kind.CUSTOM,)),
    ("Segments", (Kind.SETTING,)),
    ("Subscriptions", (Kind.CONSENT,)),
)

Options = list[tuple[str, str]]


class CustomerForm(FlaskForm):
    """What all these forms have; the controls are added for the catalog at hand."""

    before = HiddenField()

    reference: Mapping[str, Field]

    def given(self) -> dict[str, str]:
        """What the person sent, by column."""
        return {name: self[name].data or "" for name in self.reference if name in request.form}

    def seen(self) -> dict[str, str]:
        """What the person saw when the form was opened."""
        try:
            seen = json.loads(self.before.data or "{}")
        except ValueError:
            seen = {}
        return {str(name): str(text) for name, text in seen.items()} if isinstance(seen, dict) else {}

    def refuse(self, sentences: Mapping[str, str]) -> None:
        """Tie each sentence to its control."""
        for name, sentence in sentences.items():
            if name in self:
                self[name].errors = [*self[name].errors, sentence]
            else:
                self.form_errors.append(sentence)

    def sections(self) -> list[tuple[str, list[Any]]]:
        """The controls by sections, those without a control left out."""
        listed = [
            (title, [self[name] for name, field in self.reference.items() if field.kind in kinds])
            for title, kinds in SECTIONS
        ]
        return [(title, controls) for title, controls in listed if controls]


def customer_form(catalog: Catalog, texts: Mapping[str, str]) -> CustomerForm:
    """The form for a customer who has `texts`; a posted one keeps what was posted."""
    words, reference = Words(catalog), editable(catalog)
    controls = {name: _control(words, field, texts.get(name, "")) for name, field in reference.items()}
    form_class = type("ThisCustomerForm", (CustomerForm,), {**controls, "reference": reference})
    form: CustomerForm = form_class(data={**texts, "before": json.dumps(dict(texts))})
    return form


def _control(words: Words, field: Field, text: str) -> Any:
    label, options = words.label(field.name), _options(words, field, text)
    if options is not None:
        return SelectField(label, choices=select_choices(options), validate_choice=False)
    widgets = {Type.EMAIL: EmailInput, Type.PHONE: TelInput, Type.BIRTH_DATE: DateInput, Type.DATE: DateInput}
    is_multiple = field.custom is not None and field.custom.multiple
    widget = None if is_multiple or field.type not in widgets else widgets[field.type]()
    return StringField(label, description=_hint(field), widget=widget)


def _hint(field: Field) -> str:
    plain = field.type in (Type.NAME, Type.EMAIL, Type.BIRTH_DATE, Type.EXTERNAL_ID) or (
        field.type in (Type.TEXT, Type.DATE) and not (field.custom and field.custom.multiple)
    )
    return "" if plain else f"{field.format[:1].upper()}{field.format[1:]}."


def _options(words: Words, field: Field, text: str) -> Options | None:
    """What a select offers, the present value always; None for a control to type into."""
    if field.kind is Kind.CONSENT:
        return [*([] if text else [("", "nothing said")]), ("true", "opted in"), ("false", "opted out")]
    if field.kind is Kind.CONFIRMATION:
        return [*([] if text else [("", "not said")]), ("true", "yes"), ("false", "no")]
    if field.custom and field.custom.multiple:
        return None
    offered = _offered(words, field)
    if offered is None or len(offered) > LONGEST_SELECT + len(choices.time_zones()):
        return None
    return _with_present([("", "—"), *offered], text)


def _offered(words: Words, field: Field) -> Options | None:
    match field.type:
        case Type.BOOLEAN:
            return [("true", "yes"), ("false", "no")]
        case Type.SEX:
            return [("female", "female"), ("male", "male")]
        case Type.AREA:
            return [(one.external_id, one.name) for one in words.catalog.areas]
        case Type.TIME_ZONE:
            return [(name, name) for name in choices.time_zones()]
        case Type.SEGMENT:
            group = words.catalog.segment_group(field.name.removeprefix(SEGMENT_PREFIX))
            return [(one.system_name, one.name) for one in group.segments] if group else None
        case Type.CHOICE if field.custom and not field.custom.create_missing:
            return [(one.external_id, one.name) for one in field.custom.choices]
    return None


def _with_present(options: Iterable[tuple[str, str]], text: str) -> Options:
    listed = list(options)
    return listed if text in dict(listed) else [*listed, (text, text)]
