"""Files that are wrong in one way each, as they come in practice."""

import io
import zipfile
from collections.abc import Mapping

CLEAN = b"Email,FirstName\nanna@mail.example.org,Anna\n"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
MEGABYTE = 1_000_000


def lines(*rows: str) -> bytes:
    """A file of these lines."""
    return "".join(f"{row}\n" for row in rows).encode()


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def workbook() -> bytes:
    """A spreadsheet as Excel saves it, with one sheet of one customer."""
    sheet = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
    return packed(
        {
            "[Content_Types].xml": b'<?xml version="1.0"?><Types/>',
            "_rels/.rels": b'<?xml version="1.0"?><Relationships/>',
            "xl/workbook.xml": b'<?xml version="1.0"?><workbook/>',
            "xl/worksheets/sheet1.xml": sheet.encode(),
        }
    )


def people(count: int) -> bytes:
    """A file of so many people, each with email, phone and name."""
    rows = (
        f"person{number}@mail.example.org,+1202555{number % 10_000:04},Anna {number},Smith\n" for number in range(count)
    )
    return b"Email,MobilePhone,FirstName,LastName\n" + "".join(rows).encode()


def mixed(count: int) -> bytes:
    """A file of so many rows of all kinds: new customers, earlier ones changed or not, rejected rows, blank ones."""
    header = "Email,MobilePhone,FirstName,LastName,IsSubscribed,SubscriptionDateTimeUtc,SegmentLoyalty\n"
    return (header + "".join(_row(number) for number in range(count))).encode()


def _row(number: int) -> str:
    if number % 100 == 13:
        return ",,,,,,\n"
    if number % 100 == 17:
        return f",,Nobody,Row {number},,,\n"
    earlier = number // 2 if number % 10 == 3 else number
    consent = "false" if number % 7 == 0 else "true"
    phone = f"+1202{2_000_000 + earlier}" if number % 4 else "123"
    segment = "Gold" if number % 5 else "Silver"
    return f"row{earlier}@mail.example.org,{phone},Anna,Smith {number},{consent},2026-05-01,{segment}\n"
