"""Cells and values (rules 2): what each cell stores and says, in reference and engine alike."""

from collections.abc import Sequence
from typing import Any

import pytest

from cdpweb.domain.catalog import Catalog

from .bases import CATALOG, NOW, person
from .importers import Importer
from .importing import column, lines, run

Table = Sequence[tuple[str, str | None, str]]


def catalog_with(**project: object) -> Catalog:
    """The catalog with other project defaults."""
    plain = {name: getattr(CATALOG, name) for name in CATALOG.__dataclass_fields__}
    return Catalog(**plain | {"project": type(CATALOG.project)(**vars(CATALOG.project) | project)})


# 2.1


def test_empty_and_clear(importer: Importer) -> None:
    """rules 2.1: empty keeps, %CLEAR% erases profile and custom fields and takes out of a segment group."""
    ann = person(
        7, email="a@b.org", LastName="A", FirstName="B", CustomFieldNote="N", SegmentLoyalty="Gold", Sex="male"
    )
    header = "Email,LastName,FirstName,CustomFieldNote,Sex,SegmentLoyalty"
    kept = run(importer, lines(header, "a@b.org, ,,,,", "z@b.org,Z,Z,Z,f,g"), ann)
    assert kept.outcomes[0] == "unchanged"
    assert kept.who(1).fields == ann.fields
    cleared = run(importer, lines(header, "a@b.org, %CLEAR% ,,%CLEAR%,%clear%,%CLEAR%", "z@b.org,,Z,,,"), ann)
    assert cleared.who(1).fields == {"FirstName": "B", "Sex": "male"}
    assert cleared.codes == ["sex_invalid"]
    assert [change.fields for change in cleared.who(1).changes] == [
        {"LastName": ("A", None), "CustomFieldNote": ("N", None), "SegmentLoyalty": ("Gold", None)}
    ]


def test_empty_erases_fields_alone(importer: Importer) -> None:
    """rules 2.1: "empty erases" never touches identifiers, confirmations, subscriptions, segments or settings."""
    ann = person(
        7, email="a@b.org", phone=12025550143, crm="c", LastName="A", BirthDate="1990-05-31", CustomFieldNote="N",
        IsEmailConfirmed="true", SegmentLoyalty="Gold", consents={"IsSubscribed": (True, NOW)},
    )  # fmt: skip
    header = (
        "CustomerId,Email,MobilePhone,ExternalIdentityCrm,LastName,BirthDate,CustomFieldNote,IsEmailConfirmed,"
        "SegmentLoyalty,IsSubscribed,ApiEndpoint"
    )
    full = ",z@b.org,+12025550144,z,Z,1990-01-01,Z,true,g,true,website"
    result = run(importer, lines(header, "7,,,,,,,,,,", full), ann, empty_cells="erase")
    ann_after = result.state.customers[7]
    assert ann_after.identifiers == ann.identifiers
    assert ann_after.fields == {"IsEmailConfirmed": "true", "SegmentLoyalty": "Gold"}
    assert ann_after.consents == ann.consents


def test_clear_where_it_means_nothing(importer: Importer) -> None:
    """rules 2.1: elsewhere %CLEAR% is an invalid value; on a new customer it does nothing."""
    header = "Email,LastName,ExternalIdentityCrm,IsEmailConfirmed,IsSubscribed,SubscriptionDateTimeUtc,SegmentLoyalty"
    clear = "%CLEAR%"
    rows = [f"a@b.org,{clear},{clear},{clear},{clear},{clear},{clear}", "z@b.org,Z,z,true,true,2026-01-01,g"]
    result = run(importer, lines(header, *rows))
    assert result.outcomes == ["created", "created"]
    assert result.codes == ["clear_not_allowed"] * 3
    assert (result.who(1).identifiers, result.who(1).fields) == ({"Email": "a@b.org"}, {})


