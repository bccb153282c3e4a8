"""Names, and full names taken apart (rules §2.4, §2.9)."""

from typing import NamedTuple

import polars as pl

from cdpweb.domain.cells import parsed
from cdpweb.domain.columns import Parsed
from cdpweb.domain.nfc import nfc

MAX_NAME_CHARACTERS = 100
MAX_FULL_NAME_CHARACTERS = 300

_TEXT, _COUNT = pl.col("text"), pl.col("words").list.len()
_PARTS = ("last", "first", "middle")
_PATRONYMIC = (
    r"(?i).(?:[оеёа]в[иі]ч|[оеё]вна|[іїи]вна|ична|[аеёо]ўна|[oe]v[iy]ch|[oei]vna|ichna)$"
    r"|^(?:ильич|кузьмич|лукич|никитич|саввич|фомич|il['’]?ich|ilyich|kuz['’]?mich|lukich|nikitich|savvich|fomich)$"
)
"""How Russian, Ukrainian and Belarusian patronymics end, in Cyrillic and in Latin letters.

`-ovic` is left out: so end the surnames of the South.
"""


class SplitNames(NamedTuple):
    """Full names in their parts, null where a name has no such part, and problems as in Parsed."""

    last: pl.Series
    first: pl.Series
    middle: pl.Series
    problems: pl.DataFrame


def name(cells: pl.Series) -> Parsed:
    """Names in NFC with single spaces, up to 100 characters (String)."""
    too_long = pl.col("text").str.len_chars() > MAX_NAME_CHARACTERS
    return parsed(_texts(cells).select(value=pl.when(~too_long).then("text"), code=_where(too_long, "text_too_long")))


def split(cells: pl.Series) -> SplitNames:
    """The parts of full names of up to 300 characters.

    A name of which a part has more than 100 characters is skipped as a whole: half a name would be a wrong one.
    """
    names = _texts(cells).with_columns(words=_TEXT.str.split(" "), has_comma=_TEXT.str.contains(",", literal=True))
    names = names.with_columns(
        pl.when("has_comma").then(at_comma).otherwise(by_words).replace("", None).alias(part)
        for part, at_comma, by_words in zip(_PARTS, _at_comma(), _by_words(), strict=True)
    )
    part_too_long = (pl.col(part).str.len_chars() > MAX_NAME_CHARACTERS for part in _PARTS)
    too_long = (_TEXT.str.len_chars() > MAX_FULL_NAME_CHARACTERS) | pl.any_horizontal(part_too_long).fill_null(False)
    unsplit = ~pl.col("has_comma") & (_COUNT > 3)
    judged = names.select(
        *(pl.when(~too_long).then(part).alias(part) for part in _PARTS),
        code=pl.coalesce(_where(too_long, "text_too_long"), _where(unsplit, "name_not_split")),
    )
    last, first, middle = (judged[part] for part in _PARTS)
    return SplitNames(last, first, middle, parsed(judged.select("code", value="first")).problems)


def _texts(cells: pl.Series) -> pl.DataFrame:
    """The column `text`: the cells in NFC, each run of white space made one space."""
    return nfc(cells).to_frame("text").select(_TEXT.str.replace_all(r"\s{2,}|[^\S ]", " "))


def _at_comma() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """`Last, First Middle`; commas after the first one separate words, no more."""
    halves = _TEXT.str.splitn(",", 2).struct
    given = halves["field_1"].str.replace_all("[ ,]+", " ").str.strip_chars().str.splitn(" ", 2).struct
    return halves["field_0"].str.strip_chars(), given["field_0"], given["field_1"]


def _by_words() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """One to three words in the order that their number and the third one tell; more are all the first name."""
    one, two, three = (pl.col("words").list.get(index, null_on_oob=True) for index in range(3))
    slavic = (_COUNT == 3) & three.str.contains(_PATRONYMIC)
    western = (_COUNT == 3) & ~slavic
    last = pl.when(_COUNT == 2).then(two).when(slavic).then(one).when(western).then(three)
    first = pl.when(slavic).then(two).when(_COUNT <= 3).then(one).otherwise(_TEXT)
    middle = pl.when(slavic).then(three).when(western).then(two)
    return last, first, middle


def _where(condition: pl.Expr, code: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(code))
