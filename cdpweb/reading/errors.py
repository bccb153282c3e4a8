"""Why a file is refused: a code, and a sentence that says what is wrong, where, and what to do (rules §1)."""

from collections.abc import Sequence

AS_CSV = (
    "Save it as CSV and upload that file. Excel: File › Save As › CSV UTF-8 (Comma delimited). "
    "LibreOffice: File › Save As › Text CSV. Google Sheets: File › Download › Comma Separated Values. "
    "Numbers: File › Export To › CSV."
)


class FileRefused(Exception):
    """A file that cannot be imported as it is. `sentence` is fit to show; `code` is for programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class BadEncoding(FileRefused):
    """The bytes are not valid in the encoding (rules §1.3).

    `position` counts bytes of the unpacked file from 0, `line` physical lines from 1.
    `detected` is a codec to offer, or None; `samples` are some lines as that codec reads them.
    """

    def __init__(self, encoding: str, position: int, line: int, detected: str | None, samples: Sequence[str]) -> None:
        self.encoding = encoding
        self.position = position
        self.line = line
        self.detected = detected
        self.samples = tuple(samples)
        offer = f"It looks like {detected}: choose that encoding" if detected else "Choose its encoding"
        super().__init__(
            "bad_encoding",
            f"The file is not valid {encoding}: byte {position + 1:,}, on line {line:,}, does not fit. "
            f"{offer}, or save the file as UTF-8.",
        )


def file_gone(name: str) -> FileRefused:
    """What was uploaded under the stored `name` has been taken away."""
    return FileRefused(
        "file_gone",
        f"The uploaded file is not on the disk any more ({name} in the folder of uploads). Upload it again, or have it "
        "put back from a backup and resume the task.",
    )


def empty_file() -> FileRefused:
    """Nothing was uploaded."""
    return FileRefused("empty_file", "The file is empty: it has no bytes. Export it again and upload the new file.")


def spreadsheet(program: str) -> FileRefused:
    """A workbook, whatever its name."""
    return FileRefused("spreadsheet", f"This is a spreadsheet ({program}), not a CSV file. {AS_CSV}")


def web_page() -> FileRefused:
    """HTML, which some shops export under the name .xls or .csv."""
    return FileRefused("web_page", f"This is a web page, not a CSV file. Open it in a spreadsheet program. {AS_CSV}")


def binary_content(what: str) -> FileRefused:
    """Neither text nor anything that holds text."""
    return FileRefused(
        "binary_content", f"This is {what}, not a CSV file. Export the customers as CSV and upload that."
    )


def other_archive(name: str) -> FileRefused:
    """An archive of a kind that is not read."""
    return FileRefused(
        "other_archive", f"This is a {name} archive. Unpack it and upload the CSV file, as it is or in a zip or gzip."
    )


def encrypted_archive() -> FileRefused:
    """A zip with a password."""
    return FileRefused(
        "encrypted_archive",
        "The zip is protected by a password. Unpack it and upload the CSV file, or pack it without a password.",
    )


def several_files(names: Sequence[str]) -> FileRefused:
    """A zip that leaves open which file is meant."""
    listed = ", ".join(f"“{name}”" for name in names[:3]) + (", …" if len(names) > 3 else "")
    return FileRefused(
        "several_files",
        f"The zip holds {len(names):,} tables ({listed}). Upload one CSV at a time, or a zip with exactly one.",
    )


def crowded_archive() -> FileRefused:
    """A zip with so many files that even listing them is too much."""
    return FileRefused("several_files", "The zip holds thousands of files. Upload a zip with exactly one CSV.")


def nested_archive(where: str) -> FileRefused:
    """An archive within an archive."""
    return FileRefused(
        "nested_archive", f"There is another archive inside {where}. Unpack it and upload the CSV file itself."
    )


def no_csv_in_archive(names: Sequence[str]) -> FileRefused:
    """A zip without a .csv or .txt."""
    found = f"only “{names[0]}”" if len(names) == 1 else f"“{names[0]}” and others" if names else "nothing"
    return FileRefused(
        "no_csv_in_archive", f"The zip holds no .csv or .txt file ({found}). Pack one CSV file and upload it again."
    )


def damaged_archive(kind: str, unpacked_bytes: int) -> FileRefused:
    """An archive that breaks off or does not add up."""
    return FileRefused(
        "damaged_archive",
        f"The {kind} file is damaged: it cannot be unpacked beyond byte {unpacked_bytes:,}. Pack and upload it again.",
    )


def unpacked_too_large(max_unpacked_bytes: int) -> FileRefused:
    """More came out of the archive than is allowed."""
    return FileRefused(
        "unpacked_too_large",
        f"Unpacked, the file is larger than {in_words(max_unpacked_bytes)}. Split it into smaller files.",
    )


def unknown_encoding(name: str, known: Sequence[str]) -> FileRefused:
    """A name that is no encoding offered here."""
    return FileRefused(
        "unknown_encoding", f"“{name}” is not an encoding offered here. Choose one of: {', '.join(known)}."
    )


def bad_dialect(what_is_wrong: str) -> FileRefused:
    """A delimiter, quote or header line that cannot be."""
    return FileRefused("bad_dialect", what_is_wrong)


def no_header(line: int) -> FileRefused:
    """Nothing stands on the header's line."""
    return FileRefused(
        "no_header",
        f"Line {line:,}, where the column names should stand, is empty. Put them there or choose another header line.",
    )


def header_line_missing(header_line: int, lines: int) -> FileRefused:
    """The header line lies behind the end of the file."""
    return FileRefused(
        "header_line_missing",
        f"The header is looked for on line {header_line:,}, but the file has {_counted(lines, 'line')}. "
        "Choose the line that holds the column names.",
    )


def header_malformed(line: int) -> FileRefused:
    """A quote in the header that is not closed, or closed too early."""
    return FileRefused(
        "header_malformed",
        f"On line {line:,}, in the header, a quote is not closed or is followed by text. "
        "Correct the line, or choose another quote or header line.",
    )


def too_many_columns(line: int, columns: int, most: int) -> FileRefused:
    """More columns than any page could ask about."""
    return FileRefused(
        "too_many_columns",
        f"The header, on line {line:,}, has {columns:,} columns; a file may have {most:,} with a name. Leave out those "
        "that are not about customers, or check the delimiter and the header line: rows may have become columns.",
    )


def no_records(header_line: int) -> FileRefused:
    """A header and nothing else (rules §1.5)."""
    return FileRefused(
        "no_records",
        f"The file has a header (line {header_line:,}) but no rows after it. "
        "Add the customers below the header and upload it again.",
    )


def record_too_long(record: int, line: int, max_record_bytes: int) -> FileRefused:
    """One record as long as a file: no table of customers."""
    return FileRefused(
        "record_too_long",
        f"Row {record:,}, from line {line:,} on, is longer than {in_words(max_record_bytes)}. "
        "Check the line ends, the delimiter and the quotes there.",
    )


def in_words(size_bytes: int) -> str:
    """A size as people say it: 4 GB, 1.5 MB, 300 bytes."""
    for unit, unit_bytes in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= unit_bytes:
            return f"{round(size_bytes / unit_bytes, 1):,g} {unit}"
    return _counted(size_bytes, "byte")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
