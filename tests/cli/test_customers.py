"""`export` and `customer` (product 6), and the round trip of rules 8.1."""

import csv
import json

import pytest

CATALOG = {
    "touchpoints": [{"external_id": "shop", "name": "Shop"}],
    "segment_groups": [
        {"system_name": "Level", "name": "Level", "segments": [{"system_name": "Gold", "name": "Gold"}]},
        {"system_name": "Survey", "name": "Survey", "segments": [{"system_name": "May", "name": "May"}]},
    ],
    "custom_fields": [
        {"system_name": "Note", "name": "Note", "type": "text"},
        {"system_name": "Points", "name": "Points", "type": "integer"},
        {"system_name": "Spent", "name": "Spent", "type": "decimal"},
        {"system_name": "Vip", "name": "VIP", "type": "boolean"},
        {"system_name": "Since", "name": "Since", "type": "date"},
        {"system_name": "Seen", "name": "Seen", "type": "date-time"},
        {
            "system_name": "Sports",
            "name": "Sports",
            "type": "choice",
            "multiple": True,
            "choices": [{"external_id": "run", "name": "Running"}, {"external_id": "=swim", "name": "Swimming"}],
        },
    ],
    "external_systems": [{"system_name": "Crm", "name": "CRM"}],
    "topics": [{"system_name": "News", "name": "News", "channels": ["Email"]}],
    "areas": [{"external_id": "nyc", "name": "New York"}],
}
FILE = """\
Email,MobilePhone,ExternalIdentityCrm,LastName,FirstName,BirthDate,Sex,Area,TimeZone,IsEmailConfirmed,IsSubscribed,\
IsSubscribedByEmailOnNews,SubscriptionDateTimeUtc,CustomFieldNote,CustomFieldPoints,CustomFieldSpent,CustomFieldVip,\
CustomFieldSince,CustomFieldSeen,CustomFieldSports,SegmentLevel,SegmentSurvey
anna@example.com,+12025550143,-5 oz,'t Hooft,Anna,1990-05-31,female,nyc,Europe/Berlin,true,true,false,\
2026-05-31 14:30,''=1+1,-7,12.50,yes,2019-02-01,2026-05-31 14:30:05.250,run|=swim,Gold,May
ben@example.com,,A-2,"Miller, jr.
",Ben,,,,,,,,,+49 (30) 12,,,no,,,,,
,+12025550144,,,,,,,,,false,,,"a ""quoted"", text",,,,,,,Gold,
"""


@pytest.fixture
def loaded(shell):
    """A base with three customers who have something in every column."""
    shell("catalog", "load", shell.file(json.dumps(CATALOG), "catalog.json"))
    counts = shell.load(FILE)
    assert (counts["created"], counts["rejected"], counts["warnings"]) == (3, 0, 0), counts
    return shell


def export(shell, *options):
    file = shell.folder / "out.csv"
    result = shell("export", file, *options)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    return file.read_bytes().decode("utf-8-sig")


def rows(text):
    return list(csv.DictReader(text.splitlines(keepends=True)))


class TestRoundTrip:
    def test_rules_8_1_into_its_own_base_every_row_is_unchanged(self, loaded):
        counts = loaded.load(export(loaded))
        assert (counts["rows"], counts["unchanged"], counts["warnings"]) == (3, 3, 0)
        counts = loaded.load(export(loaded, "--with-ids"))
        assert (counts["rows"], counts["unchanged"], counts["warnings"]) == (3, 3, 0)

    def test_rules_8_1_into_an_empty_base_with_the_same_catalog_all_is_equal(self, loaded, tmp_path):
        exported = export(loaded)
        for customer in (3, 2, 1):
            with loaded.app.app_context():
                from cdpweb.extensions import db
                from cdpweb.models import Customer
                from cdpweb.services.customers.removal import delete_customer

                delete_customer(db.session, db.session.get(Customer, customer), None)
                db.session.commit()
        assert rows(export(loaded)) == []
        assert loaded.load(exported)["created"] == 3
        by_email = sorted(rows(exported), key=lambda row: row["Email"])
        assert sorted(rows(export(loaded)), key=lambda row: row["Email"]) == by_email

    def test_rules_8_2_dangerous_cells_are_guarded(self, loaded):
        anna = next(row for row in rows(export(loaded)) if row["FirstName"] == "Anna")
        assert anna["ExternalIdentityCrm"] == "'-5 oz"
        assert anna["CustomFieldSports"] == "'=swim|run"
        assert anna["MobilePhone"] == "+12025550143"
        assert anna["CustomFieldPoints"] == "-7"
        assert anna["LastName"] == "'t Hooft"


