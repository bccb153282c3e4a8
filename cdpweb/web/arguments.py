"""Numbers in addresses, as far as a database can hold them."""

from flask import abort, request

LARGEST_ID = 2**63 - 1
LARGEST_CATALOG_ID = 2**31 - 1


def number(name: str, largest: int = LARGEST_ID) -> int | None:
    """The whole number that the address gives for `name`; None where there is none, 400 for anything else."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= largest):
        abort(400, f"“{text[:50]}” is not a number that can stand for {name}. Go back and choose again.")
    return int(text)
