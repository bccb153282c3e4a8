"""One cell: its state and its value (rules 2)."""

import datetime as dt
import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

import email_validator
import phonenumbers

from cdpweb.domain.catalog import Catalog, Choice
from cdpweb.domain.fields import Field, Kind, Type
from cdpweb.domain.settings import DateOrder, ImportSettings

from . import dates
from .invalid import Invalid

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
CLEAR_WORD = "%CLEAR%"


class State(Enum):
    """What a cell says (rules 2.1)."""

    ABSENT, EMPTY, CLEAR, VALUE = range(4)


@dataclass(frozen=True)
class Cell:
    """A cell that was read: its state, its value, the trimmed text and the codes of its problems."""

    state: State
    value: Any = None
    text: str = ""
    problems: tuple[str, ...] = ()


ABSENT = Cell(State.ABSENT)


@dataclass(frozen=True)
class Context:
    """What reading a cell depends on besides its text.

    `orders`: column -> order of its dates with slashes; `rounded`: the ID columns that a spreadsheet has rounded;
    `choices`: those that rows created; `country`: that of the row's phone.
    """

    catalog: Catalog
    settings: ImportSettings
    now: dt.datetime
    orders: Mapping[str, DateOrder | None] = field(default_factory=dict)
    rounded: frozenset[str] = frozenset()
    choices: Mapping[str, list[Choice]] = field(default_factory=dict)
    country: str | None = None

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.catalog.project.time_zone)

    @property
    def today(self) -> dt.date:
        return self.now.astimezone(self.zone).date()


def trim(text: str) -> str:
    """The text without white space around it."""
    return text.strip(WHITE_SPACE)


def read(column: Field, raw: str | None, context: Context) -> Cell:
    """The cell of a column (rules 2.1); settings columns have only errors (rules 2.3)."""
    if raw is None:
        return ABSENT
    text = trim(without_guard(trim(raw)))
    replaced = context.settings.replacements.get(column.name, {}).get(text, text)
    cell = _read(column, replaced, context)
    codes = cell.problems
    if codes and column.kind is Kind.SETTING and column.type is not Type.COUNTRY:
        codes = ("unknown_setting_value",)
    if codes and cell.state is State.ABSENT and column.type is Type.CUSTOMER_ID:
        codes = (*(code for code in codes if code == "nul_in_cell"), "customer_id_unknown")
    return Cell(cell.state, cell.value, text, codes)


def _read(column: Field, text: str, context: Context) -> Cell:
    if text == "":
        return Cell(State.EMPTY)
    if text == CLEAR_WORD:
        code = "phone_country_unknown" if column.type is Type.COUNTRY else "clear_not_allowed"
        return Cell(State.CLEAR) if _clearable(column) else Cell(State.ABSENT, problems=(code,))
    if "\0" in text:
        return Cell(State.ABSENT, problems=("nul_in_cell",))
    text = unicodedata.normalize("NFC", trim(without_apostrophe(column, text)))
    warnings: list[str] = []
    try:
        value = _values(column, text, context, warnings) if text else None
    except Invalid as problem:
        return Cell(State.ABSENT, problems=(problem.code,))
    # An apostrophe or separators alone say nothing.
    return Cell(State.ABSENT if value is None else State.VALUE, value, problems=tuple(warnings))


def _clearable(column: Field) -> bool:
    """Whether %CLEAR% has a meaning in this column (rules 2.1)."""
    if column.kind is Kind.IDENTIFIER:
        return column.type is not Type.CUSTOMER_ID
    return column.kind in (Kind.PROFILE, Kind.CUSTOM) or column.type is Type.SEGMENT


# The apostrophe (rules 2.10, 8.2)


def without_guard(text: str) -> str:
    """The text as it was before our own export put an apostrophe in front of it."""
    return text[1:] if text.startswith("'") and _is_dangerous(text) else text


_NUMBERS = {Type.PHONE, Type.EXTERNAL_ID, Type.CUSTOMER_ID, Type.INTEGER, Type.DECIMAL}
_DATES = {Type.BIRTH_DATE, Type.DATE, Type.DATE_TIME}


def without_apostrophe(column: Field, text: str) -> str:
    """The text without its leading apostrophe, where a spreadsheet put it."""
    return text[1:] if text.startswith("'") and column.type in _NUMBERS | _DATES else text


def _is_dangerous(text: str) -> bool:
    bare = text.lstrip("'")
    return bare[:1] in tuple("=+-@\t\r") and not re.fullmatch(r"[+-]?[0-9 ()]*[.,]?[0-9 ()]*", bare)


# Values


def _values(column: Field, text: str, context: Context, warnings: list[str]) -> Any:
    """The value of the cell; of a multi-value field the set as sorted text, None when no value stands in it."""
    if not (column.custom and column.custom.multiple):
        return _READERS[column.type](text, column, context, warnings)
    parts = [trim(part) for part in text.split("|")]
    read_parts = {_READERS[column.type](part, column, context, warnings) for part in parts if part}
    return "|".join(sorted(read_parts)) or None


