"""What is searched for, sealed: addresses stand in histories and in the logs of proxies, and are to name nobody."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import abort, current_app, request

from cdpweb.web import access

ARGUMENT = "search"
"""What carries a sealed text in an address."""

LONGEST_SEARCH_CHARACTERS = 500
"""Sealed it still fits into the first line of a request, whatever its script."""


def sealed(text: str) -> str:
    """`text` as it may stand in an address; refuses with 400 what is longer than any text to be found."""
    if len(text) > LONGEST_SEARCH_CHARACTERS:
        abort(400, f"Search for at most {LONGEST_SEARCH_CHARACTERS} characters.")
    return _keys().encrypt(text.encode("utf-8", "replace")).decode().rstrip("=")


def opened() -> str:
    """The text that this address carries, "" where it carries none; 400 in words where it cannot be read here."""
    if request.args.get("q"):
        abort(400, "A search is not read from the address, where others may see it. Type it into the search field.")
    token = request.args.get(ARGUMENT, "")
    if not token:
        return ""
    try:
        return _keys().decrypt(token + "=" * (-len(token) % 4)).decode()
    except (InvalidToken, ValueError):
        abort(
            400,
            "The search in this address cannot be read: part of it is missing, it comes from another installation, or "
            "from somebody whose role sees more than yours. Type into the search field what you look for.",
        )


def _keys() -> MultiFernet:
    """The key of who asks; who sees personal data also opens what those who do not have searched for."""
    purposes = ["search", "search by ID"] if access.sees_personal() else ["search by ID"]
    return MultiFernet([Fernet(_key(purpose)) for purpose in purposes])


def _key(purpose: str) -> bytes:
    secret = f"{purpose} {current_app.config['SECRET_KEY']}"
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest())
