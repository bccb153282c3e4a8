"""Every setting in all its origins, through the real services and database (rules 3)."""

import datetime as dt
import io

import pytest
from sqlalchemy import select

from cdpweb import jobs
from cdpweb.domain.settings import NO_ACTION, ImportSettings, Origin, Switch
from cdpweb.extensions import current_config
from cdpweb.models import Action, ActionTemplate, ApiEndpoint, Customer, Project, Segment, SegmentMember, Touchpoint
from cdpweb.services import tasks, uploads
from cdpweb.services.catalog.entries import create
from cdpweb.services.catalog.kinds import ACTION_TEMPLATES, API_ENDPOINTS, SEGMENT_GROUPS, SEGMENTS, TOUCHPOINTS
from cdpweb.services.imports import Launch, create_task
from cdpweb.services.tasks import QueueState

MAY = dt.datetime(2026, 5, 31, 14, 30, tzinfo=dt.UTC)
FILE, FIXED, AUTOMATIC, PROJECT, SHIPPED = (
    Origin.FILE, Origin.FIXED, Origin.AUTOMATIC, Origin.PROJECT, Origin.SHIPPED,
)  # fmt: skip


@pytest.fixture
def base(session):
    """Two endpoints with their touchpoints, three templates, two segment groups, and Old, who is there already."""
    for name in ("web", "store", "fair"):
        create(session, TOUCHPOINTS, {"external_id": name, "name": name})
    create(session, API_ENDPOINTS, {"system_name": "Website", "name": "Website", "touchpoint": "web"})
    create(session, API_ENDPOINTS, {"system_name": "Shop", "name": "Shop", "touchpoint": "store"})
    for name in ("Survey", "Visit", "Call"):
        create(session, ACTION_TEMPLATES, {"system_name": name, "name": name})
    for group in ("Loyalty", "Fair"):
        create(session, SEGMENT_GROUPS, {"system_name": group, "name": group})
        for name in ("Gold", "Silver"):
            create(session, SEGMENTS, {"group": group, "system_name": name, "name": name})
    load(session, "Email\nold@example.com\n")


def load(session, text, project=(), **fixed):
    """Import a file with these fixed settings and project defaults; the settings' lines of its page."""
    for name, value in dict(project).items():
        setattr(session.scalars(select(Project)).one(), name, value)
    upload = uploads.store(session, current_config(), io.BytesIO(text.encode()), "a.csv")
    launch = Launch(upload, ImportSettings(**fixed), turns_switches_on=True, reject_unknown_values=True)
    task = create_task(session, current_config(), launch)
    task_id = task.id
    session.commit()
    jobs.run_task(task_id)
    assert (task.status, task.rejected, task.warnings) == ("finished", 0, 0)
    return {line.label: line for line in tasks.view_of(session, task, QueueState()).settings}


def id_of(session, model, name):
    """The id of an entry by its system name or external ID."""
    column = model.external_id if model is Touchpoint else model.system_name
    return session.scalars(select(model.id).where(column == name)).first()


def last_action(session, email):
    """Endpoint, touchpoint, template and moment of somebody's last action, by their names."""
    customer = session.scalars(select(Customer.id).filter_by(email=email)).one()
    latest = select(Action).filter_by(customer_id=customer).order_by(Action.id.desc())
    action = session.scalars(latest).first()
    return {
        "endpoint": session.get(ApiEndpoint, action.endpoint_id).system_name,
        "touchpoint": session.get(Touchpoint, action.touchpoint_id).external_id,
        "template": session.get(ActionTemplate, action.template_id).system_name,
        "date": action.happened_at,
    }