def test_clear_in_a_customer_id(importer: Importer) -> None:
    """rules 2.1, 5.0: in CustomerId it is an unknown one."""
    result = run(
        importer, lines("CustomerId,Email", "%CLEAR%,a@b.org", "x,a@b.org", "1.5,a@b.org", "-7,"), person(7, crm="c")
    )
    assert result.codes == ["customer_id_unknown"] * 4


# 2.2


def test_modes(importer: Importer) -> None:
    """rules 2.2: fill only where nothing is, never touch existing customers; both stop an erasure, new ones get all."""
    ann = person(7, email="a@b.org", LastName="A", FirstName="A")
    rows = ["a@b.org,B,B,B,C", "a@b.org,C,C,C,", "a@b.org,%CLEAR%,%CLEAR%,%CLEAR%,", "n@b.org,N,N,N,N"]
    modes = {"LastName": "fill", "MiddleName": "fill", "FirstName": "never", "CustomFieldNote": "never"}
    header = "Email,LastName,MiddleName,FirstName,CustomFieldNote"
    result = run(importer, lines(header, *rows), ann, write_modes=modes)
    assert result.outcomes == ["updated", "unchanged", "unchanged", "created"]
    assert result.who(1).fields == {"LastName": "A", "MiddleName": "B", "FirstName": "A"}
    assert result.who(4).fields == {"LastName": "N", "MiddleName": "N", "FirstName": "N", "CustomFieldNote": "N"}


def test_modes_stop_empty_cells(importer: Importer) -> None:
    """rules 2.2: fill and never stop the erasure by an empty cell."""
    ann = person(7, email="a@b.org", LastName="A", FirstName="A", MiddleName="A")
    content = lines("Email,LastName,FirstName,MiddleName", "a@b.org,,,", "z@b.org,Z,Z,Z")
    result = run(importer, content, ann, empty_cells="erase", write_modes={"LastName": "fill", "FirstName": "never"})
    assert result.who(1).fields == {"LastName": "A", "FirstName": "A"}


def test_modes_of_identifiers(importer: Importer) -> None:
    """rules 2.2: an identifier that may only be filled keeps its value and its confirmation."""
    ann = person(7, crm="c", email="a@b.org", IsEmailConfirmed="true")
    content = lines("ExternalIdentityCrm,Email,MobilePhone,IsEmailConfirmed", "c,new@b.org,+12025550143,false")
    result = run(importer, content, ann, write_modes={"Email": "fill", "MobilePhone": "fill"})
    assert result.who(1).identifiers == ann.identifiers | {"MobilePhone": 12025550143}
    assert result.who(1).fields == {"IsEmailConfirmed": "true"}


# 2.3


def test_settings_errors_come_before_the_matching_error(importer: Importer) -> None:
    """rules 2.3: a row with several errors names all its settings errors, then the matching error."""
    header = "Email,SourcePointOfContact,LastUpdatePointOfContact,ApiEndpoint,SourceDateTime,SegmentLoyalty"
    content = lines(header, "x,no,web,no,no,no", "a@b.org,web,no,website,2026-01-01,Gold")
    result = run(importer, content)
    assert [(one.column, one.code) for one in result.problems if one.record == 1] == [
        ("Email", "email_invalid"),
        ("SourcePointOfContact", "unknown_setting_value"),
        ("ApiEndpoint", "unknown_setting_value"),
        ("SourceDateTime", "unknown_setting_value"),
        ("SegmentLoyalty", "unknown_setting_value"),
        (None, "no_identifier"),
    ]
    assert result.codes_of(2) == ["unknown_setting_value"]
    assert result.outcomes == ["rejected", "rejected"]
    assert result.report.warnings == 1


def test_a_rejected_row_leaves_nothing(importer: Importer) -> None:
    """rules 2.3, 2.8: a row is applied whole or not at all, choices made on the spot included."""
    content = lines("Email,LastName,ApiEndpoint,CustomFieldSports", "a@b.org,A,no,Chess", "a@b.org,A,website,Polo")
    result = run(importer, content, person(7, email="a@b.org"))
    assert result.outcomes == ["rejected", "updated"]
    assert [choice.name for choice in result.state.choices["Sports"]] == ["Polo"]
    assert len(result.who(2).changes) == 1


