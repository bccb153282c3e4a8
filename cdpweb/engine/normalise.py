"""A block of raw rows becomes a block of typed values, and of problems found on the way (rules §2, §3).

In the normalised frame each mapped field has a column of its own name, null where the row says nothing, and each
erasable field a column `<name>:erase`. Settings columns hold ids of the catalog, segments one column per group.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import polars as pl

from cdpweb.domain import countries, emails, names, phones, values
from cdpweb.domain.columns import Parsed, columns_with
from cdpweb.domain.fields import (
    CUSTOMER_ID,
    EMAIL,
    FULL_NAME,
    GROUP_PAIR,
    NAME_PARTS,
    PHONE,
    SEGMENT_PAIR,
    SEGMENT_PREFIX,
    Field,
    Kind,
    Type,
)
from cdpweb.domain.formulas import unguard
from cdpweb.domain.settings import OUT_OF_GROUP, EmptyCells, country_of
from cdpweb.engine.orders import Orders
from cdpweb.engine.parsers import parse

CLEAR = "%CLEAR%"
VALUE_CHARACTERS = 200
"""How much of a cell a problem quotes."""

PROBLEM_SCHEMA = {
    "record": pl.UInt32,
    "line": pl.UInt32,
    "column": pl.String,
    "value": pl.String,
    "code": pl.String,
    "detail": pl.String,
}


class Normalised(NamedTuple):
    """`rows`: record, line, blank, broken (no cells can be trusted), rejected (by an error already), and the fields.

    `problems`: as PROBLEM_SCHEMA says. `cells`: record, and under their headers the identifiers and consents as the
    file has them, for problems that are found later.
    """

    rows: pl.DataFrame
    problems: pl.DataFrame
    cells: pl.DataFrame


class Cells(NamedTuple):
    """One column of the file: the trimmed text where there is a value, and where it is empty or says %CLEAR%."""

    text: pl.Series
    empty: pl.Series
    clear: pl.Series


def trimmed(raw: pl.DataFrame) -> pl.DataFrame:
    """The text of cells without white space around it and without a formula guard (rules §2.1, §8.2)."""
    text = values.trim(raw)
    bare = unguard(text)
    return text if bare is text else values.trim(bare)


def erase(name: str) -> str:
    """The column that says where the field `name` is to be erased."""
    return f"{name}:erase"


def group_column(group_id: int) -> str:
    """The column with the segment of a group: a segment id, OUT_OF_GROUP, or null."""
    return f"group:{group_id}"


def normalise(rows: pl.DataFrame, orders: Orders) -> Normalised:
    """The typed block of the raw `rows` that `reading.blocks` gave."""
    return _Normaliser(orders, rows).run()


class _Identified(Protocol):
    @property
    def id(self) -> int: ...


@dataclass
class _Normaliser:
    """Works through the columns of one block, gathering typed columns and problems."""

    orders: Orders
    raw: pl.DataFrame
    cells: dict[str, Cells] = field(default_factory=dict)
    typed: dict[str, pl.Series] = field(default_factory=dict)
    found: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.Series] = field(default_factory=list)
    broken: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.Boolean))

    def run(self) -> Normalised:
        self._faults()
        self._cells()
        self._contacts()
        self._customer_id()
        for one in self.orders.of_kind(Kind.PROFILE) + self.orders.of_kind(Kind.CUSTOM):
            if one.name != FULL_NAME:
                self._erasable(one)
        self._full_name()
        for one in self.orders.of_kind(Kind.CONFIRMATION) + self.orders.of_kind(Kind.CONSENT):
            self._plain(one)
        for one in self.orders.of_kind(Kind.CONSENT_DATE):
            self._plain(one)
        self._settings()
        return self._result()

    def _result(self) -> Normalised:
        rejected = pl.Series("rejected", [False]).new_from_index(0, self.raw.height)
        for mask in self.rejected:
            rejected = rejected | mask
        shape = self.raw.select("record", "line", "blank")
        rows = shape.with_columns(
            self.broken.alias("broken"),
            rejected.alias("rejected"),
            *(one.alias(name) for name, one in self.typed.items()),
        )
        problems = self._in_order(pl.concat([pl.DataFrame(schema=PROBLEM_SCHEMA), *self.found]))
        return Normalised(rows, problems, self._quotable())

    def _quotable(self) -> pl.DataFrame:
        fields = self.orders.of_kind(Kind.IDENTIFIER) + self.orders.of_kind(Kind.CONSENT)
        texts = {self._header(one.name): _says_clear(self.cells[one.name]) for one in fields}
        return self.raw.select("record").with_columns(text.alias(header) for header, text in texts.items())

    def _in_order(self, problems: pl.DataFrame) -> pl.DataFrame:
        """A row's problems in the order of the file's columns, those of the whole row first."""
        places = {header: place for place, header in enumerate(self.orders.headers)}
        place = pl.col("column").replace_strict(places, default=-1, return_dtype=pl.Int64)
        return problems.sort("record", place, maintain_order=True)

    # Cells and problems

    def _faults(self) -> None:
        """What the reader found wrong with whole records; a rejected one says nothing more."""
        fault = self.raw["fault"]
        faulty = self.raw.filter(fault.is_not_null()).select(
            "record", "line", column=pl.lit(None, pl.String), value=pl.lit(None, pl.String), code="fault",
            detail=pl.lit(None, pl.String),
        )  # fmt: skip
        self.found.append(faulty)
        self.broken = broken = fault.is_in(["malformed_record", "too_many_cells"]).fill_null(False)
        self.rejected.append(broken)
        if broken.any():
            cells = [name for name in self.raw.columns if name not in ("record", "line", "fault", "blank")]
            self.raw = self.raw.with_columns(pl.when(~broken).then(pl.col(name)).alias(name) for name in cells)

    def _cells(self) -> None:
        """The cells of all columns, scanned together: with small blocks each call would cost more than its work."""
        texts = trimmed(self.raw.select(pl.col(f"c{index}").alias(name) for name, index in self.orders.mapped.items()))
        texts = self._replaced(self._without_nul(texts))
        every = pl.all()
        found = texts.select(
            pl.when((every != "") & (every != CLEAR)).then(every),
            (every == "").fill_null(False).name.suffix(":empty"),
            (every == CLEAR).fill_null(False).name.suffix(":clear"),
        )
        for name in self.orders.mapped:
            self.cells[name] = Cells(found[name], found[f"{name}:empty"], found[f"{name}:clear"])

    def _without_nul(self, texts: pl.DataFrame) -> pl.DataFrame:
        """The texts without those that hold NUL, which are reported."""
        for name in columns_with(texts, "\0"):
            text = texts[name]
            nul = text.str.contains("\0", literal=True).fill_null(False)
            one = self.orders.reference[name]
            rejects = one.kind is Kind.SETTING and one.type is not Type.COUNTRY
            self._flag(name, nul, self._setting_error(nul) if rejects else "nul_in_cell", text)
            texts = texts.with_columns(_where(text, ~nul).alias(name))
        return texts

    def _replaced(self, texts: pl.DataFrame) -> pl.DataFrame:
        """The texts that stand for a setting's unknown values, as the person decided (rules §3)."""
        replacements = self.orders.settings.replacements
        return texts.with_columns(
            pl.col(name).replace(dict(replacements[name])) for name in self.orders.mapped if replacements.get(name)
        )

    def _flag(self, name: str, mask: pl.Series, code: str, text: pl.Series) -> None:
        """Report `code` for the rows of `mask`."""
        if mask.any():
            index = mask.arg_true().cast(pl.UInt32)
            self._report(name, pl.DataFrame({"index": index}).with_columns(code=pl.lit(code)), text)

    def _report(self, name: str, problems: pl.DataFrame, text: pl.Series) -> None:
        """Turn problems of a column (index, code) into problems of rows."""
        if problems.height:
            index = problems["index"]
            self.found.append(
                pl.DataFrame(
                    {
                        "record": self.raw["record"].gather(index),
                        "line": self.raw["line"].gather(index),
                        "column": pl.Series([self._header(name)]).new_from_index(0, len(index)),
                        "value": text.gather(index).str.slice(0, VALUE_CHARACTERS),
                        "code": problems["code"],
                    }
                ).with_columns(detail=pl.lit(None, pl.String))
            )

    def _header(self, name: str) -> str:
        return self.orders.headers[self.orders.mapped[name]]

    def _keep(self, name: str, parsed: Parsed) -> None:
        """Take over a parsed column and its problems."""
        self._report(name, parsed.problems, self.cells[name].text)
        self.typed[name] = parsed.values

    # Identifiers

    def _contacts(self) -> None:
        for one in self.orders.of_kind(Kind.IDENTIFIER):
            if one.name == CUSTOMER_ID:
                continue
            cells = self.cells[one.name]
            junk = self.orders.catalog.project
            if one.name == EMAIL:
                parsed = emails.parse(cells.text)
                parsed = _without_junk(parsed, parsed.values.is_in(list(junk.junk_emails)))
            elif one.name == PHONE:
                parsed = phones.parse(cells.text, self._countries())
                parsed = _without_junk(parsed, _dialled(cells.text, parsed.values).is_in(list(junk.junk_phones)))
            else:
                parsed = values.external_id(cells.text, rounded=one.name in self.orders.evidence.rounded)
            self._keep(one.name, parsed)
            self.typed[erase(one.name)] = cells.clear

    def _countries(self) -> pl.Series | str | None:
        """The country of each row's phone: the row's own, else the import's, else the project's (rules §2.6)."""
        default, _ = country_of(self.orders.settings, self.orders.catalog)
        if "PhoneCountry" not in self.cells:
            return default
        cells = self.cells["PhoneCountry"]
        parsed = countries.parse(cells.text)
        self._report("PhoneCountry", parsed.problems, cells.text)
        self._flag("PhoneCountry", cells.clear, "phone_country_unknown", _says_clear(cells))
        said = cells.text.is_not_null() | cells.clear | self._has_nul("PhoneCountry")
        chosen = pl.select(pl.when(said).then(parsed.values).otherwise(pl.lit(default, pl.String)))
        return chosen.to_series()

    def _customer_id(self) -> None:
        """A CustomerId that is no number stays visible as `given`: it rejects the row in matching (rules §5.0)."""
        if CUSTOMER_ID not in self.cells:
            return
        cells = self.cells[CUSTOMER_ID]
        parsed = values.customer_id(cells.text)
        self.typed[CUSTOMER_ID] = parsed.values
        self.typed["CustomerId:given"] = cells.text.is_not_null() | cells.clear | self._has_nul(CUSTOMER_ID)

    def _has_nul(self, name: str) -> pl.Series:
        """Where the cell of a column, if it is mapped, holds NUL."""
        if name not in self.orders.mapped:
            return pl.Series([False]).new_from_index(0, self.raw.height)
        return self.raw[f"c{self.orders.mapped[name]}"].str.contains("\0", literal=True).fill_null(False)

    # Profile, custom fields, consents

    def _erasable(self, one: Field) -> None:
        cells = self.cells[one.name]
        self._keep(one.name, parse(one, cells.text, self.orders))
        erases = self.orders.settings.empty_cells is EmptyCells.ERASE
        self.typed[erase(one.name)] = cells.clear | cells.empty if erases else cells.clear

    def _plain(self, one: Field) -> None:
        cells = self.cells[one.name]
        self._keep(one.name, parse(one, cells.text, self.orders))
        self._flag(one.name, cells.clear, "clear_not_allowed", _says_clear(cells))

    # Names

    def _full_name(self) -> None:
        """The full name counts only where the three parts say nothing (rules §2.9)."""
        if FULL_NAME not in self.cells:
            return
        cells, height = self.cells[FULL_NAME], self.raw.height
        silent = pl.Series([True]).new_from_index(0, height)
        for part in NAME_PARTS:
            if part in self.cells:
                own = self.cells[part]
                silent = silent & self.typed[part].is_null() & ~own.clear
        split = names.split(_where(cells.text, silent))
        self._report(FULL_NAME, split.problems, cells.text)
        ignored = self._says_else(cells.text, silent) | (cells.clear & ~silent)
        self._flag(FULL_NAME, ignored, "full_name_ignored", _says_clear(cells))
        for part, filled in zip(NAME_PARTS, (split.last, split.first, split.middle), strict=True):
            own_value = self.typed.get(part, pl.Series([None], dtype=pl.String).new_from_index(0, height))
            own_erase = self.typed.get(erase(part), pl.Series([False]).new_from_index(0, height))
            self.typed[part] = own_value.fill_null(filled) if filled.null_count() < height else own_value
            self.typed[erase(part)] = (own_erase & filled.is_null()) | (cells.clear & silent)

    def _says_else(self, text: pl.Series, silent: pl.Series) -> pl.Series:
        """Where an ignored full name has other words than the parts."""
        parts = [self.typed[part].fill_null("") for part in NAME_PARTS if part in self.typed]
        if not parts:
            return ~pl.Series([True]).new_from_index(0, len(text))
        given = pl.select(pl.concat_str(*parts, separator=" ")).to_series()
        return (~silent & text.is_not_null() & (_words(text) != _words(given))).fill_null(False)

    # Settings

    def _settings(self) -> None:
        catalog = self.orders.catalog
        for one in self.orders.of_kind(Kind.SETTING):
            match one.type:
                case Type.API_ENDPOINT:
                    self._lookup(one, lambda text: catalog.api_endpoint(text))
                case Type.TOUCHPOINT:
                    self._lookup(one, lambda text: catalog.touchpoint(text))
                case Type.ACTION_TEMPLATE:
                    self._lookup(one, lambda text: catalog.action_template(text))
                case Type.DATE_TIME:
                    self._date_setting(one)
        self._segments()

    def _lookup(self, one: Field, find: Callable[[str], _Identified | None]) -> None:
        cells = self.cells[one.name]
        self.typed[one.name] = _ids(cells.text, find)
        unknown = (cells.text.is_not_null() & self.typed[one.name].is_null()) | cells.clear
        self._unknown_setting(one.name, unknown)

    def _date_setting(self, one: Field) -> None:
        cells = self.cells[one.name]
        self.typed[one.fills] = parse(one, cells.text, self.orders).values
        self._unknown_setting(one.name, (cells.text.is_not_null() & self.typed[one.fills].is_null()) | cells.clear)

    def _unknown_setting(self, name: str, mask: pl.Series) -> None:
        if mask.any():
            self._flag(name, mask, self._setting_error(mask), _says_clear(self.cells[name]))

    def _setting_error(self, mask: pl.Series) -> str:
        self.rejected.append(mask)
        return "unknown_setting_value"

    def _segments(self) -> None:
        """The segment of each group: the group's own column, else the pair, else the fixed one (rules §3)."""
        pair = self._pair()
        for group in self.orders.segment_groups:
            name = SEGMENT_PREFIX + group.system_name
            chosen = pl.Series([None], dtype=pl.Int64).new_from_index(0, self.raw.height)
            if name in self.cells:
                cells = self.cells[name]
                chosen = _ids(cells.text, group.segment)
                self._unknown_setting(name, cells.text.is_not_null() & chosen.is_null())
                chosen = chosen.set(cells.clear, OUT_OF_GROUP)
            if pair is not None:
                chosen = chosen.fill_null(pair.select(pl.when(pl.col("group") == group.id).then("segment")).to_series())
            if (fixed := self.orders.fixed_segment(group)) is not None:
                chosen = chosen.fill_null(fixed)
            self.typed[group_column(group.id)] = chosen

    def _pair(self) -> pl.DataFrame | None:
        """The columns SegmentationExternalId and SegmentExternalId: group and segment ids.

        Each is judged also where the other one is skipped.
        """
        if GROUP_PAIR not in self.cells and SEGMENT_PAIR not in self.cells:
            return None
        catalog = self.orders.catalog
        group_cells, segment_cells = (self.cells.get(name, self._no_cells()) for name in (GROUP_PAIR, SEGMENT_PAIR))
        group = _ids(group_cells.text, catalog.segment_group)
        pairs = pl.DataFrame({"group": group, "text": segment_cells.text})
        segments = {
            (group_id, text): found.id
            for group_id, text in pairs.drop_nulls().unique().iter_rows()
            for one in catalog.segment_groups
            if one.id == group_id and (found := one.segment(text))
        }
        known = pl.DataFrame(
            [(group_id, text, segment_id) for (group_id, text), segment_id in segments.items()],
            schema={"group": pl.Int64, "text": pl.String, "segment": pl.Int64},
            orient="row",
        )
        joined = pairs.join(known, on=["group", "text"], how="left", maintain_order="left")
        segment = joined["segment"].set(segment_cells.clear & group.is_not_null(), OUT_OF_GROUP)
        wrong_group = (group_cells.text.is_not_null() & group.is_null()) | group_cells.clear
        self._unknown_setting(GROUP_PAIR, wrong_group)
        wrong_group = wrong_group | self._has_nul(GROUP_PAIR)
        said = segment_cells.text.is_not_null() | segment_cells.clear
        self._unknown_setting(SEGMENT_PAIR, said & segment.is_null() & ~wrong_group)
        return pl.DataFrame({"group": group, "segment": segment})

    def _no_cells(self) -> Cells:
        """Those of a column that the file does not have."""
        no = pl.Series([False]).new_from_index(0, self.raw.height)
        return Cells(pl.Series([None], dtype=pl.String).new_from_index(0, self.raw.height), no, no)


