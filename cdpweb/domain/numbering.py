"""The numbering plans of the world as vectorised rules, taken from phonenumbers' own metadata.

Each step does for a column what `phonenumberutil` does for one number, so that both always agree.
"""

import re
from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_TYPES = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
    "voicemail",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How the numbers of one region are built. Columns of numbers hold ASCII digits without a calling code."""

    metadata: PhoneMetadata

    @property
    def calling_code(self) -> int:
        """The calling code, which the region may share with others."""
        return int(self.metadata.country_code or 0)

    @property
    def possible_lengths(self) -> tuple[int, ...]:
        """How many digits a number may have."""
        return tuple(self._general.possible_length)

    @property
    def leading_digits(self) -> str | None:
        """A pattern of first digits by which the region claims numbers of a shared calling code."""
        leading = self.metadata.leading_digits
        return _at_start(leading) if leading else None

    def is_valid(self, numbers: pl.Series) -> pl.Series:
        """Whether each number is one of a type that the region has."""
        lengths = numbers.str.len_bytes()
        typed = lengths.is_in([])
        for pattern, allowed in self._types_by_length.items():
            typed |= lengths.is_in(allowed) & numbers.str.contains(pattern)
        return typed & self._is_viable(numbers)

    def significant(self, numbers: pl.Series) -> pl.Series:
        """The numbers without the national prefix, where what remains is long enough for the region."""
        stripped = self.without_prefix(numbers)
        lengths = stripped.str.len_bytes()
        fits = lengths.is_in(self.possible_lengths) | (lengths > max(self.possible_lengths))
        return stripped.zip_with(fits & ~lengths.is_in(self._local_lengths), numbers)

    def without_prefix(self, numbers: pl.Series) -> pl.Series:
        """The numbers without a national prefix and carrier code, unless only with them they look like the region's."""
        prefix = self.metadata.national_prefix_for_parsing
        if not prefix or not (found := numbers.str.contains(_at_start(prefix))).any():
            return numbers
        stripped = numbers.str.replace(_at_start(prefix), "")
        if transform := self.metadata.national_prefix_transform_rule:
            last_group = numbers.str.extract(_at_start(prefix), re.compile(prefix).groups)
            transformed = numbers.str.replace(_at_start(prefix), re.sub(r"\\(\d)", r"${\1}", transform))
            stripped = transformed.zip_with(last_group.is_not_null(), stripped)
        lost = self._is_viable(numbers) & ~self._is_viable(stripped)
        return stripped.zip_with(found & ~lost, numbers)

    def after_exit_code(self, numbers: pl.Series) -> pl.Series:
        """What follows the digits that are dialled in the region before an international number; null without them."""
        exit_code = self.metadata.international_prefix
        if not exit_code or not (found := numbers.str.contains(_at_start(exit_code))).any():
            return _nulls(numbers)
        rest = numbers.str.replace(_at_start(exit_code), "")
        return pl.select(pl.when(found & ~rest.str.starts_with("0")).then(rest)).to_series()

    def after_own_code(self, numbers: pl.Series) -> pl.Series:
        """What follows the region's own calling code where it was dialled without a plus; null where it was not."""
        code = str(self.calling_code)
        begun = numbers.str.starts_with(code).arg_true()
        if begun.is_empty():
            return _nulls(numbers)
        whole = numbers.gather(begun)
        rest = self.without_prefix(whole.str.slice(len(code)))
        better = ~self._is_viable(whole) & self._is_viable(rest)
        return _nulls(numbers).scatter(
            begun, pl.select(pl.when(better | self.is_too_long(whole)).then(rest)).to_series()
        )

    def is_too_long(self, numbers: pl.Series) -> pl.Series:
        """Whether each number has more digits than any of the region."""
        lengths = numbers.str.len_bytes()
        return (lengths > max(self.possible_lengths)) & ~lengths.is_in(self._local_lengths)

    def is_too_short(self, numbers: pl.Series) -> pl.Series:
        """Whether each number has fewer digits than any of the region, or can be dialled only in its own town."""
        lengths = numbers.str.len_bytes()
        return (lengths < min(self.possible_lengths)) | lengths.is_in(self._local_lengths)

    def _is_viable(self, numbers: pl.Series) -> pl.Series:
        """Whether each number has the general form of the region's."""
        return numbers.str.contains(_whole(self._general.national_number_pattern or "[^0-9]"))

    @property
    def _general(self) -> PhoneNumberDesc:
        return self.metadata.general_desc or PhoneNumberDesc()

    @property
    def _local_lengths(self) -> tuple[int, ...]:
        return tuple(self._general.possible_length_local_only)

    @cached_property
    def _types_by_length(self) -> dict[str, list[int]]:
        """One pattern of all types that may have a length, with the lengths it holds for."""
        lengths: dict[str, list[int]] = {}
        for length in self.possible_lengths:
            types = [_digits(one.national_number_pattern) for one in self._types if _may_have(one, length)]
            if types:
                lengths.setdefault(f"^(?:{'|'.join(types)})$", []).append(length)
        return lengths

    @property
    def _types(self) -> list[PhoneNumberDesc]:
        types = (getattr(self.metadata, name) for name in _TYPES)
        return [one for one in types if one is not None and one.national_number_pattern]


