"""Phone numbers (rules 2.6, 2.10): the sweep decides as phonenumbers does, for every country of the world."""

import os
import random
from collections.abc import Iterator

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from cdpweb.domain import phone_sweep, phones
from tests.domain.columns import cells, one, read, readings

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
INTERNATIONAL = "phone_read_as_international"


def parse_one(raw: str, country: str | None) -> object:
    return one(lambda column: phones.parse(column, country), raw)


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("+1 202 555 0143", None, 12025550143),
        ("(202) 555-0143", "US", 12025550143),
        ("202.555.0143", "US", 12025550143),
        ("1-202-555-0143", "US", 12025550143),
        ("8 (912) 345-67-89", "RU", 79123456789),
        ("+44 (0) 20 7031 3000", None, 442070313000),
        ("020 7031 3000", "GB", 442070313000),
        ("020\u00a07031\u20133000", "GB", 442070313000),
        ("06 12 34 56 78".replace(" ", "\u202f"), "FR", 33612345678),
        ("0664/1234567", "AT", 436641234567),
        ("Tel: 020 7031 3000", "GB", 442070313000),
        ("٠٢٠٧٠٣١٣٠٠٠", "GB", 442070313000),
        ("+39 06 1234 5678", None, 390612345678),
        ("0 11 15 2345 6789".replace(" ", ""), "AR", 5491123456789),
        ("00 44 20 7031 3000", "GB", 442070313000),
        ("011 44 20 7031 3000", "US", 442070313000),
        ("+800 1234 5678", None, 80012345678),
    ],
)
def test_as_written_with_the_country(raw: str, country: str | None, expected: int) -> None:
    """rules 2.6: first the number as it is written, with the country."""
    assert parse_one(raw, country) == expected
    assert phones.phone(raw, country) == (expected, None)


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("00 44 20 7031 3000", None, 442070313000),
        ("00442070313000", "US", 442070313000),
        ("011 44 20 7031 3000", None, 442070313000),
        ("011 49-80012345678908", "DE", 4980012345678908),
        ("011442070313000", "DE", 442070313000),
        ("442070313000", None, (442070313000, INTERNATIONAL)),
        ("7 912 345 67 89", None, (79123456789, INTERNATIONAL)),
        ("442070313000", "US", (442070313000, INTERNATIONAL)),
    ],
)
def test_exit_codes_and_a_missing_plus(raw: str, country: str | None, expected: object) -> None:
    """rules 2.6: then 00 or 011 read as +, at last the digits with + in front, with a warning."""
    assert parse_one(raw, country) == expected


def test_the_country_comes_first() -> None:
    """rules 2.6: what is a number as written is never read as an international one."""
    assert parse_one("4930123456", None) == (4930123456, INTERNATIONAL)
    assert parse_one("4930123456", "AT") == (4930123456, INTERNATIONAL)
    assert parse_one("4930123456", "DE") == 4930123456
    assert parse_one("2025550143", "US") == 12025550143
    assert parse_one("2025550143", None) == "phone_invalid"
    assert parse_one("+8 912 345 67 89", "RU") == "phone_invalid"


@pytest.mark.parametrize(
    ("raw", "country", "code"),
    [
        ("+1 202 555 0143 ext. 12", None, "phone_has_extension"),
        ("(202) 555-0143 x12", "US", "phone_has_extension"),
        ("12025550143 x12", None, "phone_has_extension"),
        ("+4420 7031 3000;ext=5", None, "phone_has_extension"),
        ("+1 202 555 0143, 12", None, "phone_has_extension"),
        ("+1 202 555 0143 / +1 202 555 0144", None, "phone_two_numbers"),
        ("+1 202 555 0143 +1 202 555 0144", None, "phone_two_numbers"),
        ("2025550143, 2025550144", "US", "phone_two_numbers"),
        ("2025550143;2025550144", "US", "phone_two_numbers"),
        ("2025550143\n2025550144", "US", "phone_two_numbers"),
        ("2025550143 or 2025550144", "US", "phone_two_numbers"),
        ("+43 1 51230/+43 1 51231", "AT", "phone_two_numbers"),
        ("01 51230/01 51231", "AT", "phone_two_numbers"),
        ("030 1234567/12", "DE", "phone_two_numbers"),
    ],
)
def test_extensions_and_two_numbers(raw: str, country: str | None, code: str) -> None:
    """rules 2.6: a number with an extension, or two numbers in one cell, is invalid."""
    assert parse_one(raw, country) == code


