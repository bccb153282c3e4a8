"""Taking single choices out of a custom field."""

from sqlalchemy.orm import Session

from cdpweb.models import Choice, CustomField
from cdpweb.services.catalog.references import references
from cdpweb.services.refused import Refused


def remove_choices(session: Session, field: CustomField, external_ids: set[str]) -> None:
    """Remove the choices with these external IDs; Refused where a customer has one of them."""
    for choice in [one for one in field.choices if one.external_id in external_ids]:
        _refuse_used(session, choice)
        field.choices.remove(choice)
        session.delete(choice)
    session.flush()


def _refuse_used(session: Session, choice: Choice) -> None:
    if reasons := references(session, choice):
        raise Refused({"choices": f"The choice “{choice.name}” cannot be removed: {'; '.join(reasons)}."})