# 2.4


def test_names(importer: Importer) -> None:
    """rules 2.4: NFC, trimmed, up to 100 characters, inner white space single."""
    table: Table = [
        (" Anna  Maria ", "Anna Maria", ""),
        ("Anna\u00a0\t Maria", "Anna Maria", ""),
        ("Jose\u0301", "Jos\u00e9", ""),
        ("x" * 100, "x" * 100, ""),
        ("x" * 101, None, "text_too_long"),
        ("e\u0301" * 100, "\u00e9" * 100, ""),
        ("'t Hooft", "'t Hooft", ""),
        ("'=cmd()", "=cmd()", ""),
        ("''=cmd()", "'=cmd()", ""),
        ("'+1 (2)", "'+1 (2)", ""),
        ("-", "-", ""),
    ]
    column(importer, "LastName", table)


def test_external_ids(importer: Importer) -> None:
    """rules 2.4, 2.10: up to 1000 characters and 2000 bytes, case-sensitive, no control characters."""
    table: Table = [
        ("abc", "abc", ""),
        ("ABC", "ABC", ""),
        ("x" * 1000, "x" * 1000, ""),
        ("x" * 1001, None, "text_too_long"),
        ("\u0436" * 1000, "\u0436" * 1000, ""),
        ("\u0436" * 1000 + "x", None, "text_too_long"),
        ("\u20ac" * 667, None, "text_too_long"),
        ("a\tb", None, "text_has_control_characters"),
        ("007", "007", ""),
        ("'007x", "007x", ""),
        ("1.23457E+11", None, "scientific_notation"),
        ("1.2E+1", "12", "scientific_repaired"),
        ("1,234567E+6", "1234567", "scientific_repaired"),
        ("1.234567E+5", None, "scientific_notation"),
        ("1E5", "1E5", ""),
        ("####", None, "hash_signs"),
        ("1E+05", None, "scientific_notation"),
    ]
    column(importer, "ExternalIdentityCrm", table, max_cell_bytes=5000)


def test_rounded_ids(importer: Importer) -> None:
    """rules 2.10: a column whose long numbers all end in zeros was rounded; one such number is chance."""
    rounded: Table = [
        ("1234567890123450", None, "digits_rounded"),
        ("12345678901234500", None, "digits_rounded"),
        ("12345", "12345", ""),
    ]
    column(importer, "ExternalIdentityCrm", rounded)
    whole: Table = [(cell, cell, "") for cell, _, _ in rounded[1:]] + [("12345678901234567", "12345678901234567", "")]
    column(importer, "ExternalIdentityCrm", whole)
    column(importer, "ExternalIdentityCrm", [("1234567890123450", "1234567890123450", "")])


def test_custom_text(importer: Importer) -> None:
    """rules 2.4: custom text up to 1000 characters, inner white space as it is."""
    table: Table = [
        ("a  b", "a  b", ""),
        ("x" * 1001, None, "text_too_long"),
        ("a|a", "a|a", ""),
        ("5E+3", "5E+3", ""),
        ('"a\nb"', "a\nb", ""),
    ]
    column(importer, "CustomFieldNote", table, max_cell_bytes=5000)


# 2.5, 2.6


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ("Anna.SMITH@B.org", "anna.smith@b.org"),
        ("\u00fc@b\u00fccher.de", "\u00fc@b\u00fccher.de"),
        ("a@xn--bcher-kva.de", "a@b\u00fccher.de"),
        ("a@b.test", None),
        ("a b@b.org", None),
        ("a@b", None),
        ("no@no.com", None),
        ("'a@b.org", "'a@b.org"),
        (f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org", "a@" + ".".join(one * 60 for one in "bcde") + ".org"),
        (f"abcdefgh@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org", None),
    ],
)
def test_emails(importer: Importer, cell: str, email: str | None) -> None:
    """rules 2.5, 2.11: email-validator's normalized, lower-cased, up to 254 characters; junk is skipped."""
    result = run(importer, lines("ExternalIdentityCrm,Email", f"c,{cell}"))
    assert result.who(1).identifiers.get("Email") == email
    junk = "junk_contact" if cell == "no@no.com" else "email_invalid"
    assert result.codes == ([] if email else [junk])


