"""What a paused task asks, in words with its possible answers, and what an answer does to it (rules §1.5, §2.7, §3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from cdpweb.domain.catalog import Catalog
from cdpweb.domain.fields import Field, Type, fields
from cdpweb.domain.settings import DateOrder
from cdpweb.models import Task
from cdpweb.models.snapshot import snapshot
from cdpweb.services.refused import Refused

SKIP_EMPTY = "skip"
REJECT_ROWS = ""
NAMELESS_COLUMNS = "nameless_columns"
EMPTY_COLUMNS, DATE_ORDER, UNKNOWN_VALUES = "empty_columns", "date_order", "unknown_setting_values"


class Choice(NamedTuple):
    """One possible answer: the value to send and its words."""

    value: str
    words: str


class Asked(NamedTuple):
    """One thing that a paused task asks: its `key` names the form field of the answer.

    `about` is what is asked about (a header, the text of a cell), `rows` how many rows have it, None where that says
    nothing.
    """

    key: str
    about: str
    rows: int | None
    choices: tuple[Choice, ...]


class Question(NamedTuple):
    """A question of a paused task, in words, with all the things asked under it."""

    kind: str
    sentence: str
    samples: tuple[str, ...]
    asked: tuple[Asked, ...]


def questions_of(session: Session, task: Task) -> tuple[Question, ...]:
    """What the task asks; nothing where it does not."""
    if not task.questions:
        return ()
    catalog = snapshot(session)
    return tuple(_IN_WORDS[stored["kind"]](stored, catalog) for stored in task.questions)


def answer_all(session: Session, task: Task, answers: Mapping[str, str]) -> None:
    """Take the answers, by `Asked.key`, over into the task. Raises Refused with a sentence per key."""
    asked = questions_of(session, task)
    _refuse_impossible(asked, answers)
    for stored, question in zip(task.questions or [], asked, strict=True):
        _TAKE_OVER[question.kind](task, stored, question, answers)
    task.questions = None


def _refuse_impossible(asked: Sequence[Question], answers: Mapping[str, str]) -> None:
    sentences = {
        one.key: f"Choose an answer for “{one.about}”."
        for question in asked
        for one in question.asked
        if answers.get(one.key) not in {choice.value for choice in one.choices} - _unanswered(question)
    }
    if sentences:
        raise Refused(sentences)


def _unanswered(question: Question) -> set[str]:
    """The choice that only says that there is no answer yet."""
    return {""} if question.kind in (DATE_ORDER, NAMELESS_COLUMNS) else set()


# In words


def _nameless_columns(stored: Mapping[str, Any], _catalog: Catalog) -> Question:
    numbers = ", ".join(f"column {position + 1}" for position in stored["positions"])
    many = len(stored["positions"]) > 1
    sentence = (
        f"There are values below {'headers that are' if many else 'a header that is'} empty ({numbers}). "
        f"Skip {'them' if many else 'it'}, or cancel, name {'them' if many else 'it'} in the header and launch it anew."
    )
    choices = (Choice("", "choose …"), Choice(SKIP_EMPTY, f"Skip {'all of them' if many else 'it'}"))
    return Question(NAMELESS_COLUMNS, sentence, (), (Asked(NAMELESS_COLUMNS, numbers, None, choices),))


def _empty_columns(stored: Mapping[str, Any], _catalog: Catalog) -> Question:
    headers = [header.strip() for header in stored["columns"]]
    many = len(headers) > 1
    sentence = (
        f"{len(headers):,} columns have a header but no value in any row. Skip them, or cancel and mend the file."
        if many
        else "One column has a header but no value in any row. Skip it, or cancel and mend the file."
    )
    words = f"Skip {'all of them' if many else 'it'}"
    asked = Asked(EMPTY_COLUMNS, ", ".join(headers), None, (Choice(SKIP_EMPTY, words),))
    return Question(EMPTY_COLUMNS, sentence, (), (asked,))


def _date_order(stored: Mapping[str, Any], _catalog: Catalog) -> Question:
    header = stored["column"].strip()
    choices = (
        Choice("", "choose …"),
        Choice(DateOrder.DAY_FIRST.value, "day first: 03/04/2026 is 3 April"),
        Choice(DateOrder.MONTH_FIRST.value, "month first: 03/04/2026 is 4 March"),
    )
    sentence = (
        f"The dates in “{header}” can be read in two ways: no value shows whether the day or the month comes first."
    )
    asked = Asked(f"{DATE_ORDER}-{stored['field']}", header, None, choices)
    return Question(DATE_ORDER, sentence, tuple(stored["samples"]), (asked,))


def _unknown_values(stored: Mapping[str, Any], catalog: Catalog) -> Question:
    header, values = stored["column"].strip(), stored["values"]
    known = fields(catalog).get(stored["field"])
    choices = (Choice(REJECT_ROWS, "reject its rows"), *(_known(known, catalog) if known else ()))
    many = len(values) > 1
    sentence = (
        f"{len(values):,} {'values' if many else 'value'} in “{header}” {'are' if many else 'is'} not known here. "
        f"Choose what {'each' if many else 'it'} stands for; or create it in the settings first and leave this as it "
        "is. What is still unknown then has its rows rejected."
    )
    asked = tuple(
        Asked(f"value-{stored['field']}-{number}", one["value"], one["count"], choices)
        for number, one in enumerate(values)
    )
    return Question(UNKNOWN_VALUES, sentence, (), asked)


def _known(field: Field, catalog: Catalog) -> Iterator[Choice]:
    """Every text that a cell of a settings column may say."""
    if field.type is Type.TOUCHPOINT:
        return (Choice(f"={one.external_id}", one.name) for one in catalog.touchpoints)
    if field.type is Type.SEGMENT:
        prefixed = ((group, one) for group in catalog.segment_groups for one in group.segments)
        own = [
            (group, one)
            for group, one in prefixed
            if field.name in (f"Segment{group.system_name}", "SegmentExternalId")
        ]
        return (Choice(f"={one.system_name}", f"{group.name} › {one.name}") for group, one in own)
    named: Sequence[Any] = {
        Type.API_ENDPOINT: catalog.api_endpoints,
        Type.ACTION_TEMPLATE: catalog.action_templates,
        Type.SEGMENT_GROUP: catalog.segment_groups,
    }[field.type]
    return (Choice(f"={one.system_name}", one.name) for one in named)


_IN_WORDS = {
    NAMELESS_COLUMNS: _nameless_columns,
    EMPTY_COLUMNS: _empty_columns,
    DATE_ORDER: _date_order,
    UNKNOWN_VALUES: _unknown_values,
}


# Taken over


def _skip_nameless(_task: Task, _stored: Mapping[str, Any], _question: Question, _answers: Mapping[str, str]) -> None:
    """They fill nothing as it is."""


def _skip_empty(task: Task, stored: Mapping[str, Any], _question: Question, _answers: Mapping[str, str]) -> None:
    empty = set(stored["columns"])
    pairs = zip(task.header, task.columns, strict=True)
    task.columns = [None if header in empty else name for header, name in pairs]
    task.answers = task.answers | {EMPTY_COLUMNS: SKIP_EMPTY}


def _order_dates(task: Task, stored: Mapping[str, Any], question: Question, answers: Mapping[str, str]) -> None:
    orders = task.settings["date_orders"] | {stored["field"]: answers[question.asked[0].key]}
    task.settings = task.settings | {"date_orders": orders}


def _replace_values(task: Task, stored: Mapping[str, Any], question: Question, answers: Mapping[str, str]) -> None:
    chosen = {
        one.about: answers[one.key].removeprefix("=") for one in question.asked if answers[one.key] != REJECT_ROWS
    }
    before = task.settings["replacements"]
    replacements = before | {stored["field"]: before.get(stored["field"], {}) | chosen}
    task.settings = task.settings | {"replacements": replacements if chosen else before}
    task.answers = task.answers | {UNKNOWN_VALUES: "reject"}


_TAKE_OVER = {
    NAMELESS_COLUMNS: _skip_nameless,
    EMPTY_COLUMNS: _skip_empty,
    DATE_ORDER: _order_dates,
    UNKNOWN_VALUES: _replace_values,
}