@pytest.mark.parametrize(
    ("raw", "country", "code"),
    [
        ("555-0143", "US", "phone_too_short"),
        ("+1 202 555", None, "phone_too_short"),
        ("12345", None, "phone_too_short"),
        ("+1 202 555 0143 77", None, "phone_too_long"),
        ("20255501437788", "US", "phone_too_long"),
        ("1234567890123456", None, "phone_too_long"),
        ("+19999999999", None, "phone_invalid"),
        ("+999 123 456 78", None, "phone_invalid"),
        ("n/a", "US", "phone_invalid"),
        ("no phone", None, "phone_invalid"),
        ("2025550143", "XX", "phone_invalid"),
        ("-", "US", "phone_invalid"),
        ("1/" * 500_000, "US", "phone_invalid"),
        ("1" * 1_000_000, "US", "phone_invalid"),
    ],
)
def test_why_it_is_no_number(raw: str, country: str | None, code: str) -> None:
    """rules 2.6: everything else is skipped, with the reason."""
    assert parse_one(raw, country) == code


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("'+442070313000", None, 442070313000),
        ("4.42070313000E+11", "GB", (442070313000, "scientific_repaired")),
        ("1.2025550143E+10", None, (12025550143, "scientific_repaired", INTERNATIONAL)),
        ("4,42070313E+11", None, "scientific_notation"),
        ("4.479111234567E+10", "GB", "scientific_notation"),
        ("4.4207E+11", "GB", "scientific_notation"),
        ("4.2E+1", "GB", "phone_too_short"),
        ("#########", "GB", "hash_signs"),
        ("79123456789.0", "RU", 79123456789),
        ("436641234567.0", "AT", 436641234567),
    ],
)
def test_what_a_spreadsheet_did(raw: str, country: str | None, expected: object) -> None:
    """rules 2.10: undone where the digits are all there, otherwise named."""
    assert parse_one(raw, country) == expected


def test_an_apostrophe_alone_is_an_empty_cell() -> None:
    """rules 2.10: the sign that marks text in a spreadsheet, and no text."""
    assert read(phones.parse, "'", None) == [(None, ()), (None, ())]


def test_each_row_has_its_own_country() -> None:
    """rules 2.6: the country of the row, where there is none the number must say it itself."""
    column = cells(["020 7031 3000", "020 7031 3000", "+442070313000", None])
    countries = pl.Series(["GB", None, None, "GB"], dtype=pl.String)
    assert readings(phones.parse(column, countries)) == [
        (442070313000, ()),
        (None, ("phone_invalid",)),
        (442070313000, ()),
        (None, ()),
    ]
    assert phones.parse(cells([]), "US").values.dtype == pl.Int64


