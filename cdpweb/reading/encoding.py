"""Encodings: which are offered, which one a file has, and its text in UTF-8 (rules §1.3)."""

import codecs
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from cdpweb.reading import errors

DEFAULT = "utf-8"


@dataclass(frozen=True)
class Encoding:
    """An encoding offered in the form: Python's codec and the words for it."""

    codec: str
    label: str


OFFERED = (
    Encoding("utf-8", "UTF-8"),
    Encoding("utf-16", "UTF-16"),
    Encoding("utf-16-le", "UTF-16, little-endian"),
    Encoding("utf-16-be", "UTF-16, big-endian"),
    Encoding("utf-32", "UTF-32"),
    Encoding("windows-1252", "Western European (Windows-1252)"),
    Encoding("iso-8859-1", "Western European (ISO-8859-1)"),
    Encoding("iso-8859-15", "Western European with euro sign (ISO-8859-15)"),
    Encoding("mac-roman", "Western European (Mac)"),
    Encoding("cp850", "Western European (DOS 850)"),
    Encoding("cp437", "American (DOS 437)"),
    Encoding("windows-1250", "Central European (Windows-1250)"),
    Encoding("iso-8859-2", "Central European (ISO-8859-2)"),
    Encoding("cp852", "Central European (DOS 852)"),
    Encoding("windows-1251", "Cyrillic (Windows-1251)"),
    Encoding("koi8-r", "Cyrillic (KOI8-R)"),
    Encoding("koi8-u", "Cyrillic (KOI8-U)"),
    Encoding("cp866", "Cyrillic (DOS 866)"),
    Encoding("iso-8859-5", "Cyrillic (ISO-8859-5)"),
    Encoding("mac-cyrillic", "Cyrillic (Mac)"),
    Encoding("windows-1257", "Baltic (Windows-1257)"),
    Encoding("windows-1253", "Greek (Windows-1253)"),
    Encoding("iso-8859-7", "Greek (ISO-8859-7)"),
    Encoding("windows-1254", "Turkish (Windows-1254)"),
    Encoding("iso-8859-9", "Turkish (ISO-8859-9)"),
    Encoding("windows-1255", "Hebrew (Windows-1255)"),
    Encoding("windows-1256", "Arabic (Windows-1256)"),
    Encoding("windows-1258", "Vietnamese (Windows-1258)"),
    Encoding("cp874", "Thai (DOS and Windows 874)"),
    Encoding("shift_jis", "Japanese (Shift_JIS)"),
    Encoding("euc-jp", "Japanese (EUC-JP)"),
    Encoding("gb18030", "Chinese, simplified (GB18030, GBK)"),
    Encoding("big5", "Chinese, traditional (Big5)"),
    Encoding("euc-kr", "Korean (EUC-KR)"),
)

_CODECS = {one.codec for one in OFFERED}

# Where Windows writes a larger set under the same name, the larger one reads it.
_PYTHON_CODECS = {
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
}
_OTHER_NAMES = {
    "ascii": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-32-le": "utf-32",
    "utf-32-be": "utf-32",
    "cp950": "big5",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def python_codec(encoding: str, head: bytes = b"") -> str:
    """The codec that reads an encoding offered here; `head` settles the byte order where no mark does."""
    if encoding in ("utf-16", "utf-32"):
        # Most text has more zero bytes in the high half of its characters than in the low one.
        little_endian = head[1::2].count(0) >= head[0::2].count(0)
        return f"{encoding}-{'le' if little_endian else 'be'}"
    return _PYTHON_CODECS.get(encoding, encoding)


def _python_name(codec: str) -> str:
    return codecs.lookup(codec).name


@cache
def _by_python_name() -> Mapping[str, str]:
    """The encodings offered here by Python's names, each of which is a module to import."""
    return (
        {_python_name(one.codec): one.codec for one in OFFERED if one.codec not in _PYTHON_CODECS}
        | {_python_name(name): codec for codec, python in _PYTHON_CODECS.items() for name in (codec, python)}
        | _OTHER_NAMES
    )


def offered(name: str) -> str:
    """The encoding offered here that goes by `name`, in any spelling. Raises FileRefused `unknown_encoding`."""
    if name in _CODECS:
        return name
    try:
        return _by_python_name()[_python_name(name.strip())]
    except (LookupError, ValueError) as error:
        shown = "".join(c for c in name if c.isprintable())[:40]
        raise errors.unknown_encoding(shown, [one.codec for one in OFFERED]) from error


def byte_order_mark(head: bytes) -> tuple[str, int] | None:
    """The codec that a byte-order mark announces, and the length of the mark in bytes."""
    return next(((codec, len(mark)) for mark, codec in _MARKS if head.startswith(mark)), None)


def detect(head: bytes, excluding: Iterable[str] = ()) -> str | None:
    """The likely encoding of a file that begins with `head` (a sample; may end within a character).

    By byte-order mark, else strict UTF-8, else chardet's guess among those offered. None: nothing fits.
    """
    excluded = set(excluding)
    marked = byte_order_mark(head)
    if marked:
        return offered(marked[0])
    has_few_zeros = head.count(0) * 10 <= len(head)  # UTF-16 of plain ASCII would pass for UTF-8, half of it zeros
    if "utf-8" not in excluded and has_few_zeros and _decodes(head, "utf-8"):
        return "utf-8"
    import chardet  # most files are UTF-8, and do without

    candidates = [python_codec(one.codec) for one in OFFERED if one.codec not in excluded]
    western = "cp1252" if "windows-1252" not in excluded else "iso-8859-1"
    found = chardet.detect(head, include_encodings=candidates, compat_names=False, no_match_encoding=western)
    guess = found["encoding"]
    return offered(guess) if guess and _decodes(head, guess) else None


def _decodes(head: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(head)
    except UnicodeDecodeError:
        return False
    return True


class Decoder:
    """Bytes of one encoding in, UTF-8 out, in pieces of any size; the byte-order mark is left out.

    Raises UnicodeDecodeError, whose `object` ends with the piece at hand. `read_bytes` counts the bytes taken in.
    """

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.read_bytes = 0
        self._is_utf8 = codec == "utf-8"
        self._pending = b""
        self._decoder = codecs.getincrementaldecoder(codec)("strict")

    def to_utf8(self, piece: bytes, *, final: bool = False) -> bytes:
        """The next bytes of the text in UTF-8; an unfinished character waits for the next piece."""
        self.read_bytes += len(piece)
        if not self._is_utf8:
            return self._decoder.decode(piece, final).encode()
        piece = self._pending + piece
        valid = codecs.utf_8_decode(piece, "strict", final)[1]  # checked, and written as it is
        self._pending = piece[valid:]
        return piece[:valid] if self._pending else piece


_CONTROLS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")
MIN_BINARY_CONTROLS = 32


def looks_binary(text: str) -> bool:
    """Whether text is full of control characters, as no table is: a tenth of it, and more than a handful."""
    controls = len(_CONTROLS.findall(text))
    return controls >= MIN_BINARY_CONTROLS and controls * 10 > len(text)
