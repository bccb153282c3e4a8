"""Headers and what they fill (rules 1.5, 3, 5.6)."""

import pytest

from cdpweb.domain.catalog import Catalog, CustomField, ExternalSystem, Project, Segment, SegmentGroup, Shipped
from cdpweb.domain.fields import fields
from cdpweb.domain.mapping import SKIP, How, findings, map_header, proposals, required_columns
from cdpweb.domain.settings import Switch
from cdpweb.domain.tasks import TaskKind

CATALOG = Catalog(
    shipped=Shipped(1, 1, 1, 2),
    project=Project(),
    external_systems=(ExternalSystem(1, "Crm", "CRM"),),
    custom_fields=(CustomField("SummerSports", "Summer sports"),),
    segment_groups=(SegmentGroup(1, "Loyalty", "Loyalty level", segments=(Segment(1, 1, "Gold", "Gold"),)),),
)
REFERENCE = fields(CATALOG)


def layout_of(*header, **options):
    return map_header(header, REFERENCE, **options)


def codes(layout, task=TaskKind.IMPORT, from_file=None):
    """The codes of all findings, with the switches that the header turns on unless others are given."""
    return [one.code for one in findings(layout, task, layout.switches if from_file is None else from_file)]


@pytest.mark.parametrize("header", ["Email", "email", "E-mail", "e_mail", " EMAIL ", "E mail", "e\u00a0mail"])
def test_headers_match_ignoring_case_spaces_underscores_and_hyphens(header):
    """rules 1.5"""
    [column] = layout_of(header).columns
    assert (column.how, column.field) == (How.KNOWN, "Email")


@pytest.mark.parametrize("header", ["CustomerId", "MaestraID", "mindbox_id"])
def test_our_own_id_goes_by_three_names(header):
    """rules 1.5"""
    assert layout_of(header).fields == ("CustomerId",)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Mail address", "Email"),
        ("phone number", "MobilePhone"),
        ("Surname", "LastName"),
        ("Summer sports", "CustomFieldSummerSports"),
        ("Loyalty level", "SegmentLoyalty"),
        ("CRM ID", "ExternalIdentityCrm"),
        ("Firstname of customer", "FirstName"),
        ("BirthDat", "BirthDate"),
    ],
)
def test_synonyms_and_near_misses_are_proposed_never_taken(header, field):
    """rules 1.5"""
    [column] = layout_of(header).columns
    assert (column.how, column.field) == (How.IRRELEVANT, None)
    assert column.proposals[0] == field


def test_what_means_nothing_is_irrelevant_without_a_proposal():
    assert proposals("Warehouse 7", REFERENCE.values()) == ()


def test_a_field_that_is_filled_already_is_not_proposed():
    layout = layout_of("Email", "Mail address")
    assert "Email" not in layout.columns[1].proposals


def test_a_decision_beats_the_name_of_the_header():
    layout = layout_of("Email", "Mail 2", "Notes", decisions={0: SKIP, 1: "Email", 2: SKIP})
    assert layout.fields == (None, "Email", None)
    assert [column.how for column in layout.columns] == [How.SKIPPED, How.CHOSEN, How.SKIPPED]


def test_one_act_skips_all_that_fills_nothing():
    """rules 1.5"""
    layout = layout_of("Email", "Notes", "Sales rep", skip_unknown=True)
    assert layout.fields == ("Email", None, None)
    assert codes(layout) == []


def test_nameless_columns_are_dropped_over_nothing_and_irrelevant_over_values():
    """rules 1.4"""
    layout = layout_of("Email", "", " ", filled={2})
    assert [column.how for column in layout.columns] == [How.KNOWN, How.NAMELESS, How.IRRELEVANT]
    assert findings(layout, TaskKind.IMPORT, frozenset())[0].sentence.startswith("Column 3 fills nothing")


def test_irrelevant_columns_wait_for_the_person():
    """rules 1.5"""
    layout = layout_of("Email", "Notes")
    [finding] = findings(layout, TaskKind.IMPORT, frozenset())
    assert (finding.code, finding.positions) == ("irrelevant_column", (1,))
    assert "“Notes”" in finding.sentence


def test_a_file_without_an_identifier_column_is_refused():
    """rules 1.5"""
    [finding] = findings(layout_of("FirstName", "LastName"), TaskKind.IMPORT, frozenset())
    assert finding.code == "no_identifier_column"
    assert "Email, MobilePhone, ExternalIdentityCrm or CustomerId" in finding.sentence


