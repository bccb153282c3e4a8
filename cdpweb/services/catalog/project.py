"""The project's defaults (rules §3) and its junk list (rules §2.11)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from cdpweb.domain import countries, emails
from cdpweb.models import ActionTemplate, ApiEndpoint, Project
from cdpweb.models.shipped import PROJECT_ID
from cdpweb.services.catalog.attributes import Attribute, Invalid, Reference, Scope, Text, TimeZone
from cdpweb.services.catalog.kinds import ACTION_TEMPLATES, API_ENDPOINTS
from cdpweb.services.refused import Refused

_PHONE = re.compile(r"\+[0-9]{4,15}")
_PHONE_SEPARATORS = re.compile(r"[\s().\-/]")


class Country(Text):
    """A country as two letters."""

    def parse(self, given: Any) -> str | None:
        """ISO 3166 alpha-2; `UK` is `GB` (rules §2.6)."""
        text = super().parse(given)
        if not text:
            return None
        code: str | None = countries.parse(pl.Series([text], dtype=pl.String)).values[0]
        if code is None:
            raise Invalid(f"“{text}” is not a country. Use two letters such as DE or US.")
        return code


AS_SHIPPED = "as shipped with cdpweb"

ATTRIBUTES: tuple[Attribute, ...] = (
    TimeZone("time_zone", "Time zone", "Dates in files and on pages are in it unless they say otherwise."),
    Country("phone_country", "Phone country", "The country of phones written without a country code.", required=False),
    Reference("api_endpoint", "API endpoint", required=False, to=lambda: API_ENDPOINTS,
              nothing=AS_SHIPPED),
    Reference("source_template", "Source action", "For customers that an import creates.", required=False,
              to=lambda: ACTION_TEMPLATES, nothing=AS_SHIPPED),
    Reference("existing_template", "Action for existing customers", "For customers that an import changes.",
              required=False, to=lambda: ACTION_TEMPLATES, nothing=AS_SHIPPED),
)  # fmt: skip
_STORED_AS_ID = {
    "api_endpoint": "api_endpoint_id",
    "source_template": "source_template_id",
    "existing_template": "existing_template_id",
}


def project_of(session: Session) -> Project:
    """The one row of project defaults."""
    return session.get_one(Project, PROJECT_ID)


def defaults(session: Session) -> dict[str, Any]:
    """The defaults as `edit_project` takes them; None for "as shipped"."""
    project = project_of(session)
    templates = {one.id: one.system_name for one in session.scalars(select(ActionTemplate))}
    endpoint = session.get(ApiEndpoint, project.api_endpoint_id) if project.api_endpoint_id else None
    return {
        "time_zone": project.time_zone,
        "phone_country": project.phone_country,
        "api_endpoint": endpoint and endpoint.system_name,
        "source_template": templates.get(project.source_template_id or 0),
        "existing_template": templates.get(project.existing_template_id or 0),
    }


def edit_project(session: Session, given: Mapping[str, Any]) -> None:
    """Change the defaults that `given` names; references by system name, empty for "as shipped". Raises Refused."""
    project = project_of(session)
    sentences = {}
    for attribute in ATTRIBUTES:
        if attribute.name not in given:
            continue
        try:
            value = attribute.read(given[attribute.name], Scope(session, project))
        except Invalid as error:
            sentences[attribute.name] = str(error)
            continue
        stored = _STORED_AS_ID.get(attribute.name)
        setattr(project, stored or attribute.name, (value and value.id) if stored else value)
    if sentences:
        raise Refused(sentences)
    session.flush()


def edit_junk(session: Session, lines: Iterable[str]) -> None:
    """Replace the junk list; raises Refused (key `junk`) naming the first line that is no contact."""
    contacts = [_contact(line.strip(), number) for number, line in enumerate(lines, 1) if line.strip()]
    project_of(session).junk = sorted(set(contacts))
    session.flush()


def _contact(line: str, number: int) -> str:
    """An email as imports store it, or a phone as + and digits."""
    phone = _PHONE_SEPARATORS.sub("", line)
    if _PHONE.fullmatch(phone):
        return phone
    email: str | None = emails.parse(pl.Series([line], dtype=pl.String)).values[0]
    if email is None:
        raise Refused({"junk": f"Line {number}, “{line[:200]}”, is neither an email address nor + and a phone number."})
    return email
