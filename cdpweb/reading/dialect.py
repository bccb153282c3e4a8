"""The dialect of a file: encoding, delimiter, quote and header line, frozen into the task (rules §1.3, §1.4)."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from cdpweb.reading.encoding import DEFAULT, offered
from cdpweb.reading.errors import bad_dialect

_SEPARATOR_LINE = re.compile(r'("?)sep=(.)\1', re.IGNORECASE)
_CHARACTER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "colon": ":", "pipe": "|", "space": " "}
_WORDS = {"\t": "tab", " ": "space"}
NO_QUOTE = ""


@dataclass(frozen=True)
class Dialect:
    """How the text of a file is to be read. An empty quote means that no character quotes.

    Raises FileRefused: `unknown_encoding`, `bad_dialect`.
    """

    encoding: str = DEFAULT
    delimiter: str = ","
    quote: str = '"'
    header_line: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoding", offered(self.encoding))
        if len(self.delimiter) != 1 or not _may_separate(self.delimiter):
            raise bad_dialect(f"The delimiter must be one character other than a line end, not “{self.delimiter}”.")
        if self.quote and (len(self.quote) != 1 or not _may_separate(self.quote)):
            raise bad_dialect(f"The quote must be one character other than a line end, or none, not “{self.quote}”.")
        if self.quote == self.delimiter:
            raise bad_dialect(f"Delimiter and quote are both “{in_words(self.quote)}”. Choose two different ones.")
        if self.header_line < 1:
            raise bad_dialect(f"Lines are counted from 1: there is no header line {self.header_line}.")

    def as_json(self) -> dict[str, Any]:
        """Plain values, for storing with a task."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What as_json made."""
        return cls(**stored)


def _may_separate(character: str) -> bool:
    return character not in "\r\n" and not "\ud800" <= character <= "\udfff"


def delimiter_named(text: str) -> str:
    """The delimiter that a person means: a character, or “tab”, “semicolon” …"""
    return _CHARACTER_NAMES.get(text.strip().lower(), text)


def quote_named(text: str) -> str:
    """The quote that a person means: a character, or “none”."""
    return NO_QUOTE if text.strip().lower() in ("", "none") else text


def in_words(character: str) -> str:
    """A delimiter or quote fit to show: invisible ones by name."""
    return _WORDS.get(character) or (character if character.isprintable() else f"U+{ord(character):04X}")


def announced_delimiter(first_line: str) -> str | None:
    """The delimiter that a first line `sep=;` names; such a line is no record (rules §1.4)."""
    announced = _SEPARATOR_LINE.fullmatch(first_line)
    return announced[2] if announced else None