def phones(importer: Importer, table: list[tuple[str, int | None, str]], **said: Any) -> None:
    """Each cell in a row of its own, so that equal numbers do not meet."""
    for cell, number, codes in table:
        result = run(importer, lines("ExternalIdentityCrm;MobilePhone", f"c;{cell}"), delimiter=";", **said)
        found = (cell, result.who(1).identifiers.get("MobilePhone"), " ".join(result.codes))
        assert found == (cell, number, codes)


def test_phones(importer: Importer) -> None:
    """rules 2.6, 2.10, 2.11: international numbers without a country."""
    table: list[tuple[str, int | None, str]] = [
        ("+1 (202) 555-0143", 12025550143, ""),
        ("001 202 555 0143", 12025550143, ""),
        ("011 49 30 123456", 4930123456, ""),
        ("1 202 555-0143", 12025550143, "phone_read_as_international"),
        ("'+12025550143", 12025550143, ""),
        ("2025550143", None, "phone_invalid"),
        ("+12025550143 ext. 5", None, "phone_has_extension"),
        ("12025550143 x5", None, "phone_has_extension"),
        ("+12025550143, +12025550144", None, "phone_two_numbers"),
        ("+12025550143 / 12025550144", None, "phone_two_numbers"),
        ("12", None, "phone_too_short"),
        ("+1202555014312345678", None, "phone_too_long"),
        ("n/a", None, "phone_invalid"),
        ("+19999999999", None, "junk_contact"),
        ("1.2025550143E+10", 12025550143, "scientific_repaired phone_read_as_international"),
        ("1.20256E+10", None, "scientific_notation"),
        ("#######", None, "hash_signs"),
    ]
    phones(importer, table)


def test_phones_with_a_country(importer: Importer) -> None:
    """rules 2.6: as written with the country first, then as an international number."""
    phones(
        importer,
        [
            ("030 123456", 4930123456, ""),
            ("0049 30 123456", 4930123456, ""),
            ("+12025550143", 12025550143, ""),
            ("12025550143", 12025550143, "phone_read_as_international"),
            ("030 12", None, "phone_too_short"),
        ],
        phone_country="DE",
    )


def test_the_row_names_its_country(importer: Importer) -> None:
    """rules 2.6: the row's country, else the import's, else the project's; UK is GB; an unknown one is none."""
    header = "ExternalIdentityCrm,MobilePhone,PhoneCountry"
    rows = ["1,020 7946 0123,uk", "2,020 7946 0123,GB", "3,030 123456,", "4,030 123456,xx", "5,+4930123457,xx"]
    rows += ["6,030 123456,%CLEAR%", "7,(202) 555-0143,US"]
    german = run(importer, lines(header, *rows), phone_country="DE", conflicts="strongest")
    found = {
        number: customer.identifiers.get("MobilePhone") for number in range(1, 8) for customer in [german.who(number)]
    }
    assert found == {1: 442079460123, 2: None, 3: 4930123456, 4: None, 5: 4930123457, 6: None, 7: 12025550143}
    assert german.codes_of(2) == ["identifier_taken"]
    assert german.codes_of(4) == ["phone_invalid", "phone_country_unknown"]
    assert german.codes_of(5) == ["phone_country_unknown"]
    british = run(importer, lines(header, "1,020 7946 0123,", "2,,US"), catalog=catalog_with(phone_country="GB"))
    assert british.who(1).identifiers["MobilePhone"] == 442079460123