def _limited(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Invalid("text_too_long")
    return text


def _text(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    return _limited(text, 1000)


def single_spaced(text: str) -> str:
    """The text with each run of white space made one space."""
    return re.sub(f"[{WHITE_SPACE}]+", " ", text)


def _name(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    return _limited(single_spaced(text), 100)


def _full_name(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    return _limited(single_spaced(text), 300)


def _external_id(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    text = _whole(text, warnings)
    if column.name in context.rounded and LOOKS_ROUNDED.fullmatch(text):
        raise Invalid("digits_rounded")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise Invalid("text_has_control_characters")
    if len(text.encode()) > 2000:
        raise Invalid("text_too_long")
    return _limited(text, 1000)


def _customer_id(text: str, column: Field, context: Context, warnings: list[str]) -> int:
    text = _whole(text, warnings)
    if not re.fullmatch(r"[0-9]+", text):
        raise Invalid("customer_id_unknown")
    return int(text)


def _email(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    try:
        email = email_validator.validate_email(text, check_deliverability=False).normalized.lower()
    except email_validator.EmailNotValidError:
        raise Invalid("email_invalid") from None
    if len(email) > 254:
        raise Invalid("email_invalid")
    if email in context.catalog.project.junk_emails:
        raise Invalid("junk_contact")
    return email


def _phone(text: str, column: Field, context: Context, warnings: list[str]) -> int:
    text = _whole(text, warnings)
    if len([part for part in re.split(r"[,;/|&\n\r]|(?=\+)", text) if len(_digits(part)) >= 7]) > 1:
        raise Invalid("phone_two_numbers")
    number = _valid_number(text, context.country)
    if number is None and (prefix := re.match("00|011", text)):
        number = _valid_number("+" + text[prefix.end() :], context.country)
    if number is None:
        number = _valid_number("+" + _digits(text), context.country)
        warnings.extend(["phone_read_as_international"] if number else [])
    if (number or int(_digits(text) or 0)) in context.catalog.project.junk_phones:
        raise Invalid("junk_contact")
    if number is None:
        raise Invalid(_phone_problem(text))
    return number


def _valid_number(text: str, country: str | None) -> int | None:
    for region in (country, "US"):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if number.extension:
            raise Invalid("phone_has_extension")
        if region == country and phonenumbers.is_valid_number(number):
            return int(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:])
    return None


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(one)) for one in text if unicodedata.category(one) == "Nd")


def _phone_problem(text: str) -> str:
    count = len(_digits(text))
    if 0 < count < 7:
        return "phone_too_short"
    return "phone_too_long" if count > 15 else "phone_invalid"


def _country(text: str, column: Field, context: Context, warnings: list[str]) -> str | None:
    country = {"UK": "GB"}.get(text.upper(), text.upper())
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("phone_country_unknown")
    return country


def _boolean(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    words = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}
    if text.lower() not in words:
        raise Invalid("boolean_invalid")
    return words[text.lower()]


def _sex(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    words = {"male": "male", "m": "male", "female": "female", "f": "female", "w": "female"}
    if text.lower() not in words:
        raise Invalid("sex_invalid")
    return words[text.lower()]


def _area(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    if text not in {area.external_id for area in context.catalog.areas}:
        raise Invalid("area_unknown")
    return text


def _time_zone(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    if text not in zoneinfo.available_timezones():
        raise Invalid("time_zone_unknown")
    return text


def _integer(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    text = _whole(text, warnings)
    if not (whole := re.fullmatch(r"([+-]?[0-9]+)([.,]0{1,2})?", text)):
        raise Invalid("number_invalid")
    text = whole[1]
    if not -(2**31) <= int(text) < 2**31:
        raise Invalid("number_out_of_range")
    return str(int(text))


def _decimal(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    text = _not_scientific(_not_hashes(text), warnings)
    if not (parts := re.fullmatch(r"[+-]?([0-9]*)(?:[.,]([0-9]+))?", text)) or not (parts[1] or parts[2]):
        raise Invalid("number_invalid")
    if len(parts[1].lstrip("0")) > 16 or len(parts[2] or "") > 2:
        raise Invalid("number_out_of_range")
    return _plain(Decimal(text.replace(",", ".")))


def _choice(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    assert column.custom
    choices = [*column.custom.choices, *context.choices.get(column.custom.system_name, ())]
    by_id = [choice for choice in choices if choice.external_id == text]
    by_name = [choice for choice in choices if choice.name.casefold() == text.casefold()]
    if found := by_id + by_name:
        return found[0].external_id
    if not column.custom.create_missing:
        raise Invalid("choice_unknown")
    return _limited(text, 1000)


# Spreadsheets (rules 2.10)


def _not_hashes(text: str) -> str:
    if not text.strip("#"):
        raise Invalid("hash_signs")
    return text


LOOKS_ROUNDED = re.compile(r"[1-9][0-9]{14}0+")


def is_rounded(numbers: list[str]) -> bool:
    """Whether a spreadsheet kept 15 digits of a column: all its longer numbers end in zeros, too many for chance."""
    long = [number for number in numbers if re.fullmatch(r"[1-9][0-9]{15,}", number)]
    return all(LOOKS_ROUNDED.fullmatch(number) for number in long) and sum(len(number) - 15 for number in long) >= 3


def _whole(text: str, warnings: list[str]) -> str:
    """What stands in a cell of an ID, phone or whole number."""
    written = _not_scientific(_not_hashes(text), warnings)
    if written != text and "." in written:
        raise Invalid("scientific_notation")
    return written


def _not_scientific(text: str, warnings: list[str]) -> str:
    """The number written out, when the written digits cover it."""
    written = re.fullmatch(r"[+-]?[0-9]+(?:[.,]([0-9]+))?[eE]([+-][0-9]+)", text)
    if not written:
        return text
    if len(written[2]) > 4 or int(written[2]) > len(written[1] or ""):
        raise Invalid("scientific_notation")
    warnings.append("scientific_repaired")
    return _plain(Decimal(text.replace(",", ".")))


def _plain(number: Decimal) -> str:
    """The number without exponent and superfluous zeros."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if number else "0"


# Dates (rules 2.7)


def _birth_date(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    return dates.birth_date(_not_serial(_not_hashes(text)), context.orders.get(column.name), context.today).isoformat()


def _date(text: str, column: Field, context: Context, warnings: list[str]) -> str:
    return dates.date(_not_serial(_not_hashes(text)), context.orders.get(column.name)).isoformat()


def _date_time(text: str, column: Field, context: Context, warnings: list[str]) -> Any:
    """A custom field's as canonical text, a setting's or consent's as an instant."""
    zone = zoneinfo.ZoneInfo("UTC") if column.utc else context.zone
    instant = dates.date_time(_not_serial(_not_hashes(text)), context.orders.get(column.name), zone)
    if column.kind is Kind.CUSTOM:
        return canonical_instant(instant)
    if instant.year < 1900 or instant > context.now + dt.timedelta(minutes=5):
        raise Invalid("date_out_of_range")
    return instant


def canonical_instant(instant: dt.datetime) -> str:
    """The instant in UTC, to the millisecond."""
    return instant.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def _not_serial(text: str) -> str:
    if re.fullmatch(r"[0-9]{5}([.,][0-9]+)?", text):
        raise Invalid("date_serial")
    return text


# Settings (rules 3): ids of the catalog; a segment is found by its group, elsewhere


def _known(found: Any) -> Any:
    if found is None:
        raise Invalid("unknown_setting_value")
    return found


def _endpoint(text: str, column: Field, context: Context, warnings: list[str]) -> int:
    return int(_known(context.catalog.api_endpoint(text)).id)


def _touchpoint(text: str, column: Field, context: Context, warnings: list[str]) -> int:
    return int(_known(context.catalog.touchpoint(text)).id)


def _template(text: str, column: Field, context: Context, warnings: list[str]) -> int:
    return int(_known(context.catalog.action_template(text)).id)


def _group(text: str, column: Field, context: Context, warnings: list[str]) -> Any:
    return _known(context.catalog.segment_group(text))


def _segment(text: str, column: Field, context: Context, warnings: list[str]) -> Any:
    """A segment of the column's own group, or the text of one whose group stands in another column."""
    group = context.catalog.segment_group(column.name.removeprefix("Segment"))
    return text if column.name == "SegmentExternalId" else _known(_known(group).segment(text))


_READERS: dict[Type, Callable[[str, Field, Context, list[str]], Any]] = {
    Type.CUSTOMER_ID: _customer_id,
    Type.EXTERNAL_ID: _external_id,
    Type.EMAIL: _email,
    Type.PHONE: _phone,
    Type.NAME: _name,
    Type.FULL_NAME: _full_name,
    Type.BIRTH_DATE: _birth_date,
    Type.SEX: _sex,
    Type.AREA: _area,
    Type.TIME_ZONE: _time_zone,
    Type.BOOLEAN: _boolean,
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.DECIMAL: _decimal,
    Type.DATE: _date,
    Type.DATE_TIME: _date_time,
    Type.CHOICE: _choice,
    Type.API_ENDPOINT: _endpoint,
    Type.TOUCHPOINT: _touchpoint,
    Type.ACTION_TEMPLATE: _template,
    Type.COUNTRY: _country,
    Type.SEGMENT_GROUP: _group,
    Type.SEGMENT: _segment,
}
