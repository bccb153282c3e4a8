"""Whether the settings of an import can be: a sentence for each form field that cannot (rules §2.6, §2.7, §3)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.countries import COUNTRIES
from cdpweb.domain.fields import CUSTOMER_ID, FULL_NAME, NAME_PARTS, Field, Kind, fields
from cdpweb.domain.settings import NO_ACTION, ImportSettings
from cdpweb.models.types import now

EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
FUTURE_MINUTES = 5
_WITH_MODE = {Kind.IDENTIFIER, Kind.PROFILE, Kind.CONFIRMATION, Kind.CUSTOM}

Refusal = tuple[str, str]


def settings_refusals(settings: ImportSettings, catalog: Catalog) -> dict[str, str]:
    """Sentences by form field; none where an import can run with these settings."""
    return dict([*_gone(settings, catalog), *_segments(settings, catalog), *_date(settings), *_country(settings),
                 *_modes(settings, catalog)])  # fmt: skip


def fields_with_mode(mapped: Iterable[str], reference: Mapping[str, Field]) -> list[Field]:
    """The fields that a file with these columns may be kept from overwriting (rules §2.2).

    A full name writes its parts, and their modes hold for it.
    """
    written = [part for name in mapped for part in (NAME_PARTS if name == FULL_NAME else (name,))]
    known = (reference[name] for name in dict.fromkeys(written) if name in reference)
    return [one for one in known if has_write_mode(one)]


def has_write_mode(field: Field) -> bool:
    """Whether "overwrite, fill only if empty, never" can be said of a field (rules §2.2)."""
    return field.kind in _WITH_MODE and field.name not in (CUSTOMER_ID, FULL_NAME)


def _gone(settings: ImportSettings, catalog: Catalog) -> Iterator[Refusal]:
    """What was chosen and has been deleted since the form was shown."""
    templates = {NO_ACTION, *(one.id for one in catalog.action_templates)}
    chosen: list[tuple[str, str, int | None, Iterable[int]]] = [
        ("endpoint", "API endpoint", settings.api_endpoint_id, (one.id for one in catalog.api_endpoints)),
        ("touchpoint", "touchpoint", settings.touchpoint_id, (one.id for one in catalog.touchpoints)),
        ("source_action", "action template", settings.source_template_id, templates - {NO_ACTION}),
        ("existing_action", "action template", settings.existing_template_id, templates),
    ]
    for field, what, id_, known in chosen:
        if id_ is not None and id_ not in set(known):
            yield field, f"The {what} does not exist any more. Choose another one."


def _segments(settings: ImportSettings, catalog: Catalog) -> Iterator[Refusal]:
    """At most one segment of a group (rules §3)."""
    segments = [catalog.segment(id_) for id_ in settings.segment_ids]
    if None in segments:
        yield "segment", "The segment does not exist any more. Choose another one."
    groups = {group.id: group for group in catalog.segment_groups}
    for group_id, number in Counter(one.group_id for one in segments if one).items():
        if number > 1:
            yield (
                "segment",
                (
                    f"{number} segments of the group “{groups[group_id].name}” are chosen, "
                    "and a customer is in at most one of them. Choose one."
                ),
            )


def _date(settings: ImportSettings) -> Iterator[Refusal]:
    date = settings.action_date
    if date and date < EARLIEST:
        yield "action_date", "The date of the action lies before 1900. Correct it."
    elif date and date > now() + dt.timedelta(minutes=FUTURE_MINUTES):
        yield "action_date", f"The date of the action, {date:%Y-%m-%d %H:%M %Z}, lies in the future. Correct it."


def _country(settings: ImportSettings) -> Iterator[Refusal]:
    country = settings.phone_country
    if country and country not in COUNTRIES:
        yield "phone_country", f"“{country}” is no country. Give its two letters (ISO 3166), such as DE or US."


def _modes(settings: ImportSettings, catalog: Catalog) -> Iterator[Refusal]:
    reference = fields(catalog)
    wrong = [name for name in settings.write_modes if name not in reference or not has_write_mode(reference[name])]
    if wrong:
        yield (
            "write_modes",
            (
                f"“{wrong[0]}” is no field of a customer that an import overwrites or leaves alone. "
                "Name a column such as FirstName."
            ),
        )
