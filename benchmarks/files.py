"""The files that the benchmarks import, made from a seed: the same bytes on every machine.

A person is a number; everything about him is a hash of it. So a second file can speak of the same people.

    python -m benchmarks.files new|clean|update|ugly PATH ROWS [PEOPLE]

PEOPLE: how many people the base knows already, from other files.
"""

import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import polars as pl

HEADER = (
    "Email", "MobilePhone", "ExternalIdentityShop", "FirstName", "LastName", "BirthDate", "Sex", "CustomFieldCity",
    "CustomFieldPoints", "IsSubscribedByEmail", "SegmentLoyalty", "SourceActionTemplate", "LastUpdateActionTemplate",
)  # fmt: skip
FIRST_NAMES = ["Anna", "Boris", "Clara", "David", "Eva", "Felix", "Gina", "Hugo", "Iris", "Jan", "Olga", "Pavel"]
CITIES = ["Moscow", "Kazan", "Samara", "Perm", "Omsk", "Tula", "Berlin", "Paris", "Oslo", "Rome"]
SEED = 20_261_123
SCATTER = 3**18
"""Has no factor in common with the number of phones that there are: nobody shares one, and neighbours are far apart."""


def write_new(path: Path, rows: int, first_person: int = 0) -> None:
    """A file of people whom no earlier file knows: 5% of the rows repeat a person of the file, 3% have a bad value."""
    row = pl.int_range(rows, eager=True)
    repeats = _draw(row, "repeats", 100) < 5
    earlier = row - 1 - _draw(row, "earlier", 5_000)
    person = pl.select(pl.when(repeats & (earlier >= 0)).then(earlier).otherwise(row)).to_series() + first_person
    _write(path, row, person)


def write_clean(path: Path, rows: int) -> None:
    """The new file's people, each once, and no value that a database would refuse: empty cells are no cells."""
    row = pl.int_range(rows, eager=True)
    _frame(row, row, sound=True).with_columns(pl.all().replace("", None)).write_csv(path)


def write_update(path: Path, rows: int, known: int) -> None:
    """A file of which 70% of the rows speak of the people 0…`known`, by all or one of their identifiers."""
    row = pl.int_range(rows, eager=True)
    old = _draw(row, "old", known)
    person = pl.select(pl.when(_draw(row, "existing", 100) < 70).then(old).otherwise(row + known)).to_series()
    _write(path, row, person, partial=True)


def write_ugly(path: Path, rows: int) -> None:
    """The new file's people with 30% duplicates, 10% bad rows and quoted newlines, in Windows-1251."""
    row = pl.int_range(rows, eager=True)
    earlier = row - 1 - _draw(row, "earlier", 5_000)
    person = pl.select(
        pl.when((_draw(row, "repeats", 100) < 30) & (earlier >= 0)).then(earlier).otherwise(row)
    ).to_series()
    frame = _frame(row, person)
    bad, quoted = _draw(row, "bad row", 100) < 10, _draw(row, "newline", 100) < 10
    frame = frame.with_columns(
        pl.when(bad).then(pl.lit("")).otherwise(name).alias(name) for name in HEADER[:3]
    ).with_columns(
        FirstName=pl.when(_draw(row, "cyrillic", 3) == 0).then(pl.lit("Анна")).otherwise("FirstName"),
        CustomFieldCity=pl.when(quoted).then(pl.lit("Нижний\nНовгород")).otherwise("CustomFieldCity"),
    )
    path.write_bytes(frame.write_csv().encode("cp1251"))


def _write(path: Path, row: pl.Series, person: pl.Series, *, partial: bool = False) -> None:
    frame = _frame(row, person)
    if partial:
        shown = _draw(row, "shown", 4)
        frame = frame.with_columns(
            pl.when((shown == 0) | (shown == number)).then(name).otherwise(pl.lit("")).alias(name)
            for number, name in enumerate(HEADER[:3], 1)
        )
    frame.write_csv(path)


