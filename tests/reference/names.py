"""The full name, which is never stored (rules 2.9)."""

import re

from cdpweb.domain.fields import FIRST_NAME, LAST_NAME, MIDDLE_NAME, NAME_PARTS

from .cells import ABSENT, Cell, State

PATRONYMIC = re.compile(
    r".+(ович|евич|овна|евна|ична|івна|ївна|йович|авіч|евіч|овіч|аўна|еўна|оўна"
    r"|ovich|evich|ovna|evna|ichna|ovych|yovych|ivna|yivna)",
    re.IGNORECASE,
)
PATRONYMICS = {"ильич", "кузьмич", "лукич", "фомич", "никитич", "ilyich", "kuzmich", "lukich", "fomich"}


def parts_of(full: Cell, parts: dict[str, Cell]) -> tuple[dict[str, Cell], str | None]:
    """What the full name's cell makes of the three part cells, and its problem."""
    if full.state not in (State.VALUE, State.CLEAR):
        return parts, None
    if any(parts.get(part, ABSENT).state in (State.VALUE, State.CLEAR) for part in NAME_PARTS):
        return parts, None if _says_the_same(full, parts) else "full_name_ignored"
    if full.state is State.CLEAR:
        return dict.fromkeys(NAME_PARTS, full), None
    split = split_name(full.value)
    if any(len(text) > 100 for text in split.values()):
        return parts, "text_too_long"
    filled = {part: Cell(State.VALUE, text, full.text) for part, text in split.items()}
    words = full.value.split()
    return parts | filled, "name_not_split" if "," not in full.value and len(words) > 3 else None


def _says_the_same(full: Cell, parts: dict[str, Cell]) -> bool:
    """Whether the words are those of the part cells, in any order."""
    ours = " ".join(cell.value for cell in parts.values() if cell.state is State.VALUE)
    return full.state is State.VALUE and _words(full.value) == _words(ours)


def _words(text: str) -> list[str]:
    return sorted(text.replace(",", " ").lower().split())


def split_name(full: str) -> dict[str, str]:
    """The parts that a full name fills."""
    if "," in full:
        last, _, rest = full.partition(",")
        first, _, middle = " ".join(rest.replace(",", " ").split()).partition(" ")
        parts = {LAST_NAME: last.strip(), FIRST_NAME: first, MIDDLE_NAME: middle}
        return {part: text for part, text in parts.items() if text}
    words = full.split(" ")
    order: tuple[str, ...]
    if len(words) == 2:
        order = (FIRST_NAME, LAST_NAME)
    elif len(words) == 3 and _is_patronymic(words[2]):
        order = (LAST_NAME, FIRST_NAME, MIDDLE_NAME)
    elif len(words) == 3:
        order = (FIRST_NAME, MIDDLE_NAME, LAST_NAME)
    else:
        return {FIRST_NAME: full}
    return dict(zip(order, words, strict=True))


def _is_patronymic(word: str) -> bool:
    return bool(PATRONYMIC.fullmatch(word)) or word.lower() in PATRONYMICS