class TestExport:
    def test_rules_8_1_columns_without_any_value_are_left_out(self, loaded):
        columns = next(csv.reader(export(loaded).splitlines()))
        assert columns[:3] == ["Email", "MobilePhone", "ExternalIdentityCrm"]
        assert not {"MiddleName", "IsMobilePhoneConfirmed", "CustomerId", "IsSubscribedBySms"} & set(columns)
        assert next(csv.reader(export(loaded, "--with-ids").splitlines()))[0] == "CustomerId"

    def test_rules_8_1_consents_are_own_states_with_their_latest_date(self, loaded):
        anna = next(row for row in rows(export(loaded)) if row["FirstName"] == "Anna")
        assert (anna["IsSubscribed"], anna["IsSubscribedByEmailOnNews"]) == ("true", "false")
        assert anna["SubscriptionDateTimeUtc"] == "2026-05-31T14:30:00.000+00:00"

    def test_customers_of_a_segment_or_of_a_task_alone(self, loaded):
        assert len(rows(export(loaded, "--segment", "Level/Gold"))) == 2
        loaded.load("Email,FirstName\nben@example.com,Benjamin\nben@example.com,Benny\nx,\n")
        assert [row["FirstName"] for row in rows(export(loaded, "--task", "2"))] == ["Benny"]
        assert len(rows(export(loaded, "--task", "1"))) == 3

    def test_what_there_is_not_is_refused_in_words(self, loaded):
        for options, words in [
            (["--segment", "Level/Tin"], "There is no segment “Tin” in Level."),
            (["--segment", "Rank/Gold"], "There is no segment group “Rank”."),
            (["--task", "99"], "There is no task 99."),
        ]:
            result = loaded("export", loaded.folder / "out.csv", *options)
            assert result.exit_code == 1
            assert words in result.stderr
            assert not (loaded.folder / "out.csv").exists()

    def test_a_file_that_cannot_be_written_is_refused_in_words(self, loaded):
        result = loaded("export", loaded.folder / "nowhere" / "out.csv")
        assert (result.exit_code, "cannot be written: No such file" in result.stderr) == (1, True)

    def test_an_empty_base_gives_a_header(self, shell):
        assert export(shell) == "Email\r\n"


class TestCustomer:
    def test_it_is_found_by_every_identifier(self, loaded):
        for identifier in ["ANNA@example.com", "+1 202 555 0143", "-5 oz", "1"]:
            shown = json.loads(loaded("customer", "--json", "--", identifier).stdout)
            assert (shown["customer"], shown["name"]) == (1, "Anna 't Hooft")

    def test_the_json_says_all_that_is_known(self, loaded):
        loaded.load("Email,SegmentLevel,CustomFieldPoints\nanna@example.com,%CLEAR%,8\n")
        anna = json.loads(loaded("customer", "anna@example.com", "--json").stdout)
        assert anna["identifiers"]["MobilePhone"] == "+12025550143"
        assert anna["fields"]["CustomFieldSeen"] == "2026-05-31T14:30:05.250+00:00"
        assert anna["segments"] == {"SegmentSurvey": "May"}
        assert anna["subscriptions"]["IsSubscribedByEmailOnNews"]["said"] == "out"
        assert anna["subscriptions"]["IsSubscribedByEmail"] == {"said": None, "at": None, "holds": "in"}
        assert [event["action"] for event in anna["feed"]] == ["Edit customer", "Customer creation"]
        assert (anna["feed"][1]["touchpoint"], anna["feed"][1]["task"], anna["feed"][1]["row"]) == (
            "cdpweb touchpoint",
            1,
            1,
        )
        change = anna["changelog"][0]
        assert (change["task"], change["row"]) == (2, 1)
        assert change["fields"] == {"CustomFieldPoints": ["-7", "8"], "SegmentLevel": ["Gold", None]}

    def test_the_text_says_it_to_a_person(self, loaded):
        text = loaded("customer", "anna@example.com").stdout
        assert text.startswith("Anna 't Hooft, customer 1\n")
        assert "Customer creation, cdpweb touchpoint, task 1 row 1" in text

    def test_nobody_is_said_so(self, loaded):
        result = loaded("customer", "nobody@example.com")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "No customer has the email" in result.stderr
