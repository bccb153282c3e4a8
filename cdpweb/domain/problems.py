"""Every problem a row can have, once: code, severity, sentence, what to do (rules §2.3)."""

from dataclasses import dataclass
from enum import StrEnum

NUL_SIGN = "\N{SYMBOL FOR NULL}"
"""Stands for NUL in what is stored of a file's words: PostgreSQL's texts cannot hold it, and no page could show it."""


class Severity(StrEnum):
    """What a problem costs: the row (error) or the value alone (warning)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One kind of problem, with the words a person reads about it."""

    code: str
    severity: Severity
    sentence: str
    what_to_do: str


def _error(code: str, sentence: str, what_to_do: str) -> Problem:
    return Problem(code, Severity.ERROR, sentence, what_to_do)


def _warning(code: str, sentence: str, what_to_do: str) -> Problem:
    return Problem(code, Severity.WARNING, sentence, what_to_do)


_ALL = [
    # Errors: the row is rejected. Exactly the list of rules §2.3.
    _error(
        "malformed_record",
        "A quote is not closed or is followed by text.",
        "Double every quote inside a quoted cell and close the cell with one quote.",
    ),
    _error("too_many_cells", "The row has more cells than the header.", "Quote the values that contain the delimiter."),
    _error(
        "unknown_setting_value",
        "The setting's value is not known here.",
        "Create it in the settings, map it, or correct the cell.",
    ),
    _error("no_identifier", "The row has no valid email, phone or external ID.", "Fill in at least one identifier."),
    _error("customer_id_unknown", "No customer has this CustomerId.", "Correct the number or leave the column out."),
    _error(
        "customer_not_found",
        "No customer has any of these identifiers.",
        "Use the task “Customer import” to add customers too.",
    ),
    _error(
        "customer_exists",
        "A customer with one of these identifiers is there already.",
        "Use the task “Customer import” to change customers too.",
    ),
    _error(
        "identifier_conflict",
        "The identifiers belong to different customers.",
        "Correct the row, or let the strongest identifier decide.",
    ),
    _error(
        "identifier_contradiction",
        "The identifier belongs to a customer whose stronger identifier is another one.",
        "Correct the row, or let the strongest identifier decide.",
    ),
    # Warnings about the shape of a row or cell.
    _warning(
        "too_few_cells",
        "The row has fewer cells than the header; the missing ones changed nothing.",
        "Check that the row was not cut off.",
    ),
    _warning("nul_in_cell", "The cell contains a NUL character.", "Export the file again as plain text."),
    # Warnings about values: the value is skipped unless the sentence says otherwise.
    _warning("text_too_long", "The text is longer than allowed.", "Shorten it."),
    _warning(
        "text_has_control_characters",
        "The ID contains control characters.",
        "Remove line breaks and tabs from the cell.",
    ),
    _warning("email_invalid", "This is not an email address.", "Correct the address."),
    _warning("phone_invalid", "This is not a phone number.", "Write it as +country code and number."),
    _warning("phone_too_short", "The phone number is too short.", "Complete the number, with its country code."),
    _warning("phone_too_long", "The phone number is too long.", "Remove the surplus digits."),
    _warning("phone_has_extension", "The phone number has an extension.", "Give the number without the extension."),
    _warning("phone_two_numbers", "The cell holds more than one phone number.", "Keep one number."),
    _warning(
        "phone_country_unknown",
        "The country of the phone is not known; the number was read without it.",
        "Use a two-letter country code.",
    ),
    _warning(
        "phone_read_as_international", "The phone was read with a + in front.", "Write it with + and the country code."
    ),
    _warning("junk_contact", "This contact is on the junk list.", "Leave the cell empty."),
    _warning(
        "scientific_notation",
        "A spreadsheet wrote the number in scientific notation; its digits are lost.",
        "Format the column as text and export again.",
    ),
    _warning(
        "scientific_repaired",
        "A spreadsheet wrote the number in scientific notation; all its digits were there.",
        "Format the column as text.",
    ),
    _warning(
        "digits_rounded",
        "A spreadsheet has rounded the number after 15 digits.",
        "Format the column as text and export again.",
    ),
    _warning(
        "date_serial",
        "A spreadsheet wrote the date as a serial number, which has two meanings.",
        "Format the column as a date, year first, and export again.",
    ),
    _warning(
        "hash_signs",
        "The spreadsheet's column was too narrow: only # signs were saved.",
        "Widen the column and export again.",
    ),
    _warning("date_invalid", "This is not a date.", "Write it as year-month-day."),
    _warning("date_out_of_range", "The date lies outside the range that makes sense here.", "Correct the date."),
    _warning("time_invalid", "This is not a date and time.", "Write it as 2026-05-31 14:30."),
    _warning("boolean_invalid", "This is neither yes nor no.", "Use true or false."),
    _warning("sex_invalid", "This is neither male nor female.", "Use male or female."),
    _warning(
        "number_invalid",
        "This is not a number.",
        "Write digits, with at most one decimal mark and no thousands separators.",
    ),
    _warning("number_out_of_range", "The number is too large or has too many decimals.", "Correct the number."),
    _warning("choice_unknown", "The field has no such choice.", "Add the choice to the field, or correct the cell."),
    _warning("area_unknown", "No area has this external ID.", "Create the area, or correct the cell."),
    _warning("time_zone_unknown", "This is not a time zone.", "Use a name such as Europe/Berlin."),
    _warning(
        "name_not_split",
        "The full name could not be split; all of it went to the first name.",
        "Use the columns LastName, FirstName and MiddleName.",
    ),
    _warning(
        "full_name_ignored",
        "The full name says something else than the name's own columns and was ignored.",
        "Remove one of the two.",
    ),
    _warning("clear_not_allowed", "%CLEAR% has no meaning in this column.", "Leave the cell empty."),
    # Warnings about who the customer is.
    _warning(
        "identifier_taken",
        "The identifier belongs to another customer and was skipped.",
        "Check which customer it belongs to.",
    ),
    _warning("identifier_kept", "The customer keeps the identifier he has.", "Check which of the two is right."),
    _warning(
        "last_identifier",
        "The customer's last identifier is never erased.",
        "Give another identifier first, or delete the customer.",
    ),
    # Warnings about consent.
    _warning("consent_older", "A newer statement of consent is stored.", "Nothing, if the stored one is right."),
    _warning(
        "consent_protected",
        "The customer has opted out; the import does not lift that.",
        "Allow re-subscribing and give the date of the new consent.",
    ),
]

PROBLEMS: dict[str, Problem] = {problem.code: problem for problem in _ALL}