def _frame(row: pl.Series, person: pl.Series, *, sound: bool = False) -> pl.DataFrame:
    """The cells of the rows, each of which speaks of one person; all of them `sound`, or 3% not."""
    number = _draw(person, "number", 2**60)
    digits = 9_000_000_000 + person * SCATTER % 800_000_000
    broken = _draw(row, "broken", 100) + (3 if sound else 0)
    first = pl.Series(FIRST_NAMES).gather(number % len(FIRST_NAMES))
    email = pl.select(pl.format("{}.{}@mail.cdpweb.org", first.str.to_lowercase(), number)).to_series()
    birth = pl.select(
        pl.format("{}-{}-{}", 1940 + number % 65, _two(1 + number % 12), _two(1 + number % 28))
    ).to_series()
    return pl.DataFrame(
        {
            "Email": pl.select(pl.when(broken == 0).then(email.str.replace("@", "(at)")).otherwise(email)).to_series(),
            "MobilePhone": pl.select(
                pl.when(broken == 1).then(pl.lit("123")).otherwise(_spelled(digits, _draw(row, "spelling", 5)))
            ).to_series(),
            "ExternalIdentityShop": pl.select(pl.format("S{}", _draw(person, "shop", 2**60))).to_series(),
            "FirstName": first,
            "LastName": pl.select(pl.format("Family{}", number % 20_000)).to_series(),
            "BirthDate": pl.select(pl.when(broken == 2).then(pl.lit("1990-02-31")).otherwise(birth)).to_series(),
            "Sex": pl.select(pl.when(number % 2 == 0).then(pl.lit("female")).otherwise(pl.lit("m"))).to_series(),
            "CustomFieldCity": pl.Series(CITIES).gather(number % len(CITIES)),
            "CustomFieldPoints": _draw(row, "points", 100_000).cast(pl.String),
            "IsSubscribedByEmail": _one_of(row, "subscribed", ["true", "false", ""]),
            "SegmentLoyalty": _one_of(row, "segment", ["Gold", "Silver", "Bronze"]),
            "SourceActionTemplate": _one_of(row, "source", ["Registration", "CustomerCreation"]),
            "LastUpdateActionTemplate": _one_of(row, "update", ["Survey", "CustomerEdit"]),
        }
    )


def _spelled(digits: pl.Series, spelling: pl.Series) -> pl.Expr:
    """Russian mobile numbers as people write them."""
    text = digits.cast(pl.String)
    a, b, c, d = (text.str.slice(start, length) for start, length in ((0, 3), (3, 3), (6, 2), (8, 2)))
    spaced, dashed = pl.format("8 {} {} {} {}", a, b, c, d), pl.format("+7 ({}) {}-{}-{}", a, b, c, d)
    plain, national = pl.format("+7{}", text), pl.format("8{}", text)
    return (
        pl.when(spelling == 0).then(spaced).when(spelling == 1).then(dashed).when(spelling == 2).then(plain)
        .when(spelling == 3).then(national).otherwise(pl.format("007{}", text))
    )  # fmt: skip


def _two(number: pl.Series) -> pl.Series:
    return number.cast(pl.String).str.zfill(2)


def _one_of(row: pl.Series, what: str, words: list[str]) -> pl.Series:
    return pl.Series(words).gather(_draw(row, what, len(words)))


def _draw(number: pl.Series, what: str, below: int) -> pl.Series:
    """A number from 0 to `below`, the same for the same number and purpose."""
    return (number.cast(pl.Int64).hash(SEED + zlib.crc32(what.encode())) % below).cast(pl.Int64)


KINDS: dict[str, Callable[[Path, int, int], None]] = {
    "new": write_new,
    "clean": lambda path, rows, _: write_clean(path, rows),
    "update": write_update,
    "ugly": lambda path, rows, _: write_ugly(path, rows),
}


if __name__ == "__main__":
    KINDS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if sys.argv[4:] else 0)