def test_a_bad_country_never_rejects(importer: Importer) -> None:
    """rules 2.3, 2.6: PhoneCountry aside, invalid settings reject; a country that cannot be read is none."""
    result = run(importer, lines("Email,MobilePhone,PhoneCountry", "a@b.org,030 123456,D\0E"), phone_country="DE")
    assert (result.outcomes, result.who(1).identifiers) == (["created"], {"Email": "a@b.org"})
    assert result.codes == ["phone_invalid", "nul_in_cell"]


# 2.7


def test_dates(importer: Importer) -> None:
    """rules 2.7: year first, or day first; two-digit years in 1970 to 2069."""
    table: Table = [
        ("2026-05-31", "2026-05-31", ""),
        ("2026/5/1", "2026-05-01", ""),
        ("2026.05.31", "2026-05-31", ""),
        ("31.05.2026", "2026-05-31", ""),
        ("1-5-2026", "2026-05-01", ""),
        ("5-31-2026", None, "date_invalid"),
        ("31/05/2026", "2026-05-31", ""),
        ("1/2/2026", "2026-02-01", ""),
        ("1.2.69", "2069-02-01", ""),
        ("1.2.70", "1970-02-01", ""),
        ("30.02.2026", None, "date_invalid"),
        ("31.05-2026", None, "date_invalid"),
        ("20260531", None, "date_invalid"),
        ("2026-05-31 00:00:00.000", "2026-05-31", ""),
        ("31.05.2026 0:00", "2026-05-31", ""),
        ("2026-05-31 14:30", None, "date_invalid"),
        ("44713", None, "date_serial"),
        ("'2026-05-31", "2026-05-31", ""),
        ("########", None, "hash_signs"),
    ]
    column(importer, "CustomFieldSince", table)


def test_slashes_follow_their_column(importer: Importer) -> None:
    """rules 2.7: any value above 12 decides; the rarer reading of a column that proves both is invalid."""
    proven: Table = [("1/2/2026", "2026-01-02", ""), ("05/31/2026", "2026-05-31", ""), ("1.2.2026", "2026-02-01", "")]
    column(importer, "CustomFieldSince", proven)
    ordered: Table = [("1/2/2026", "2026-01-02", ""), ("31/05/2026", None, "date_invalid")]
    column(importer, "CustomFieldSince", ordered, date_order="mdy")
    column(importer, "CustomFieldSince", ordered, date_orders={"CustomFieldSince": "mdy"}, date_order="dmy")


def test_birth_dates(importer: Importer) -> None:
    """rules 2.7: in the past; two digits mean the latest past year."""
    table: Table = [
        ("31.05.26", "2026-05-31", ""),
        ("31.07.26", "1926-07-31", ""),
        ("2026-06-14", "2026-06-14", ""),
        ("2026-06-16", None, "date_out_of_range"),
        ("29.02.24", "2024-02-29", ""),
        ("31.02.90", None, "date_invalid"),
    ]
    column(importer, "BirthDate", table)


def test_date_times(importer: Importer) -> None:
    """rules 2.7: AM and PM, offsets, fractions; without an offset the project's time zone; stored in UTC."""
    table: Table = [
        ("2026-05-31 14:30", "2026-05-31T12:30:00.000+00:00", ""),
        ("2026-05-31T14:30:15.5", "2026-05-31T12:30:15.500+00:00", ""),
        ("31.05.2026 2:30 PM", "2026-05-31T12:30:00.000+00:00", ""),
        ("2026-05-31 12:00 am", "2026-05-30T22:00:00.000+00:00", ""),
        ("2026-05-31 14:30+05:00", "2026-05-31T09:30:00.000+00:00", ""),
        ("2026-05-31T14:30:00Z", "2026-05-31T14:30:00.000+00:00", ""),
        ("2026-01-31", "2026-01-30T23:00:00.000+00:00", ""),
        ("2025-10-26 02:30", "2025-10-26T00:30:00.000+00:00", ""),
        ("2026-03-29 02:30", "2026-03-29T01:30:00.000+00:00", ""),
        ("2026-05-31 24:30", None, "time_invalid"),
        ("2026-05-31 13:30 PM", None, "time_invalid"),
        ("44713.5", None, "date_serial"),
    ]
    column(importer, "CustomFieldSeen", table, catalog=catalog_with(time_zone="Europe/Berlin"))


