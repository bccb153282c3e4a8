"""Names and full names (rules 2.4, 2.9)."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdpweb.domain import names
from cdpweb.domain.columns import Parsed
from cdpweb.domain.nfc import nfc
from tests.domain.columns import cells, one, read, readings

Split = tuple[str | None, str | None, str | None, tuple[str, ...]]


def split(*texts: str | None) -> list[Split]:
    """Last, first, middle name and codes of every cell."""
    found = names.split(cells(texts))
    codes = [codes for _, codes in readings(Parsed(found.first, found.problems))]
    return list(zip(found.last.to_list(), found.first.to_list(), found.middle.to_list(), codes, strict=True))


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Anna", "Anna"),
        ("'t Hooft", "'t Hooft"),
        ("van  der\tBerg", "van der Berg"),
        ("Anna\u00a0Maria", "Anna Maria"),
        ("Anna\r\nMaria", "Anna Maria"),
        ("Mu\u0308ller", "Müller"),
        ("Андреи\u0306", "Андрей"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("\u1112\u1161\u11ab", "한"),
        ("x" * 100, "x" * 100),
        ("e\u0301" * 100, "é" * 100),
        ("a" + " " * 200 + "b", "a b"),
    ],
)
def test_names_are_kept(raw: str, kept: str) -> None:
    """rules 2.4: NFC, inner white space made single, up to 100 characters; 2.10: their apostrophe is their own."""
    assert one(names.name, raw) == kept


def test_long_names_are_skipped() -> None:
    """rules 2.4: over 100 characters."""
    assert one(names.name, "x" * 101) == "text_too_long"


def test_absent_names_stay_absent() -> None:
    assert read(names.name, None, "Anna", None) == [(None, ()), ("Anna", ()), (None, ())]
    assert split(None, "Anna") == [(None, None, None, ()), (None, "Anna", None, ())]
    assert split() == []


@pytest.mark.parametrize(
    ("full", "last", "first", "middle"),
    [
        ("Smith, Anna Maria", "Smith", "Anna", "Maria"),
        ("Smith,Anna", "Smith", "Anna", None),
        ("van der Berg , Anna  Maria Louise", "van der Berg", "Anna", "Maria Louise"),
        ("King, Martin Luther, Jr.", "King", "Martin", "Luther Jr."),
        ("Smith,", "Smith", None, None),
        (", Anna", None, "Anna", None),
        (", ,", None, None, None),
        ("Anna", None, "Anna", None),
        ("Anna Smith", "Smith", "Anna", None),
        ("Anna\u00a0\u00a0Smith", "Smith", "Anna", None),
        ("Anna Maria Smith", "Smith", "Anna", "Maria"),
        ("Сидоров Иван Петрович", "Сидоров", "Иван", "Петрович"),
        ("Sidorov Ivan Petrovich", "Sidorov", "Ivan", "Petrovich"),
        ("Иван Петрович Сидоров", "Сидоров", "Иван", "Петрович"),
        ("Ana Marija Petrović", "Petrović", "Ana", "Marija"),
        ("Johann Maria Heinrich", "Heinrich", "Johann", "Maria"),
        ("Иванова Анна", "Анна", "Иванова", None),
    ],
)
def test_full_names_in_parts(full: str, last: str | None, first: str | None, middle: str | None) -> None:
    """rules 2.9: at a comma, else by words."""
    assert split(full) == [(last, first, middle, ())]


@pytest.mark.parametrize(
    "patronymic",
    [
        "Иванович", "Сергеевич", "Соловьёвич", "Ильич", "КУЗЬМИЧ", "Лукич", "Никитич", "Ивановна", "СЕРГЕЕВНА",
        "Ильинична", "Фоминична", "Никитична", "Петрівна", "Сергіївна", "Андрійович", "Іллівна", "Іванавіч",
        "Андрэевіч", "Іванаўна", "Сяргееўна", "Ivanovich", "Sergeyevich", "SERGEEVICH", "Ilyich", "Il'ich", "Lukich",
        "Ivanovna", "Sergeyevna", "Ilyinichna", "Nikitichna", "Petrivna", "Serhiivna", "Andriyovych", "Andreevych",
    ],
)  # fmt: skip
def test_patronymics(patronymic: str) -> None:
    """rules 2.9: three words that end with an East Slavic patronymic begin with the last name."""
    assert split(f"Аль Бе {patronymic}") == [("Аль", "Бе", patronymic, ())]


def test_four_words_are_not_split() -> None:
    """rules 2.9: four or more words all go to the first name, with a warning."""
    assert split("Anna Maria  Louise Smith") == [(None, "Anna Maria Louise Smith", None, ("name_not_split",))]


@pytest.mark.parametrize(
    ("full", "result"),
    [
        (f"{'x' * 100}, {'y' * 100} {'z' * 97}", ("x" * 100, "y" * 100, "z" * 97, ())),
        (f"{'x' * 100}, {'y' * 100} {'z' * 98}", (None, None, None, ("text_too_long",))),
        (f"Smith, Anna {'z' * 101}", (None, None, None, ("text_too_long",))),
        (f"Anna {'x' * 101}", (None, None, None, ("text_too_long",))),
        ("ab " * 33 + "a", (None, "ab " * 33 + "a", None, ("name_not_split",))),
        ("ab " * 33 + "ab", (None, None, None, ("text_too_long",))),
    ],
)
def test_long_full_names_are_skipped(full: str, result: Split) -> None:
    """rules 2.9, 2.4: up to 300 characters, each part up to 100."""
    assert split(full) == [result]


# One cell after the other, as the rules spell it out.

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
PATRONYMICS = ("ович", "овна", "ovych", "ichna")


def single_spaced(raw: str) -> str:
    return re.sub(f"[{WHITE_SPACE}]+", " ", unicodedata.normalize("NFC", raw))


def read_name(raw: str) -> tuple[str | None, tuple[str, ...]]:
    text = single_spaced(raw)
    return (text, ()) if len(text) <= 100 else (None, ("text_too_long",))


def read_full_name(raw: str) -> Split:
    text = single_spaced(raw)
    last, first, middle, codes = parts_of(text)
    if len(text) > 300 or any(len(part) > 100 for part in (last, first, middle)):
        return None, None, None, ("text_too_long",)
    return last or None, first or None, middle or None, codes


def parts_of(text: str) -> tuple[str, str, str, tuple[str, ...]]:
    if "," in text:
        last, given = text.split(",", 1)
        first, *others = given.replace(",", " ").split() or [""]
        return last.strip(), first, " ".join(others), ()
    match text.split(" "):
        case [first]:
            return "", first, "", ()
        case [first, last]:
            return last, first, "", ()
        case [last, first, middle] if middle.lower().endswith(PATRONYMICS):
            return last, first, middle, ()
        case [first, middle, last]:
            return last, first, middle, ()
    return "", text, "", ("name_not_split",)


SPACES = st.sampled_from([" ", " ", "  ", "\u00a0", "\t", "\u2003 "])
WORDS = st.one_of(
    st.sampled_from(
        ["Anna", "Smith", "Smith,", ",", "Петрович", "Ивановна", "IVANOVYCH", "Ilinichna", "van", "И\u0306", "x" * 99]
    ),
    st.text("aeéu\u0308\u0301ñЙи\u0306\u1112\u1161\u11abÅ\u212b'.-", min_size=1, max_size=5),
)  # fmt: skip
NAMES = st.lists(WORDS, min_size=1, max_size=5).flatmap(
    lambda words: SPACES.map(lambda space: space.join(words).strip())
)


@given(st.lists(NAMES))
def test_columns_are_read_as_spelled_out(texts: list[str]) -> None:
    """rules 2.4, 2.9: the sweep over a column decides as the rules, cell by cell."""
    assert read(names.name, *texts) == [read_name(text) for text in texts]
    assert split(*texts) == [read_full_name(text) for text in texts]


@given(st.lists(st.none() | st.text(max_size=12)))
def test_composition_is_unicode_s(texts: list[str | None]) -> None:
    """rules 2.4: NFC."""
    composed = nfc(cells(texts))
    assert composed.to_list() == [text and unicodedata.normalize("NFC", text) for text in texts]


def test_letters_taken_as_composed_are() -> None:
    """rules 2.4: NFC is not asked for what is composed whatever stands beside it."""
    spared = [chr(code) for code in (*range(0x300), *range(0x400, 0x530))]
    joined = "".join(letter + mark for letter in spared for mark in map(chr, range(0x483, 0x488)))
    assert unicodedata.is_normalized("NFC", "".join(spared))
    assert unicodedata.is_normalized("NFC", joined)
