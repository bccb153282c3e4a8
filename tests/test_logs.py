"""Logs: where a fault came from, and nothing of what it was about."""

import io
import sys

import pytest

from cdpweb.logs import traceback_without_values, without_values


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("no such table: customers", "no such table: customers"),
        ("invalid literal for int() with base 10: 'Smith'", "invalid literal for int…"),
        ("it's 'Smith' that's wrong", "it…s wrong"),
        ("duplicate\nDETAIL: Key (email)=(anna@example.com) already exists", "duplicate\nDETAIL: Key … already exists"),
        ("conversion failed for 1 out of 1 values: [\"x\"]", "conversion failed for 1 out of 1 values: …"),
        ("anna@example.com is not known, nor is +4915112345678", "… is not known, nor is …"),
        ("UNIQUE constraint failed: customers.email", "UNIQUE constraint failed: customers.email"),
    ],
)  # fmt: skip
def test_a_message_loses_the_values_that_it_names(message: str, kept: str) -> None:
    assert without_values(message) == kept


def test_a_traceback_has_the_whole_chain_and_no_values() -> None:
    try:
        try:
            int("Smith")
        except ValueError as error:
            raise KeyError("anna@example.com") from error
    except KeyError:
        facts = sys.exc_info()
        assert facts[0] and facts[1]
        written = io.StringIO()
        traceback_without_values(written, (facts[0], facts[1], facts[2]))
    text = written.getvalue()
    assert text.index("ValueError: invalid literal for int…") < text.index("KeyError: …")
    assert text.count("Traceback") == 2
    assert "test_logs.py" in text
    assert "Smith" not in text.replace('int("Smith")', "")
    assert "anna" not in text.replace('KeyError("anna@example.com")', "")
