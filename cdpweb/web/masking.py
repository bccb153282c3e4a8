"""Masking of personal data for those whose role does not see it: the one function that all pages use."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Make `masked` a template filter: `{{ customer.email | masked }}`."""
    app.add_template_filter(masked)


def masked(value: str) -> str:
    """`value` as the person at the other end may see it; everybody sees all until there are roles."""
    return value
