"""The file template: a CSV with this base's columns and example rows that import cleanly (product §2)."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import EMAIL, FIRST_NAME, LAST_NAME, PHONE, Field, Kind, Type, fields
from cdpweb.domain.formulas import guard_text

# Two customers must not share an identifier; everything else may be the same.
_SECOND_PERSON = {
    EMAIL: "ben.jones@example.com",
    PHONE: "+12025550144",
    FIRST_NAME: "Ben",
    LAST_NAME: "Jones",
    "Sex": "male",
}


def template_csv(catalog: Catalog) -> str:
    """The template's text: a header and two rows, comma-separated, lines ended by CR LF (RFC 4180).

    Dangerous cells are guarded (rules §8.2): an area's external ID may be anything.
    """
    columns = list(template_columns(catalog).values())
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.name for column in columns)
    writer.writerow(guard_text(column.example) for column in columns)
    writer.writerow(guard_text(_second(column)) for column in columns)
    return text.getvalue()


def template_columns(catalog: Catalog) -> Mapping[str, Field]:
    """The columns that the template has: those with an example, the settings aside, for their switches are off."""
    fitting = {name: _with_stored_example(field, catalog) for name, field in fields(catalog).items()}
    return {name: field for name, field in fitting.items() if field.example and field.kind is not Kind.SETTING}


def _with_stored_example(field: Field, catalog: Catalog) -> Field:
    """Columns that name something of the catalog show what is there."""
    if field.type is Type.AREA and catalog.areas:
        return replace(field, example=catalog.areas[0].external_id)
    return field


def _second(column: Field) -> str:
    if column.type is Type.EXTERNAL_ID:
        return "A-1002"
    return _SECOND_PERSON.get(column.name, column.example)
