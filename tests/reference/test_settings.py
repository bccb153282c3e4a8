"""Settings of rows, counts and actions (rules 3, 4)."""

import datetime as dt

import pytest

from cdpweb.domain.settings import NO_ACTION

from .bases import NOW, person
from .importers import Importer
from .importing import lines, run
from .test_cells import catalog_with

ANN = person(7, email="a@b.org")


def test_shipped(importer: Importer) -> None:
    """rules 3: where nothing is said, what is shipped: creation and change at the shipped touchpoint, now."""
    result = run(importer, lines("Email,LastName", "n@b.org,N", "a@b.org,A"), ANN)
    assert result.who(1).source == (1, 1, 1)
    for record, template in ((1, 1), (2, 2)):
        (action,) = result.who(record).actions
        assert (action.template_id, action.touchpoint_id, action.endpoint_id) == (template, 1, 1)
        assert (action.happened_at, action.record) == (NOW, record)


def test_origins(importer: Importer) -> None:
    """rules 3: the row, else the fixed value, else the project's; the touchpoint follows the row's own endpoint."""
    header = "Email,LastName,ApiEndpoint,SourcePointOfContact,LastUpdatePointOfContact"
    rows = [
        "n@b.org,N,website,store,web",
        "m@b.org,N,WebSite,,web",
        "k@b.org,N,,,",
        "a@b.org,A,website,store,",
        "a@b.org,B,,web,store",
    ]
    result = run(importer, lines(header, *rows), ANN)
    made = [result.who(record).actions[0] for record in (1, 2, 3)] + result.who(4).actions
    assert [(one.endpoint_id, one.touchpoint_id) for one in made] == [(2, 3), (2, 2), (1, 1), (2, 2), (1, 3)]
    project = catalog_with(api_endpoint_id=2, source_template_id=3, existing_template_id=4)
    result = run(importer, lines(header, *rows[2:]), ANN, catalog=project)
    assert result.who(1).source == (2, 2, 3)
    fixed = run(
        importer,
        lines(header, *rows[2:]),
        ANN,
        catalog=project,
        touchpoint_id=3,
        api_endpoint_id=1,
        source_template_id=4,
    )
    assert fixed.who(1).source == (1, 3, 4)
    assert fixed.who(2).actions[0].touchpoint_id == 3


def test_templates_and_dates(importer: Importer) -> None:
    """rules 3: a created row reads the Source columns, a changed row the LastUpdate ones."""
    header = "Email,LastName,SourceActionTemplate,LastUpdateActionTemplate,SourceDateTime,LastUpdateDateTimeUtc"
    rows = [
        "n@b.org,N,Survey,Visit,2026-05-01 10:00,2026-04-01 10:00",
        "n@b.org,M,Survey,visit,2026-05-01 10:00,2026-04-01 10:00",
        "n@b.org,O,Survey,,2026-05-01,",
    ]
    fixed = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    result = run(importer, lines(header, *rows), catalog=catalog_with(time_zone="Europe/Berlin"), action_date=fixed)
    assert [(one.template_id, one.happened_at) for one in result.who(1).actions] == [
        (3, dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)), (4, dt.datetime(2026, 4, 1, 10, tzinfo=dt.UTC)), (2, fixed),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [("1899-12-31", "rejected"), ("2026-06-15 12:04", "updated"), ("2026-06-15 12:06", "rejected"), ("x", "rejected")],
)
def test_impossible_action_dates(importer: Importer, cell: str, outcome: str) -> None:
    """rules 2.7, 2.3: before 1900 or more than five minutes ahead; judged also where the row would not read it."""
    for name in ("SourceDateTimeUtc", "LastUpdateDateTimeUtc"):
        result = run(importer, lines(f"Email,LastName,{name}", f"a@b.org,A,{cell}"), ANN)
        assert result.outcomes == [outcome]
        assert result.codes == (["unknown_setting_value"] if outcome == "rejected" else [])


def test_replacements(importer: Importer) -> None:
    """rules 3: an unknown value that a person has mapped is what stands for it."""
    content = lines("Email,SegmentLoyalty,ApiEndpoint", "n@b.org,gelb,", "m@b.org, gelb ,laden", "k@b.org,gold,")
    replaced = {"SegmentLoyalty": {"gelb": "Gold"}, "ApiEndpoint": {"laden": "website"}}
    result = run(importer, content, replacements=replaced)
    assert [result.who(record).fields["SegmentLoyalty"] for record in (1, 2, 3)] == ["Gold"] * 3
    assert result.who(2).source == (2, 2, 1)


# Segments


def test_segments(importer: Importer) -> None:
    """rules 3: per group; by system name or external ID; the fixed one serves empty cells; groups add up."""
    ann = person(7, email="a@b.org", SegmentLoyalty="Gold")
    rows = ["a@b.org,s", "a@b.org,SILVER", "a@b.org,", "a@b.org,%CLEAR%", "n@b.org,%CLEAR%", "m@b.org,"]
    result = run(importer, lines("Email,SegmentLoyalty", *rows), ann, segment_ids=(1, 3))
    assert result.outcomes == ["updated", "unchanged", "updated", "updated", "created", "created"]
    assert [change.fields for change in result.who(1).changes] == [
        {"SegmentLoyalty": ("Gold", "Silver"), "SegmentOrigin": (None, "Fair")},
        {"SegmentLoyalty": ("Silver", "Gold")},
        {"SegmentLoyalty": ("Gold", None)},
    ]
    assert result.who(5).fields == {"SegmentOrigin": "Fair"}
    assert result.who(6).fields == {"SegmentOrigin": "Fair", "SegmentLoyalty": "Gold"}


