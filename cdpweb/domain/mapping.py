"""The header of a file against the column reference: what each column fills, and what cannot be (rules §1.5, §3)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from cdpweb.domain.fields import CUSTOMER_ID, GROUP_PAIR, SEGMENT_PAIR, Field, Kind
from cdpweb.domain.settings import Switch
from cdpweb.domain.tasks import TaskKind

SKIP = None
"""The decision to skip a column."""

Decisions = Mapping[int, str | None]
"""What a person decided, by the column's position from 0: the name of a field, or SKIP."""

MAX_PROPOSALS = 3
MAX_PROPOSED_CHARACTERS = 200
NEAR_MISS_SCORE = 85
"""The least rapidfuzz WRatio of a proposal; chosen on sample headers, see docs/decisions.md."""

_IGNORED = re.compile(r"[\s_-]+")


class How(StrEnum):
    """How a column came to its field, or why it has none."""

    KNOWN = "known"
    CHOSEN = "chosen"
    SKIPPED = "skipped"
    NAMELESS = "nameless"
    IRRELEVANT = "irrelevant"


@dataclass(frozen=True)
class Column:
    """One column of a file: its position from 0, its header as written, the field it fills and how that came.

    `proposals` names fields for a column that fills nothing yet; the best comes first.
    """

    position: int
    header: str
    how: How
    field: str | None = None
    proposals: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The column as a sentence names it: “Sales rep”, or by its number where the header cell is empty."""
        return f"“{self.header.strip()}”" if self.header.strip() else f"column {self.position + 1}"


@dataclass(frozen=True)
class Finding:
    """Why a header cannot be imported as it is: `code` for programs, a sentence, the positions of its columns."""

    code: str
    sentence: str
    positions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layout:
    """All columns of a file, in its order."""

    columns: tuple[Column, ...]
    reference: Mapping[str, Field]

    @property
    def fields(self) -> tuple[str | None, ...]:
        """For each column the field it fills, or None: what is frozen into the task."""
        return tuple(column.field for column in self.columns)

    @cached_property
    def mapped(self) -> Mapping[str, Column]:
        """The (first) column that fills each field."""
        return {column.field: column for column in reversed(self.columns) if column.field is not None}

    @property
    def known(self) -> list[Column]:
        """The columns that fill something."""
        return [column for column in self.columns if column.field is not None]

    @property
    def irrelevant(self) -> list[Column]:
        """The columns that wait for a decision: map or skip."""
        return [column for column in self.columns if column.how is How.IRRELEVANT]

    @property
    def nameless(self) -> list[Column]:
        """The columns without a header, over cells that are empty as far as is known; they are dropped with a note."""
        return [column for column in self.columns if column.how is How.NAMELESS]

    @property
    def skipped(self) -> list[Column]:
        """The columns that the person skipped."""
        return [column for column in self.columns if column.how is How.SKIPPED]

    @property
    def switches(self) -> frozenset[Switch]:
        """The switches that the mapped settings columns turn on (rules §3)."""
        mapped = (self.reference[name] for name in self.mapped if name in self.reference)
        return frozenset(one.switch for one in mapped if one.switch)


def key_of(header: str) -> str:
    """A header as it is compared: without case, spaces, `_` and `-` (rules §1.5)."""
    return _IGNORED.sub("", header.casefold())


def map_header(
    header: Sequence[str],
    reference: Mapping[str, Field],
    decisions: Decisions | None = None,
    *,
    skip_unknown: bool = False,
    filled: Iterable[int] = (),
) -> Layout:
    """Each column of `header` with the field of `reference` (fields.fields) that it fills (rules §1.5).

    A decision beats the header's own name. `skip_unknown` skips what then fills nothing. `filled` are the positions
    where values were seen: a nameless column over values is irrelevant, over nothing it is dropped.
    """
    return _Mapper(reference, decisions or {}, skip_unknown, frozenset(filled)).layout(header)


class _Mapper:
    def __init__(
        self, reference: Mapping[str, Field], decisions: Decisions, skip_unknown: bool, filled: frozenset[int]
    ) -> None:
        self.reference, self.decisions, self.skip_unknown, self.filled = reference, decisions, skip_unknown, filled
        self.names = {key_of(word): one.name for one in reference.values() for word in (one.name, *one.aliases)}

    def layout(self, header: Sequence[str]) -> Layout:
        columns = [self._column(position, text) for position, text in enumerate(header)]
        taken = {one.fills for column in columns if (one := self.reference.get(column.field or ""))}
        free = [one for one in self.reference.values() if one.fills not in taken]
        return Layout(tuple(self._with_proposals(column, free) for column in columns), self.reference)

    def _column(self, position: int, text: str) -> Column:
        if position in self.decisions:
            decided = self.decisions[position]
            return Column(position, text, How.SKIPPED if decided is SKIP else How.CHOSEN, decided)
        if not text.strip() and position not in self.filled:
            return Column(position, text, How.NAMELESS)
        if known := self.names.get(key_of(text)):
            return Column(position, text, How.KNOWN, known)
        return Column(position, text, How.SKIPPED if self.skip_unknown else How.IRRELEVANT)

    def _with_proposals(self, column: Column, free: list[Field]) -> Column:
        if column.how is not How.IRRELEVANT:
            return column
        return Column(column.position, column.header, column.how, proposals=proposals(column.header, free))


def proposals(header: str, free: Iterable[Field]) -> tuple[str, ...]:
    """The fields among `free` that a header may mean: those with it as a synonym, then near misses (rules §1.5)."""
    from rapidfuzz import fuzz, process  # most headers are known, and do without

    spellings = [(key_of(word), one.name) for one in free for word in (one.name, *one.aliases, *one.synonyms)]
    meant = key_of(header[:MAX_PROPOSED_CHARACTERS])
    exact = [name for key, name in spellings if key == meant]
    near = process.extract(
        meant, [key for key, _ in spellings], scorer=fuzz.WRatio, score_cutoff=NEAR_MISS_SCORE, limit=None
    )
    ranked = exact + [spellings[index][1] for _, _, index in near]
    return tuple(dict.fromkeys(ranked))[:MAX_PROPOSALS] if meant else ()


# What cannot be


def findings(layout: Layout, task: TaskKind, from_file: frozenset[Switch]) -> list[Finding]:
    """Everything the header shows that refuses a launch, in the order of the columns (rules §1.5, §3, §5.6)."""
    return [
        *_undecided(layout),
        *_unknown_fields(layout),
        *_twice(layout),
        *_no_identifier(layout),
        *_customer_id_in_add(layout, task),
        *_half_a_pair(layout),
        *_switched_off(layout, from_file),
        *_missing_for_switches(layout, task, from_file),
    ]


def _undecided(layout: Layout) -> Iterator[Finding]:
    for column in layout.irrelevant:
        sentence = f"{_capital(column.words)} fills nothing. Map it to a field or skip it."
        yield Finding("irrelevant_column", sentence, (column.position,))


def _unknown_fields(layout: Layout) -> Iterator[Finding]:
    """A decision for a field that there is not (any more)."""
    for column in layout.known:
        if column.field not in layout.reference:
            what = f"{_capital(column.words)} is mapped to “{column.field}”"
            sentence = f"{what}, which is no field here. Choose another field or skip the column."
            yield Finding("unknown_field", sentence, (column.position,))


def _twice(layout: Layout) -> Iterator[Finding]:
    slots = [(column, one.fills) for column in layout.known if (one := layout.reference.get(column.field or ""))]
    for slot, count in Counter(slot for _, slot in slots).items():
        if count > 1:
            same = [column for column, filled in slots if filled == slot]
            sentence = f"{_listed([column.words for column in same])} fill the same field, {slot}. Skip all but one."
            yield Finding("duplicate_column", _capital(sentence), tuple(column.position for column in same))


def _no_identifier(layout: Layout) -> Iterator[Finding]:
    identifiers = [one.name for one in layout.reference.values() if one.kind is Kind.IDENTIFIER]
    if not any(name in layout.mapped for name in identifiers):
        yield Finding(
            "no_identifier_column",
            "No column identifies the customers. Add or map at least one of "
            f"{_listed(identifiers, 'or')}; if the columns look wrong, check the delimiter and the header line.",
        )


def _customer_id_in_add(layout: Layout, task: TaskKind) -> Iterator[Finding]:
    if task is TaskKind.ADD and (column := layout.mapped.get(CUSTOMER_ID)):
        yield Finding(
            "customer_id_in_add",
            f"{_capital(column.words)} names customers who exist, and “{task.label}” only adds new ones. "
            "Skip the column, or choose another task.",
            (column.position,),
        )


def _half_a_pair(layout: Layout) -> Iterator[Finding]:
    for name, partner in ((GROUP_PAIR, SEGMENT_PAIR), (SEGMENT_PAIR, GROUP_PAIR)):
        if (column := layout.mapped.get(name)) and partner not in layout.mapped:
            sentence = f"{_capital(column.words)} goes with a column {partner}, which the file lacks."
            yield Finding("missing_column", f"{sentence} Add it, or skip this one.", (column.position,))


def _switched_off(layout: Layout, from_file: frozenset[Switch]) -> Iterator[Finding]:
    for name, column in layout.mapped.items():
        switch = layout.reference[name].switch if name in layout.reference else None
        if switch and switch not in from_file:
            yield Finding(
                "switched_off_column",
                f"{_capital(column.words)} sets the {_WORDS[switch]} of each row, but “use the value from the file” "
                "is off for it. Turn it on, or skip the column.",
                (column.position,),
            )


def _missing_for_switches(layout: Layout, task: TaskKind, from_file: frozenset[Switch]) -> Iterator[Finding]:
    for switch in sorted(from_file):
        needed = required_columns(switch, task, layout.reference)
        if not any(name in layout.mapped for name in needed):
            yield Finding(
                "missing_column",
                f"The {_WORDS[switch]} is to be taken from the file, but the file has no column "
                f"{_listed(needed, 'or') or 'for it, for there is no segment group yet'}. "
                "Add or map it, or turn “use the value from the file” off.",
            )


_WORDS = {
    Switch.API_ENDPOINT: "API endpoint",
    Switch.TOUCHPOINT: "touchpoint",
    Switch.SEGMENT: "segment",
    Switch.SOURCE_ACTION: "source action",
    Switch.EXISTING_ACTION: "action for existing customers",
    Switch.DATE: "date of the action",
    Switch.PHONE_COUNTRY: "phone country",
}
_PER_OUTCOME = {Switch.TOUCHPOINT, Switch.DATE}
_OF_ACTION = {Switch.SOURCE_ACTION: "Source", Switch.EXISTING_ACTION: "LastUpdate"}
_OF_TASK = {TaskKind.ADD: "Source", TaskKind.EDIT: "LastUpdate"}


def required_columns(switch: Switch, task: TaskKind, reference: Mapping[str, Field]) -> list[str]:
    """The columns of which a file needs at least one when a switch is on (rules §3).

    *Add customers* needs the Source column, *Edit customers* the LastUpdate column, *Customer import* any.
    """
    names = [one.name for one in reference.values() if one.switch == switch]
    if switch in _PER_OUTCOME and task in _OF_TASK:
        return [name for name in names if name.startswith(_OF_TASK[task])]
    if switch in _OF_ACTION:
        return [f"{_OF_TASK.get(task, _OF_ACTION[switch])}ActionTemplate"]
    return names


def _listed(words: Sequence[str], conjunction: str = "and") -> str:
    """Words as a sentence lists them: "a, b and c"."""
    return f" {conjunction} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