# 2.8


def test_booleans_and_sex(importer: Importer) -> None:
    """rules 2.8: booleans and sex in any case."""
    yes, no = ["true", "YES", "1", "True"], ["false", "No", "0"]
    table: Table = [(cell, "true", "") for cell in yes] + [(cell, "false", "") for cell in no]
    column(importer, "CustomFieldVip", [*table, ("ja", None, "boolean_invalid"), ("2", None, "boolean_invalid")])
    males, females = ["male", "M", "Male"], ["female", "f", "W"]
    table = [(cell, "male", "") for cell in males] + [(cell, "female", "") for cell in females]
    column(importer, "Sex", [*table, ("x", None, "sex_invalid")])


def test_numbers(importer: Importer) -> None:
    """rules 2.8, 2.10: no thousands separators, never rounded."""
    integers: Table = [
        ("42", "42", ""),
        ("+007", "7", ""),
        ("-0", "0", ""),
        ("'-5", "-5", ""),
        ("2147483647", "2147483647", ""),
        ("2147483648", None, "number_out_of_range"),
        ("-2147483648", "-2147483648", ""),
        ("1 000", None, "number_invalid"),
        ("12.00", "12", ""),
        ("12,000", None, "number_invalid"),
        ("1.5", None, "number_invalid"),
        ("1.2E+1", "12", "scientific_repaired"),
        ("1.2E+3", None, "scientific_notation"),
        ("##", None, "hash_signs"),
    ]
    column(importer, "CustomFieldCount", integers)
    decimals: Table = [
        ("12.50", "12.5", ""),
        ("12,5", "12.5", ""),
        ("-0.05", "-0.05", ""),
        ("1.234,50", None, "number_invalid"),
        ("1.005", None, "number_out_of_range"),
        ("9999999999999999.99", "9999999999999999.99", ""),
        ("10000000000000000", None, "number_out_of_range"),
        ("1.25E+1", "12.5", "scientific_repaired"),
    ]
    column(importer, "CustomFieldScore", decimals)


def test_choices(importer: Importer) -> None:
    """rules 2.8: external ID or name; unknown: skipped, or created if the field says so, the whole value at once."""
    column(importer, "CustomFieldSize", [("s", "s", ""), ("Large", "l", ""), ("x", None, "choice_unknown")])
    rows = [("Running|Chess", "Chess|run", ""), ("chess|Chess|Chess", None, ""), ("Chess", "Chess", "")]
    result = run(
        importer, lines("Email,CustomFieldSports", *(f"p{n}@b.org,{cell}" for n, (cell, _, _) in enumerate(rows)))
    )
    assert [choice.external_id for choice in result.state.choices["Sports"]] == ["Chess"]
    assert [result.who(record).fields["CustomFieldSports"] for record in (1, 2, 3)] == ["Chess|run", "Chess", "Chess"]


def test_multi_values(importer: Importer) -> None:
    """rules 2.8: joined by |, replaces the whole set; order and repetition do not matter."""
    content = lines("Email,CustomFieldTags", "a@b.org, b |a|b", "a@b.org,a|b|", "a@b.org,c")
    result = run(importer, content)
    assert result.outcomes == ["created", "unchanged", "updated"]
    assert result.who(1).changes[0].fields == {"CustomFieldTags": ("a|b", "c")}


def test_separators_alone_say_nothing(importer: Importer) -> None:
    """rules 2.8, 2.1: neither they nor a lone apostrophe are a value, nor an empty cell that erases."""
    ann = person(7, email="a@b.org", CustomFieldTags="a", CustomFieldCount="1")
    content = lines("Email,CustomFieldTags,CustomFieldCount", "a@b.org, | ,'", "b@b.org,b,2")
    result = run(importer, content, ann, empty_cells="erase")
    assert (result.outcomes[0], result.codes, result.who(1).fields) == ("unchanged", [], ann.fields)