def test_segment_of_another_group(importer: Importer) -> None:
    """rules 3: a segment is one of its column's own group."""
    result = run(importer, lines("Email,SegmentLoyalty", "n@b.org,Fair", "m@b.org,G", "k@b.org,g"))
    assert result.outcomes == ["rejected", "rejected", "created"]


def test_the_pair(importer: Importer) -> None:
    """rules 3: SegmentationExternalId and SegmentExternalId go together; the group's own column wins."""
    header = "Email,SegmentationExternalId,SegmentExternalId,SegmentOrigin"
    rows = [
        "1@b.org,loy,g,",
        "2@b.org,Loyalty,Silver,Shop",
        "3@b.org,ori,f,Shop",
        "4@b.org,,g,",
        "5@b.org,loy,,",
        "6@b.org,nope,g,",
        "7@b.org,loy,f,",
        "8@b.org,%CLEAR%,g,",
        "1@b.org,loy,%CLEAR%,",
        "9@b.org,,%CLEAR%,",
    ]
    result = run(importer, lines(header, *rows))
    made = {row.record: result.who(row.record).fields for row in result.rows if row.customer}
    assert made == {
        1: {}, 2: {"SegmentLoyalty": "Silver", "SegmentOrigin": "Shop"}, 3: {"SegmentOrigin": "Shop"}, 5: {}, 9: {},
    }  # fmt: skip
    assert [(one.record, one.column, one.code) for one in result.problems] == [
        (4, "SegmentExternalId", "unknown_setting_value"),
        (6, "SegmentationExternalId", "unknown_setting_value"),
        (7, "SegmentExternalId", "unknown_setting_value"),
        (8, "SegmentationExternalId", "unknown_setting_value"),
        (10, "SegmentExternalId", "unknown_setting_value"),
    ]


def test_half_a_pair(importer: Importer) -> None:
    """rules 2.3, 3: either column of the pair is judged where the other one is skipped, or says nothing readable."""
    groups = run(importer, lines("Email,SegmentationExternalId", "a@b.org,nope", "b@b.org,loy"))
    assert (groups.outcomes, groups.codes) == (["rejected", "created"], ["unknown_setting_value"])
    segments = run(importer, lines("Email,SegmentExternalId", "a@b.org,g", "b@b.org,", "c@b.org,%CLEAR%"))
    assert segments.outcomes == ["rejected", "created", "rejected"]
    both = lines("Email,SegmentationExternalId,SegmentExternalId", "a@b.org,l\0y,g", "b@b.org,loy,g\0")
    assert [(one.column, one.code) for one in run(importer, both).problems] == [
        ("SegmentationExternalId", "unknown_setting_value"), ("SegmentExternalId", "unknown_setting_value"),
    ]  # fmt: skip


# Counts and actions


def test_unchanged(importer: Importer) -> None:
    """rules 4: matched, changed none: no action, no change record; switched on, an action, still unchanged."""
    ann = person(7, email="a@b.org", LastName="A", consents={"IsSubscribed": (True, NOW)})
    content = lines("Email,LastName,IsSubscribed", "A@B.org, A ,yes")
    result = run(importer, content, ann)
    assert (result.outcomes, result.who(1).actions, result.who(1).changes) == (["unchanged"], [], [])
    surveyed = run(importer, content, ann, action_for_unchanged=True)
    assert (surveyed.outcomes, surveyed.who(1).changes) == (["unchanged"], [])
    assert [one.template_id for one in surveyed.who(1).actions] == [2]


def test_no_action_for_existing(importer: Importer) -> None:
    """rules 3: the action for existing customers may be none; the change is recorded all the same."""
    result = run(importer, lines("Email,LastName", "a@b.org,A", "n@b.org,N"), ANN, existing_template_id=NO_ACTION)
    assert (result.outcomes, result.who(1).actions) == (["updated", "created"], [])
    assert len(result.who(1).changes) == len(result.who(2).actions) == 1


def test_counts(importer: Importer) -> None:
    """rules 4: one action per created or updated row; rows are counted, the customers shown beside."""
    rows = ["n@b.org,N", "n@b.org,M", "a@b.org,A", "a@b.org,A", ",", "x,X"]
    result = run(importer, lines("Email,LastName", *rows), ANN)
    assert result.report.counts == {
        "created": 1, "updated": 2, "unchanged": 1, "rejected": 1, "blank": 1, "rows_read": 6,
    }  # fmt: skip
    assert (result.report.customers, result.report.warnings) == (2, 1)
    assert [one.record for one in result.who(1).actions] == [1, 2]
    assert [one.record for one in result.who(1).changes] == [2]
    assert result.who(1).created_record == 1


def test_empty_columns_are_skipped(importer: Importer) -> None:
    """rules 1.5: a column without any value is skipped, so that its empty cells erase nothing."""
    ann = person(7, email="a@b.org", LastName="A", FirstName="B")
    result = run(importer, lines("Email,LastName,FirstName", "a@b.org,, ", "n@b.org,,N"), ann, empty_cells="erase")
    assert result.who(1).fields == {"LastName": "A"}