def by_the_rules(text: str, country: str | None) -> int | None:
    """rules 2.6 spelled out for one number of digits and separators."""
    digits = "".join(character for character in text if character.isdigit())
    attempts = [(text, country)]
    if "+" not in text:
        attempts += [("+" + digits[len(start) :], None) for start in ("00", "011") if digits.startswith(start)]
        attempts += [("+" + digits, None)]
    for attempt, region in attempts:
        try:
            number = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return int(phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+"))
    return None


def examples() -> Iterator[tuple[str, PhoneNumber]]:
    """A country and a number of it, for every country, type and worldwide service."""
    for region in REGIONS:
        for type_ in PhoneNumberType.values():
            if number := phonenumbers.example_number_for_type(region, type_):
                yield region, number
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        if regions == ("001",):
            yield "US", phonenumbers.example_number_for_non_geo_entity(code)


def spellings(region: str, number: PhoneNumber, chance: random.Random) -> list[str]:
    """Ways in which people write a number, some of them wrong."""
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    if chance.random() < 0.5:
        kept = chance.randint(1, len(national))
        missing = len(national) - kept + chance.choice([0, 0, 0, 1])
        national = national[:kept] + "".join(chance.choices("0123456789", k=missing))
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or "0"
    cut = chance.randint(1, len(national) - 1)
    written = [
        f"+{code}{national}",
        f"{code}{national}",
        f"00{code} {national}",
        f"011 {code}-{national}",
        national,
        f"{prefix}{national}",
        f"{code}{prefix}{national}",
        f"+{code} ({prefix}) {national[:cut]}-{national[cut:]}",
        f"{prefix}{national[:cut]}/{national[cut:]}",
        f"{prefix}{national}/{national[-2:]}",
        f"{chance.choice(['8', '9', '15', '0800', '00', '010'])}{national}",
        phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        phonenumbers.format_out_of_country_calling_number(number, chance.choice(REGIONS)),
    ]
    return [text.replace("~", " ") for text in written]


SPELLINGS = int(os.environ.get("CDPWEB_TESTS_SPELLINGS", "4000"))
"""How many spellings are decided twice, at least four of each example number; `make campaign` takes 220,000."""


def test_the_sweep_decides_as_the_library_in_every_country(monkeypatch: pytest.MonkeyPatch) -> None:
    """rules 2.6: every region and type of number in phonenumbers' metadata, in many spellings."""
    monkeypatch.setattr(phone_sweep, "SMALL_GROUP", 1)
    chance = random.Random(20260531)
    decided, valid = 0, 0
    while decided < SPELLINGS:
        rows = [
            (text, chance.choice([region, region, None, chance.choice(REGIONS)]))
            for region, number in examples()
            for text in chance.sample(spellings(region, number, chance), 4)
        ]
        assert {region for region, _ in examples()} >= {*REGIONS}
        valid += compare(rows)
        decided += len(rows)
    print(f"\n{decided:,} spellings of {len(REGIONS)} regions, {valid:,} of them numbers")  # noqa: T201
    assert valid > decided / 2


def compare(rows: list[tuple[str, str | None]]) -> int:
    """Decide all of them at once and one by one; how many are numbers."""
    texts, countries = zip(*rows, strict=True)
    swept = readings(phones.parse(cells(texts), pl.Series(countries, dtype=pl.String)))
    for (text, country), (value, codes) in zip(rows, swept, strict=True):
        assert (value, codes[0] if codes else None) == phones.number(text, country), (text, country)
        if "phone_two_numbers" not in codes:
            assert value == by_the_rules(text, country), (text, country)
    return sum(value is not None for value, _ in swept)


def test_what_is_too_little_to_be_read_has_the_reason_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """rules 2.6: behind Singapore's exit code 010 one digit of Brunei's is left, which the library does not read."""
    monkeypatch.setattr(phone_sweep, "SMALL_GROUP", 1)
    assert parse_one("0106733", "SG") == phones.number("0106733", "SG")[1] == "phone_invalid"


PIECES = st.sampled_from([*"0123456789", *"0123456789", *"0123", *" ()-./+", "00", "44", "x", "'", "E+", "٣"])
TEXTS = st.lists(PIECES, max_size=18).map("".join)


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXTS, st.sampled_from(["GB", "US", "AT", "SM", "AR", None])), max_size=12))
def test_any_text_is_decided_alike(rows: list[tuple[str, str | None]]) -> None:
    """rules 2.6: the answer to a cell does not depend on the cells beside it, nor on how it was decided."""
    column = cells([text.strip() or None for text, _ in rows])
    countries = pl.Series([country for _, country in rows], dtype=pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phone_sweep, "SMALL_GROUP", 1)
        swept = readings(phones.parse(column, countries))
    for text, country, (value, codes) in zip(column, countries, swept, strict=True):
        expected = phones.phone(text, country) if text else (None, None)
        assert (value, codes[0] if codes else None) == expected
