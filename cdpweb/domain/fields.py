"""THE column reference: one declaration per column, read by mapping, validation, template file, hints and docs.

Column names are those of product §3, their values those of rules §2; nothing else in the code lists columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cdpweb.domain.catalog import CHANNELS, Catalog, CustomField, FieldType
from cdpweb.domain.settings import Switch


class Kind(StrEnum):
    """What a column is for; decides how the engine treats it."""

    IDENTIFIER = "identifier"
    PROFILE = "profile"
    CONFIRMATION = "confirmation"
    CONSENT = "consent"
    CONSENT_DATE = "consent date"
    CUSTOM = "custom field"
    SETTING = "setting"


class Type(StrEnum):
    """How the text of a cell is read (rules §2)."""

    CUSTOMER_ID = "customer id"
    EXTERNAL_ID = "external id"
    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    FULL_NAME = "full name"
    BIRTH_DATE = "birth date"
    SEX = "sex"
    AREA = "area"
    TIME_ZONE = "time zone"
    BOOLEAN = "boolean"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATE_TIME = "date-time"
    CHOICE = "choice"
    API_ENDPOINT = "api endpoint"
    TOUCHPOINT = "touchpoint"
    ACTION_TEMPLATE = "action template"
    COUNTRY = "country"
    SEGMENT = "segment"
    SEGMENT_GROUP = "segment group"


@dataclass(frozen=True)
class Field:
    """One column that a file may have.

    `slot` names what the column fills: two file columns with one slot are the same column twice (rules §1.5).
    `aliases` are other spellings taken silently, `synonyms` words that are only proposed.
    `utc`: a date-time without an offset is UTC and not the project's time. `switch`: the setting it belongs to.
    `parent`: for consent, the column of the node above. `custom`: the custom field it fills.
    """

    name: str
    kind: Kind
    type: Type
    description: str
    format: str
    example: str = ""
    aliases: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    slot: str = ""
    utc: bool = False
    switch: Switch | None = None
    parent: str | None = None
    custom: CustomField | None = None

    @property
    def fills(self) -> str:
        """The slot of the column: its own name unless another column fills the same."""
        return self.slot or self.name


EMAIL = "Email"
PHONE = "MobilePhone"
CUSTOMER_ID = "CustomerId"
EXTERNAL_ID_PREFIX = "ExternalIdentity"
CUSTOM_FIELD_PREFIX = "CustomField"
SEGMENT_PREFIX = "Segment"
GROUP_PAIR = "SegmentationExternalId"
SEGMENT_PAIR = "SegmentExternalId"
LAST_NAME, FIRST_NAME, MIDDLE_NAME, FULL_NAME = "LastName", "FirstName", "MiddleName", "FullName"
NAME_PARTS = (LAST_NAME, FIRST_NAME, MIDDLE_NAME)
EMAIL_CONFIRMED, PHONE_CONFIRMED = "IsEmailConfirmed", "IsMobilePhoneConfirmed"
CONSENT_ALL = "IsSubscribed"
CONSENT_DATE = "SubscriptionDateTimeUtc"

BOOLEAN_FORMAT = "true or false, yes or no, 1 or 0"
DATE_FORMAT = "year-month-day, or day.month.year"
DATE_TIME_FORMAT = "year-month-day hours:minutes, with an offset such as +02:00 if need be"


def fields(catalog: Catalog) -> dict[str, Field]:
    """Every column that a file for this base may have, by name, in the order of the column reference."""
    return {field.name: field for field in _declared(catalog)}


def _declared(catalog: Catalog) -> Iterator[Field]:
    yield from _identifiers(catalog)
    yield from _PROFILE
    yield from _CONFIRMATIONS
    yield from _consents(catalog)
    yield from _custom_fields(catalog)
    yield from _SETTINGS
    yield from _segments(catalog)


def _identifiers(catalog: Catalog) -> Iterator[Field]:
    yield Field(
        EMAIL,
        Kind.IDENTIFIER,
        Type.EMAIL,
        "Email address; identifies the customer.",
        "name@domain, up to 254 characters",
        example="anna.smith@example.com",
        synonyms=("Email address", "Mail", "Mail address", "E-mail address", "Email ID"),
    )
    yield Field(
        PHONE,
        Kind.IDENTIFIER,
        Type.PHONE,
        "Phone number; identifies the customer.",
        "+country code and number, or a national number when the phone country is set",
        example="+12025550143",
        synonyms=("Phone", "Phone number", "Mobile", "Mobile number", "Cell phone", "Telephone", "Tel"),
    )
    for system in catalog.external_systems:
        yield Field(
            EXTERNAL_ID_PREFIX + system.system_name,
            Kind.IDENTIFIER,
            Type.EXTERNAL_ID,
            f"ID in {system.name}; identifies the customer.",
            "text up to 1000 characters, case-sensitive",
            example="A-1001",
            synonyms=(f"{system.system_name} ID", f"{system.name} ID", "External ID", "Customer number"),
        )
    yield Field(
        CUSTOMER_ID,
        Kind.IDENTIFIER,
        Type.CUSTOMER_ID,
        "Our own ID; identifies, never creates.",
        "whole number",
        aliases=("MaestraID", "MindboxId"),
    )


_PROFILE = (
    Field(
        LAST_NAME,
        Kind.PROFILE,
        Type.NAME,
        "Last name.",
        "text up to 100 characters",
        example="Smith",
        synonyms=("Surname", "Family name"),
    ),
    Field(
        FIRST_NAME,
        Kind.PROFILE,
        Type.NAME,
        "First name.",
        "text up to 100 characters",
        example="Anna",
        synonyms=("Given name", "Forename"),
    ),
    Field(
        MIDDLE_NAME,
        Kind.PROFILE,
        Type.NAME,
        "Middle name.",
        "text up to 100 characters",
        synonyms=("Patronymic", "Second name"),
    ),
    Field(
        FULL_NAME,
        Kind.PROFILE,
        Type.FULL_NAME,
        "Full name; split into its parts where their own columns are empty.",
        "“Last, First Middle” or words, up to 300 characters",
        synonyms=("Name", "Customer name", "Contact name"),
    ),
    Field(
        "BirthDate",
        Kind.PROFILE,
        Type.BIRTH_DATE,
        "Date of birth, in the past.",
        DATE_FORMAT,
        example="1990-05-31",
        synonyms=("Birthday", "Date of birth", "DOB"),
    ),
    Field(
        "Sex", Kind.PROFILE, Type.SEX, "Sex.", "male or female, m or f, m or w", example="female", synonyms=("Gender",)
    ),
    Field(
        "Area",
        Kind.PROFILE,
        Type.AREA,
        "Area the customer lives in.",
        "external ID of an area",
        synonyms=("Region", "City"),
    ),
    Field(
        "TimeZone",
        Kind.PROFILE,
        Type.TIME_ZONE,
        "The customer's time zone.",
        "IANA name such as Europe/Berlin",
        example="Europe/London",
        synonyms=("Time zone ID",),
    ),
)

_CONFIRMATIONS = (
    Field(
        EMAIL_CONFIRMED, Kind.CONFIRMATION, Type.BOOLEAN, "Whether the email of this row is confirmed.", BOOLEAN_FORMAT
    ),
    Field(
        PHONE_CONFIRMED, Kind.CONFIRMATION, Type.BOOLEAN, "Whether the phone of this row is confirmed.", BOOLEAN_FORMAT
    ),
)


def _consents(catalog: Catalog) -> Iterator[Field]:
    """The tree of consent, every node after the one above it."""
    yield _consent(CONSENT_ALL, "every channel and topic", None, example="true")
    for channel in CHANNELS:
        yield _consent(f"{CONSENT_ALL}By{channel}", channel, CONSENT_ALL)
        for topic in catalog.topics:
            if channel in topic.channels:
                name = f"{CONSENT_ALL}By{channel}On{topic.system_name}"
                yield _consent(name, f"{topic.name} by {channel}", f"{CONSENT_ALL}By{channel}", example="true")
    yield Field(
        CONSENT_DATE,
        Kind.CONSENT_DATE,
        Type.DATE_TIME,
        "When the customer stated the consents of this row.",
        DATE_TIME_FORMAT + "; UTC without one",
        example="2024-05-31 14:30",
        utc=True,
    )


def _consent(name: str, what: str, parent: str | None, example: str = "") -> Field:
    description = f"Consent to {what}: true opts in, false opts out."
    return Field(name, Kind.CONSENT, Type.BOOLEAN, description, BOOLEAN_FORMAT, example=example, parent=parent)


_CUSTOM_TYPES = {
    FieldType.TEXT: (Type.TEXT, "text up to 1000 characters", "Running"),
    FieldType.INTEGER: (Type.INTEGER, "whole number", "42"),
    FieldType.DECIMAL: (Type.DECIMAL, "number with at most two decimals", "12.50"),
    FieldType.BOOLEAN: (Type.BOOLEAN, BOOLEAN_FORMAT, "true"),
    FieldType.DATE: (Type.DATE, DATE_FORMAT, "2024-05-31"),
    FieldType.DATE_TIME: (Type.DATE_TIME, DATE_TIME_FORMAT, "2024-05-31 14:30"),
    FieldType.CHOICE: (Type.CHOICE, "external ID or name of a choice", ""),
}


def _custom_fields(catalog: Catalog) -> Iterator[Field]:
    for custom in catalog.custom_fields:
        type_, format_, example = _CUSTOM_TYPES[custom.type]
        if custom.choices:
            example = custom.choices[0].external_id
        if custom.multiple:
            example = "|".join([one.external_id for one in custom.choices[:2]]) or example
            format_ += "; several joined by |"
        yield Field(
            CUSTOM_FIELD_PREFIX + custom.system_name,
            Kind.CUSTOM,
            type_,
            f"{custom.name}.",
            format_,
            example=example,
            synonyms=(custom.name, custom.system_name),
            custom=custom,
        )


_SETTINGS = (
    Field(
        "ApiEndpoint",
        Kind.SETTING,
        Type.API_ENDPOINT,
        "API endpoint of the row.",
        "system name",
        switch=Switch.API_ENDPOINT,
    ),
    Field(
        "SourcePointOfContact",
        Kind.SETTING,
        Type.TOUCHPOINT,
        "Touchpoint of customers that the row creates.",
        "external ID of a touchpoint",
        switch=Switch.TOUCHPOINT,
    ),
    Field(
        "LastUpdatePointOfContact",
        Kind.SETTING,
        Type.TOUCHPOINT,
        "Touchpoint of customers that the row changes.",
        "external ID of a touchpoint",
        switch=Switch.TOUCHPOINT,
    ),
    Field(
        "SourceActionTemplate",
        Kind.SETTING,
        Type.ACTION_TEMPLATE,
        "Action of customers that the row creates.",
        "system name",
        switch=Switch.SOURCE_ACTION,
    ),
    Field(
        "LastUpdateActionTemplate",
        Kind.SETTING,
        Type.ACTION_TEMPLATE,
        "Action of customers that the row changes.",
        "system name",
        switch=Switch.EXISTING_ACTION,
    ),
    Field(
        "SourceDateTime",
        Kind.SETTING,
        Type.DATE_TIME,
        "When the action of a created customer happened.",
        DATE_TIME_FORMAT,
        switch=Switch.DATE,
    ),
    Field(
        "SourceDateTimeUtc",
        Kind.SETTING,
        Type.DATE_TIME,
        "The same, in UTC.",
        DATE_TIME_FORMAT,
        slot="SourceDateTime",
        utc=True,
        switch=Switch.DATE,
    ),
    Field(
        "LastUpdateDateTime",
        Kind.SETTING,
        Type.DATE_TIME,
        "When the action of a changed customer happened.",
        DATE_TIME_FORMAT,
        switch=Switch.DATE,
    ),
    Field(
        "LastUpdateDateTimeUtc",
        Kind.SETTING,
        Type.DATE_TIME,
        "The same, in UTC.",
        DATE_TIME_FORMAT,
        slot="LastUpdateDateTime",
        utc=True,
        switch=Switch.DATE,
    ),
    Field(
        "PhoneCountry",
        Kind.SETTING,
        Type.COUNTRY,
        "Country of a phone written without a country code.",
        "two letters (ISO 3166)",
        switch=Switch.PHONE_COUNTRY,
        synonyms=("Country", "Country code"),
    ),
)


def _segments(catalog: Catalog) -> Iterator[Field]:
    for group in catalog.segment_groups:
        yield Field(
            SEGMENT_PREFIX + group.system_name,
            Kind.SETTING,
            Type.SEGMENT,
            f"Segment of the group {group.name}.",
            "system name or external ID of a segment; %CLEAR% takes the customer out",
            switch=Switch.SEGMENT,
            synonyms=(group.name, group.system_name),
        )
    if catalog.segment_groups:
        yield Field(
            GROUP_PAIR,
            Kind.SETTING,
            Type.SEGMENT_GROUP,
            "Segment group of the row; goes with SegmentExternalId.",
            "system name or external ID of a group",
            switch=Switch.SEGMENT,
        )
        yield Field(
            SEGMENT_PAIR,
            Kind.SETTING,
            Type.SEGMENT,
            "Segment of the row; goes with SegmentationExternalId.",
            "system name or external ID of a segment; %CLEAR% takes the customer out",
            switch=Switch.SEGMENT,
        )


def subtree(columns: dict[str, Field], node: str) -> list[str]:
    """The consent columns below `node`, nearest first."""
    below = [name for name, field in columns.items() if field.parent == node]
    return below + [name for child in below for name in subtree(columns, child)]