def _may_have(type_: PhoneNumberDesc, length: int) -> bool:
    return not type_.possible_length or length in type_.possible_length


def _nulls(numbers: pl.Series) -> pl.Series:
    return pl.repeat(None, len(numbers), dtype=pl.String, eager=True)


def _digits(pattern: str | None) -> str:
    """The pattern for ASCII digits only: `\\d` would mean every script's."""
    return f"(?:{(pattern or '').replace(chr(92) + 'd', '[0-9]')})"


def _at_start(pattern: str) -> str:
    return f"^{_digits(pattern)}"


def _whole(pattern: str) -> str:
    return f"^{_digits(pattern)}$"


@cache
def plan_of(country: str) -> Plan | None:
    """The numbering plan of a country (ISO 3166 alpha-2)."""
    metadata = PhoneMetadata.metadata_for_region(country)
    return Plan(metadata) if metadata else None


@cache
def plans_of(calling_code: int) -> tuple[Plan, ...]:
    """The plans that share a calling code, the main one first."""
    regions = COUNTRY_CODE_TO_REGION_CODE[calling_code]
    known = (PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region) for region in regions)
    return tuple(Plan(metadata) for metadata in known if metadata)


def are_valid(calling_code: int, numbers: pl.Series) -> pl.Series:
    """Whether each national number is valid in the first region of the calling code that claims it."""
    rest = pl.DataFrame({"at": pl.int_range(len(numbers), eager=True), "number": numbers})
    # What fits nowhere, as most junk does, is not held against the patterns of every region.
    rest = rest.filter(pl.col("number").str.len_bytes().is_in(_possible_lengths(calling_code)))
    valid: list[pl.Series] = []
    for plan in plans_of(calling_code):
        leading = plan.leading_digits
        claimed = rest["number"].str.contains(leading) if leading else plan.is_valid(rest["number"])
        mine = rest.filter(claimed)
        valid.append((mine.filter(plan.is_valid(mine["number"])) if leading else mine)["at"])
        rest = rest.filter(~claimed)
        if rest.is_empty():
            break
    return pl.repeat(False, len(numbers), dtype=pl.Boolean, eager=True).scatter(pl.concat(valid), True)


@cache
def _possible_lengths(calling_code: int) -> list[int]:
    """How many digits a national number of the calling code may have."""
    return sorted({length for plan in plans_of(calling_code) for length in plan.possible_lengths})


@cache
def _codes_by_start() -> pl.Series:
    """The calling code of every start of three digits, from 000 to 999; null where there is none."""
    starts = [f"{start:03d}" for start in range(1000)]
    codes = [next((int(s[:n]) for n in (1, 2, 3) if int(s[:n]) in COUNTRY_CODE_TO_REGION_CODE), None) for s in starts]
    return pl.Series([None if s[0] == "0" else code for s, code in zip(starts, codes, strict=True)], dtype=pl.UInt16)


def calling_codes(numbers: pl.Series) -> pl.Series:
    """The calling code (UInt16) that each international number begins with; null where it has none."""
    # One or two digits are no start, and stand for one that begins with a zero, which is none either.
    starts = numbers.str.head(3).cast(pl.UInt16, strict=False)
    return _codes_by_start().gather(starts)
