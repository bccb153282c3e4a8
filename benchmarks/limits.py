"""What the databases themselves need to take a file in: no checks, no matching, one table, the same unique indexes."""

from pathlib import Path

from benchmarks.files import HEADER
from benchmarks.measuring import Measured, run
from tests import programs

IDENTIFIERS = HEADER[:3]


def sqlite_import(file: Path, folder: Path) -> Measured:
    """`sqlite3 .import` into a table with three unique indexes; rows that repeat an identifier are refused by it."""
    database = folder / "limit.db"
    columns = ", ".join(f'"{name}" text' for name in HEADER)
    uniques = "".join(f'create unique index "u{name}" on c("{name}");\n' for name in IDENTIFIERS)
    # It prints a line for each row that it refuses, and ends as its last command does.
    script = f'create table c({columns});\n{uniques}.mode csv\n.import --skip 1 "{file}" c\nselect count(*) from c;\n'
    try:
        return run(["sqlite3", str(database)], given=script)
    finally:
        database.unlink()


def postgres_copy(file: Path, url: str) -> Measured:
    """COPY into a table with a primary key and three unique indexes, which a file that repeats nobody can pass."""
    columns = "".join(f', "{name}" text{_unique(name)}' for name in HEADER)
    psql = [programs.postgres("psql"), url, "--quiet", "--set", "ON_ERROR_STOP=1"]
    run(psql, given=f"create table c(id bigint generated always as identity primary key{columns});")
    listed = ", ".join(f'"{name}"' for name in HEADER)
    return run(psql, given=f"\\copy c({listed}) from '{file}' with (format csv, header)")


def _unique(name: str) -> str:
    return ' collate "C" unique' if name in IDENTIFIERS else ""