def _ids(text: pl.Series, find: Callable[[str], _Identified | None]) -> pl.Series:
    """Ids of the catalog for the texts of a column; null where unknown or no text."""
    known = {one: found.id for one in text.drop_nulls().unique() if (found := find(one))}
    if not known:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(text))
    return text.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Int64)


def _where(series: pl.Series, mask: pl.Series) -> pl.Series:
    """The values where `mask` holds, null elsewhere."""
    return pl.select(pl.when(mask).then(series)).to_series()


def _without_junk(parsed: Parsed, junk: pl.Series) -> Parsed:
    """The column without the values that stand on the junk list, which is all that is said of them (rules §2.11)."""
    if not junk.any():
        return parsed
    index = junk.fill_null(False).arg_true().cast(pl.UInt32)
    others = parsed.problems.filter(~pl.col("index").is_in(index.implode()))
    flagged = pl.DataFrame({"index": index}).with_columns(code=pl.lit("junk_contact"))
    return Parsed(_where(parsed.values, ~junk.fill_null(False)), pl.concat([others, flagged]))


def _dialled(texts: pl.Series, numbers: pl.Series) -> pl.Series:
    """The numbers, and the digits of texts that are none: many a junk number is not valid, and named as what it is."""
    unread = (numbers.is_null() & texts.is_not_null()).arg_true()
    digits = texts.gather(unread).str.replace_all("[^0-9]", "").cast(pl.Int64, strict=False)
    return numbers.clone().scatter(unread, digits)


def _says_clear(cells: Cells) -> pl.Series:
    """The text that a problem quotes: the value, or %CLEAR% itself."""
    return pl.select(pl.when(cells.clear).then(pl.lit(CLEAR)).otherwise(cells.text)).to_series()


def _words(text: pl.Series) -> pl.Series:
    """The words of a name in a fixed order, commas and case aside."""
    return text.str.to_lowercase().str.replace_all(",", " ").str.extract_all(r"\S+").list.sort().list.join(" ")
