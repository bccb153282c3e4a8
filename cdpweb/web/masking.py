"""Masking of personal data for those whose role does not see it: the one function that all pages use."""

from flask import Flask

from cdpweb.web import access

MASK = "•••••"
"""One for all: a mask that kept the length, a digit or a digest would let equal values be linked, or guessed."""


def init_app(app: Flask) -> None:
    """Make `masked` a template filter: `{{ customer.email | masked }}`."""
    app.add_template_filter(masked)


def masked(value: str) -> str:
    """`value` as the person at the other end may see it; nothing stays nothing."""
    return value if not value or access.sees_personal() else MASK