def test_areas_and_time_zones(importer: Importer) -> None:
    """rules 2.8: an area by its external ID, a time zone by its IANA name."""
    column(importer, "Area", [("nyc", "nyc", ""), ("New York", None, "area_unknown"), ("NYC", None, "area_unknown")])
    column(importer, "TimeZone", [("Europe/Berlin", "Europe/Berlin", ""), ("Berlin", None, "time_zone_unknown")])


# 2.9


@pytest.mark.parametrize(
    ("full", "last", "first", "middle", "codes"),
    [
        ("Anna", None, "Anna", None, []),
        ("Anna  Smith", "Smith", "Anna", None, []),
        ("Anna Maria Smith", "Smith", "Anna", "Maria", []),
        ("Иванов Петр Сергеевич", "Иванов", "Петр", "Сергеевич", []),
        ("Ivanova Anna Petrovna", "Ivanova", "Anna", "Petrovna", []),
        ("Anna Maria van Smith", None, "Anna Maria van Smith", None, ["name_not_split"]),
        ('"Smith, Anna Maria"', "Smith", "Anna", "Maria", []),
        ('"Smith, Anna"', "Smith", "Anna", None, []),
        ('"van der Berg, Anna"', "van der Berg", "Anna", None, []),
        (f'"{"x" * 101}, Anna"', None, None, None, ["text_too_long"]),
        ("x " * 151, None, None, None, ["text_too_long"]),
    ],
)  # fmt: skip
def test_full_names(
    importer: Importer, full: str, last: str | None, first: str | None, middle: str | None, codes: list[str]
) -> None:
    """rules 2.9: split at a comma, else by words."""
    result = run(importer, lines("Email,FullName", f"a@b.org,{full}"))
    found = result.who(1).fields
    assert (found.get("LastName"), found.get("FirstName"), found.get("MiddleName")) == (last, first, middle)
    assert result.codes == codes


def test_full_name_against_its_parts(importer: Importer) -> None:
    """rules 2.9: it counts only where all parts are absent or empty; else it is ignored, warned of if it differs."""
    rows = [
        "1,Anna Smith,,Anna,",
        "2,Anna Smith,Smith,Anna,",
        '3,"Smith, Anna",Smith,Anna,',
        "4,Anna Smith,,,",
        f"5,Anna Smith,{'x' * 101},,",
        "6,,,,Maria",
        "7,ANNA SMITH,Smith,Anna,",
        "8,%CLEAR%,,Anna,",
    ]
    result = run(importer, lines("ExternalIdentityCrm,FullName,LastName,FirstName,MiddleName", *rows))
    assert result.who(1).fields == {"FirstName": "Anna"}
    assert result.who(4).fields == result.who(5).fields == {"FirstName": "Anna", "LastName": "Smith"}
    assert [result.codes_of(record) for record in range(1, 9)] == [
        ["full_name_ignored"], [], [], [], ["text_too_long"], [], [], ["full_name_ignored"],
    ]  # fmt: skip


def test_unfilled_parts_behave_as_their_cells_do(importer: Importer) -> None:
    """rules 2.9: a part that the split does not fill is erased where its own empty cell erases."""
    ann = person(7, email="a@b.org", LastName="A", FirstName="B", MiddleName="C")
    rows = lines("Email,FullName,MiddleName", "a@b.org,Anna Smith,", "z@b.org,,Z")
    assert run(importer, rows, ann, empty_cells="erase").who(1).fields == {"LastName": "Smith", "FirstName": "Anna"}
    rows = lines("Email,FullName,LastName", "a@b.org,Anna Smith,", "z@b.org,,Z")
    assert run(importer, rows, ann, empty_cells="erase").who(1).fields["MiddleName"] == "C"
