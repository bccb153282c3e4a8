"""How the tests of the rules say an import in one line."""

from collections.abc import Sequence
from typing import Any

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.settings import ImportSettings

from .bases import CATALOG, base
from .importers import File, Importer, Result
from .state import Customer

LAYOUT = {"header_line", "delimiter", "quote", "columns", "now", "max_cell_bytes"}


def run(
    importer: Importer, content: str, *people: Customer, catalog: Catalog = CATALOG, block_bytes: int = 40, **said: Any
) -> Result:
    """Import one file into a base of these people, in small blocks; `said`: its layout and its settings."""
    layout = {name: one for name, one in said.items() if name in LAYOUT}
    plain = ImportSettings(**{name: one for name, one in said.items() if name not in LAYOUT}).to_json()
    file = File(content, ImportSettings.from_json(plain), **layout)
    return importer(file, base=base(*people), catalog=catalog, block_bytes=block_bytes)


def lines(*rows: str) -> str:
    """The rows as a file."""
    return "".join(f"{row}\n" for row in rows)


def column(importer: Importer, name: str, table: Sequence[tuple[str, str | None, str]], **said: Any) -> None:
    """Import each cell of the table in the row of a new customer; compare what is stored and the codes.

    `table`: the cell as it stands in the file, the stored canonical text, the codes separated by spaces.
    """
    rows = [f"p{number}@b.org;{cell}" for number, (cell, _, _) in enumerate(table)]
    result = run(importer, lines(f"Email;{name}", *rows), delimiter=";", **said)
    found = [
        (cell, _stored(result, number, name), " ".join(result.codes_of(number)))
        for number, (cell, _, _) in enumerate(table, 1)
    ]
    assert found == [(cell, stored, codes) for cell, stored, codes in table]


def _stored(result: Result, record: int, name: str) -> str | int | None:
    customer = result.who(record)
    return customer.identifiers.get(name, customer.fields.get(name))