# What is looked at; column and cell of the file, fixed value, project's default; what a created and what a changed
# customer gets; label and origin on the page of the task, where the file's columns do not hide it.
ORIGINS = [
    ("endpoint", {}, None, None, "cdpweb", "cdpweb", "API endpoint", SHIPPED),
    ("endpoint", {}, None, "Shop", "Shop", "Shop", "API endpoint", PROJECT),
    ("endpoint", {}, "Website", "Shop", "Website", "Website", "API endpoint", FIXED),
    ("endpoint", {"ApiEndpoint": "shop"}, "Website", None, "Shop", "Shop", "API endpoint", FILE),
    ("endpoint", {"ApiEndpoint": ""}, "Website", "Shop", "Website", "Website", "API endpoint", FILE),
    ("touchpoint", {}, None, None, "cdpweb", "cdpweb", "Touchpoint", AUTOMATIC),
    ("touchpoint", {"ApiEndpoint": "Shop"}, None, None, "store", "store", "Touchpoint", AUTOMATIC),
    ("touchpoint", {"ApiEndpoint": "Shop"}, "fair", None, "fair", "fair", "Touchpoint", FIXED),
    ("touchpoint", {"SourcePointOfContact": "web"}, "fair", None, "web", "fair", "Touchpoint", FILE),
    ("touchpoint", {"LastUpdatePointOfContact": "web"}, None, None, "cdpweb", "web", "Touchpoint", FILE),
    ("touchpoint", {"SourcePointOfContact": ""}, "fair", None, "fair", "fair", "Touchpoint", FILE),
    ("source", {}, None, None, "CustomerCreation", "CustomerEdit", "Source action", SHIPPED),
    ("source", {}, None, "Visit", "Visit", "CustomerEdit", "Source action", PROJECT),
    ("source", {}, "Survey", "Visit", "Survey", "CustomerEdit", "Source action", FIXED),
    ("source", {"SourceActionTemplate": "CALL"}, "Survey", None, "Call", "CustomerEdit", "Source action", FILE),
    ("existing", {}, None, "Visit", "CustomerCreation", "Visit", "Action for existing customers", PROJECT),
    ("existing", {}, "Survey", "Visit", "CustomerCreation", "Survey", "Action for existing customers", FIXED),
    (
        "existing", {"LastUpdateActionTemplate": "Call"}, "Survey", None, "CustomerCreation", "Call",
        "Action for existing customers", FILE,
    ),
    ("date", {}, MAY, None, MAY, MAY, "Date of the action", FIXED),
    ("date", {"SourceDateTimeUtc": "2026-01-02"}, MAY, None, dt.datetime(2026, 1, 2, tzinfo=dt.UTC), MAY,
     "Date of the action", FILE),
    ("date", {"LastUpdateDateTime": "2026-01-02 10:00"}, MAY, None, MAY, dt.datetime(2026, 1, 2, 10, tzinfo=dt.UTC),
     "Date of the action", FILE),
]  # fmt: skip
PROJECT_NAMES = ("api_endpoint_id", "source_template_id", "existing_template_id")
FIXED_NAMES = {
    "endpoint": ("api_endpoint_id", ApiEndpoint), "touchpoint": ("touchpoint_id", Touchpoint),
    "source": ("source_template_id", ActionTemplate), "existing": ("existing_template_id", ActionTemplate),
}  # fmt: skip


@pytest.mark.usefixtures("base")
def test_what_a_row_gets_and_from_where(session):
    """rules 3: the row, else the fixed value, else the project's or automatic, else shipped."""
    for number, case in enumerate(ORIGINS):
        assert _what_rows_get(session, number, case) == [*case[4:6], case[6], case[7]], case


def _what_rows_get(session, number, case):
    """What a created and a changed customer got, and the origin that the task's page names."""
    what, cells, fixed, project, _, _, label, origin = case
    header, values = ",".join(["Email", "LastName", *cells]), ",".join(["", *cells.values()])
    rows = [f"new{number}@example.com,New{values}", f"old@example.com,Old{number}{values}"]
    if "" in cells.values():
        # A third row fills the column where the other two are empty, for an empty column would have to be skipped.
        rows.append(f"third{number}@example.com,T,cdpweb")
    chosen, defaults = {"action_date": fixed}, dict.fromkeys(PROJECT_NAMES)
    if what != "date":
        name, model = FIXED_NAMES[what]
        chosen = {name: id_of(session, model, fixed)} if fixed else {}
        defaults |= {name: id_of(session, model, project)} if project else {}
    lines = load(session, "\n".join([header, *rows]), defaults, **chosen)
    key = "template" if what in ("source", "existing") else what
    got = [last_action(session, f"{who}@example.com")[key] for who in (f"new{number}", "old")]
    return [*got, label, origin if lines[label].origin.startswith(origin) else lines[label].origin]


