"""Junk contacts: values that people type to get past a form (rules §2.11)."""

from collections.abc import Iterable

SHIPPED_JUNK = (
    "1@1.com",
    "a@a.com",
    "no@no.com",
    "no@email.com",
    "none@none.com",
    "noemail@noemail.com",
    "test@test.com",
    "+10000000000",
    "+11111111111",
    "+12345678900",
    "+19999999999",
)
"""What a new database holds."""


def split(junk: Iterable[str]) -> tuple[frozenset[str], frozenset[int]]:
    """The emails and the phones (E.164 without the plus) of a junk list; phones are those that begin with a plus."""
    entries = list(junk)
    emails = frozenset(entry for entry in entries if not entry.startswith("+"))
    return emails, frozenset(int(entry[1:]) for entry in entries if entry.startswith("+"))
