"""The file template imports cleanly as it is, whatever the base holds (product 2)."""

import csv
import io

import pytest

from cdpweb import queueing
from cdpweb.domain.fields import Kind, fields
from cdpweb.domain.file_template import template_csv
from cdpweb.extensions import current_config
from cdpweb.models.snapshot import snapshot
from cdpweb.services import uploads
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import AREAS, CUSTOM_FIELDS, EXTERNAL_SYSTEMS, SEGMENT_GROUPS, TOPICS
from cdpweb.services.imports import Launch, create_task, survey
from cdpweb.services.problems import groups


def fill(session):
    """A base with something of every kind, some of it awkward."""
    for system in ("Crm", "Shop"):
        create(session, EXTERNAL_SYSTEMS, {"system_name": system, "name": system})
    create(session, TOPICS, {"system_name": "News", "name": "News", "channels": ["Email", "Sms"]})
    create(session, AREAS, {"external_id": "=nyc", "name": "New York, NY"})
    create(session, SEGMENT_GROUPS, {"system_name": "Loyalty", "name": "Loyalty"})
    for type_ in ("text", "integer", "decimal", "boolean", "date", "date-time", "choice"):
        for multiple in (False, True):
            name = f"{type_.replace('-', '')}{'Many' if multiple else ''}"
            entry = {"system_name": name, "name": name, "type": type_, "multiple": multiple}
            choices = {"choices": [{"external_id": "+a, b", "name": "A"}, {"external_id": "c", "name": "C"}]}
            create(session, CUSTOM_FIELDS, entry | (choices if type_ == "choice" else {}))
    create(session, CUSTOM_FIELDS, {"system_name": "Empty", "name": "Empty", "type": "choice"})


@pytest.mark.parametrize("fill", [lambda _session: None, fill], ids=["new", "full"])
def test_the_template_imports_cleanly_twice(session, drain, fill):
    """product 2; rules 8.2: guarded cells are read back."""
    fill(session)
    text = template_csv(snapshot(session)).encode("utf-8-sig")
    outcomes = []
    for _ in range(2):
        upload = uploads.store(session, current_config(), io.BytesIO(text), "template.csv")
        assert survey(session, current_config(), upload).findings == ()
        task = create_task(session, current_config(), Launch(upload))
        session.commit()
        queueing.ring(task.id)
        drain()
        session.refresh(task)
        assert task.questions is None
        assert (task.status, groups(session, task.id)) == ("finished", [])
        outcomes.append((task.created, task.updated, task.unchanged))
    assert outcomes == [(2, 0, 0), (0, 0, 2)]


def test_the_template_has_this_base_s_columns(session):
    fill(session)
    catalog = snapshot(session)
    header, *rows = csv.reader(io.StringIO(template_csv(catalog)))
    assert all(len(row) == len(header) for row in rows)
    reference = fields(catalog)
    left_out = {name for name in reference if name not in header}
    assert {name for name in left_out if reference[name].kind is Kind.CUSTOM} == {"CustomFieldEmpty"}
    assert {"ExternalIdentityCrm", "ExternalIdentityShop", "IsSubscribedByEmailOnNews", "Area"} <= set(header)
    assert not any(reference[name].kind is Kind.SETTING for name in header)
    assert "%" not in template_csv(catalog)