@pytest.mark.parametrize(
    "header",
    [
        ("Email", "e-mail"),
        ("Email", "MaestraID", "MindboxId"),
        ("Email", "SourceDateTime", "SourceDateTimeUtc"),
        ("Email", "LastUpdateDateTimeUtc", "LastUpdateDateTime"),
    ],
)
def test_two_columns_that_fill_one_field_are_refused(header):
    """rules 1.5"""
    layout = layout_of(*header)
    [finding] = findings(layout, TaskKind.IMPORT, layout.switches)
    assert (finding.code, len(finding.positions)) == ("duplicate_column", 2)


def test_a_duplicate_goes_when_all_but_one_are_skipped():
    assert codes(layout_of("Email", "E-mail", decisions={1: SKIP})) == []


def test_a_decision_for_a_field_that_is_gone_is_refused():
    layout = layout_of("Email", "Fax", decisions={1: "CustomFieldFax"})
    assert codes(layout, from_file=frozenset()) == ["unknown_field"]


def test_customer_ids_have_no_place_in_add():
    """rules 5.6"""
    layout = layout_of("Email", "CustomerId")
    assert codes(layout, TaskKind.ADD) == ["customer_id_in_add"]
    assert codes(layout, TaskKind.IMPORT) == codes(layout, TaskKind.EDIT) == []


@pytest.mark.parametrize("header", ["SegmentationExternalId", "SegmentExternalId"])
def test_half_of_the_segment_pair_is_refused(header):
    """product 3"""
    assert codes(layout_of("Email", header)) == ["missing_column"]


def test_the_whole_segment_pair_is_fine():
    assert codes(layout_of("Email", "SegmentationExternalId", "SegmentExternalId")) == []


def test_a_mapped_settings_column_turns_its_switch_on():
    """rules 3"""
    layout = layout_of("Email", "ApiEndpoint", "PhoneCountry", "SegmentLoyalty")
    assert layout.switches == {Switch.API_ENDPOINT, Switch.PHONE_COUNTRY, Switch.SEGMENT}


def test_a_settings_column_whose_switch_is_off_must_be_skipped():
    """rules 3"""
    assert codes(layout_of("Email", "ApiEndpoint"), from_file=frozenset()) == ["switched_off_column"]
    assert codes(layout_of("Email", "ApiEndpoint", decisions={1: SKIP}), from_file=frozenset()) == []


@pytest.mark.parametrize(
    ("switch", "task", "columns"),
    [
        (Switch.API_ENDPOINT, TaskKind.ADD, ["ApiEndpoint"]),
        (Switch.TOUCHPOINT, TaskKind.ADD, ["SourcePointOfContact"]),
        (Switch.TOUCHPOINT, TaskKind.EDIT, ["LastUpdatePointOfContact"]),
        (Switch.TOUCHPOINT, TaskKind.IMPORT, ["SourcePointOfContact", "LastUpdatePointOfContact"]),
        (Switch.DATE, TaskKind.ADD, ["SourceDateTime", "SourceDateTimeUtc"]),
        (Switch.DATE, TaskKind.EDIT, ["LastUpdateDateTime", "LastUpdateDateTimeUtc"]),
        (Switch.SOURCE_ACTION, TaskKind.ADD, ["SourceActionTemplate"]),
        (Switch.SOURCE_ACTION, TaskKind.EDIT, ["LastUpdateActionTemplate"]),
        (Switch.SOURCE_ACTION, TaskKind.IMPORT, ["SourceActionTemplate"]),
        (Switch.EXISTING_ACTION, TaskKind.ADD, ["SourceActionTemplate"]),
        (Switch.EXISTING_ACTION, TaskKind.IMPORT, ["LastUpdateActionTemplate"]),
        (Switch.SEGMENT, TaskKind.EDIT, ["SegmentLoyalty", "SegmentationExternalId", "SegmentExternalId"]),
        (Switch.PHONE_COUNTRY, TaskKind.ADD, ["PhoneCountry"]),
    ],
)
def test_a_switch_requires_its_columns(switch, task, columns):
    """rules 3"""
    assert required_columns(switch, task, REFERENCE) == columns
    assert codes(layout_of("Email"), task, frozenset({switch})) == ["missing_column"]


def test_files_of_both_outcomes_load_in_every_task():
    """product 3: the reference product's files load unchanged."""
    actions = ("SourceActionTemplate", "LastUpdateActionTemplate")
    layout = layout_of("Email", *actions, "SourcePointOfContact", "LastUpdatePointOfContact")
    assert [codes(layout, task) for task in TaskKind] == [[], [], []]


def test_300_columns_are_mapped():
    """issue: a 300-column file"""
    layout = layout_of("Email", *(f"Attribute {number}" for number in range(299)))
    assert len(layout.irrelevant) == 299
    assert codes(layout).count("irrelevant_column") == 299
