"""What addresses and headers say: numbers as far as a database can hold them, and other addresses."""

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from flask import abort, request

LARGEST_ID = 2**63 - 1
LARGEST_CATALOG_ID = 2**31 - 1


def number(name: str, largest: int = LARGEST_ID, given: Mapping[str, str] | None = None) -> int | None:
    """The whole number that the address, or `given`, has for `name`; None for none, 400 for anything else."""
    text = (request.args if given is None else given).get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= largest):
        abort(400, f"“{text[:50]}” is not a number that can stand for {name}. Go back and choose again.")
    return int(text)


def parts_of(address: str | None) -> SplitResult:
    """The parts of an address that a browser sends in a header; those of none where it is no address."""
    try:
        return urlsplit(address or "")
    except ValueError:
        return urlsplit("")