@pytest.mark.usefixtures("base")
def test_the_date_is_when_the_task_runs_where_nothing_else_is_said(session):
    """rules 2.7, 3"""
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    assert load(session, "Email\nnew@example.com\n")["Date of the action"].origin == Origin.TASK
    assert before <= last_action(session, "new@example.com")["date"] <= dt.datetime.now(dt.UTC)


@pytest.mark.usefixtures("base")
def test_none_writes_no_action_for_existing_customers(session):
    """rules 3: the action for existing may be "none"."""
    load(session, "Email,LastName\nold@example.com,Old\n", existing_template_id=NO_ACTION)
    assert last_action(session, "old@example.com")["template"] == "CustomerCreation"


# Columns and cells of the file, fixed segments, where the customer then is.
SEGMENT_ORIGINS = [
    ("", "", (), set()),
    ("", "", ("Loyalty/Gold",), {"Loyalty/Gold"}),
    (",SegmentLoyalty", ",silver", ("Loyalty/Gold",), {"Loyalty/Silver"}),
    (",SegmentLoyalty", ",", ("Loyalty/Gold",), {"Loyalty/Gold"}),
    (",SegmentLoyalty", ",Silver", ("Fair/Gold",), {"Loyalty/Silver", "Fair/Gold"}),
    ("", "", ("Loyalty/Gold", "Fair/Silver"), {"Loyalty/Gold", "Fair/Silver"}),
    (",SegmentationExternalId,SegmentExternalId", ",Fair,Gold", ("Fair/Silver",), {"Fair/Gold"}),
]


@pytest.mark.usefixtures("base")
def test_segments_are_settled_group_by_group(session):
    """rules 3: per group the row, else the fixed one; different groups add up."""
    by_name = {f"{one.group.system_name}/{one.system_name}": one.id for one in session.scalars(select(Segment))}
    names = {number: name for name, number in by_name.items()}
    for number, (columns, cells, fixed, member_of) in enumerate(SEGMENT_ORIGINS):
        filler = f"third{number}@example.com" + columns.replace("SegmentLoyalty", "Gold")
        filler = filler.replace("SegmentationExternalId", "Fair").replace("SegmentExternalId", "Gold")
        text = f"Email{columns}\nnew{number}@example.com{cells}\n{filler}\n"
        load(session, text, segment_ids=tuple(by_name[name] for name in fixed))
        customer = session.scalars(select(Customer.id).filter_by(email=f"new{number}@example.com")).one()
        members = session.scalars(select(SegmentMember.segment_id).filter_by(customer_id=customer))
        assert {names[number] for number in members} == member_of, (columns, cells, fixed)


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("country", "fixed", "project", "phone", "origin"),
    [
        (None, None, "DE", 4930901820, Origin.PROJECT),
        (None, "GB", "DE", None, Origin.FIXED),
        ("de", "GB", None, 4930901820, Origin.FILE),
        ("", "DE", "GB", 4930901820, Origin.FILE),
    ],
)
def test_the_country_of_a_phone(session, country, fixed, project, phone, origin):
    """rules 2.6, 3: the row's, else the import's, else the project's."""
    column, cell = ("", "") if country is None else (",PhoneCountry", f",{country}")
    filler = "\nthird@example.com,,DE" if country == "" else ""
    text = f"Email,MobilePhone{column}\nnew@example.com,{'030 901820' if phone else '020 7946 0958'}{cell}{filler}\n"
    lines = load(session, text, {"phone_country": project}, phone_country=fixed)
    stored = session.scalars(select(Customer.phone).filter_by(email="new@example.com")).one()
    assert stored == (phone or 442079460958)
    assert lines["Phone country"].origin.startswith(origin)


def test_every_switch_has_a_row_in_these_tables():
    """A setting that is added must come here too."""
    covered = {"endpoint", "touchpoint", "source-action", "existing-action", "date", "segment", "phone-country"}
    assert {switch.value for switch in Switch} == covered
