"""Bad input over HTTP: a sentence that says what is wrong, where and what to do; never a 500, nothing half-made."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.conftest import wait_for
from tests.databases import BOTH
from tests.web.markup import filled
from tests.whole.files import CLEAN, MEGABYTE, OLD_WORKBOOK, lines, packed, workbook
from tests.whole.house import House

WIDE = lines(",".join(["Email", *(f"Attribute {number}" for number in range(299))]), "anna@mail.example.org")
MADE_ON_THE_SPOT = "select (select count(*) from segments) + (select count(*) from segment_groups)"


@pytest.fixture(scope="module", params=BOTH)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on either database, with small limits, and a segment group."""
    house = House(
        tmp_path_factory.mktemp("house"),
        DATABASE_URL=request.getfixturevalue("postgres_module_url") if request.param == "postgres" else "",
        CDPWEB_MAX_UPLOAD_BYTES=8 * MEGABYTE,
        CDPWEB_MAX_UNPACKED_BYTES=20 * MEGABYTE,
        CDPWEB_LEASE_MILLISECONDS=1000,
    )
    house.open(segment_groups=[{"system_name": "Loyalty", "name": "Loyalty"}])
    yield house
    house.close()


class Refused(NamedTuple):
    """A file that is refused at once: its name and bytes, the words of the sentence, what else the form says."""

    name: str
    content: bytes
    words: tuple[str, ...]
    form: Mapping[str, str] = MappingProxyType({})


REFUSED = {
    "empty": Refused("empty.csv", b"", ("The file is empty", "no bytes", "Export it again")),
    "header_only": Refused("header.csv", lines("Email,FirstName"), ("header (line 1)", "no rows", "Add the customers")),
    "no_identifier": Refused(
        "names.csv", lines("FirstName,LastName", "Anna,Smith"), ("No column identifies", "Add or map at least one of")
    ),
    "the_same_column_twice": Refused(
        "twice.csv", lines("Email,E-mail", "a@mail.example.org,b@mail.example.org"),
        ("“Email”", "“E-mail”", "fill the same field", "Skip all but one"),
    ),
    "wrong_encoding": Refused(
        "latin.csv", "Email,FirstName\na@mail.example.org,Ann\nb@mail.example.org,Jürgen Müßig\n".encode("cp1252"),
        ("not valid utf-8", "on line 3", "choose that encoding", "Read it as"),
    ),
    "renamed_spreadsheet": Refused("book.csv", workbook(), ("This is a spreadsheet", "Excel", "File › Save As › CSV")),
    "renamed_old_spreadsheet": Refused("book.csv", OLD_WORKBOOK, ("This is a spreadsheet", "File › Save As › CSV")),
    "wrong_delimiter": Refused(
        "semicolons.csv", lines("Email;FirstName", "a@mail.example.org;Anna"),
        ("No column identifies", "check the delimiter", "“Email;FirstName”", "choose that delimiter"),
        {"delimiter": ","},
    ),
    "two_files_in_a_zip": Refused(
        "two.zip", packed({"a.csv": CLEAN, "b.csv": CLEAN}), ("“a.csv”, “b.csv”", "Upload one CSV at a time")
    ),
    "too_many_columns_to_know": Refused("wide.csv", WIDE, ("299 irrelevant", "“Attribute 0”", "Skip all 299")),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_imported_is_refused_in_words(house: House, case: str) -> None:
    """rules 1.2 to 1.5"""
    tasks = house.value("select count(*) from tasks")
    visitor, refused = house.visitor(), REFUSED[case]
    answer = visitor.send(refused.content, refused.name, **refused.form)
    assert answer.status == 422
    for words in refused.words:
        assert words in answer.words
    assert visitor.post("/imports", filled(answer.page)).status == 422
    assert house.value("select count(*) from tasks") == tasks
    assert not house.unfinished


class Taken(NamedTuple):
    """A file of which some is refused: its bytes, then created rows, rejected rows, and the words on the task page."""

    content: bytes
    created: int
    rejected: int
    words: tuple[str, ...]


TAKEN = {
    "nul_bytes": Taken(
        lines("Email,FirstName", "nul1@mail.example.org,An\0na", "nul2@mail.example.org,Ben"), 2, 0,
        ("1 value", "NUL character", "FirstName", "Export the file again as plain text"),
    ),
    "unclosed_quote": Taken(
        lines("Email,FirstName", 'quote1@mail.example.org,"Anna', "quote2@mail.example.org,Ben"), 1, 1,
        ("1 row", "A quote is not closed", "Double every quote", "Row Line", "1 2"),
    ),
    "ragged_rows": Taken(
        lines("Email,FirstName,LastName", "few@mail.example.org,Anna", "many@mail.example.org,A,B,C"), 1, 1,
        ("more cells than the header", "Quote the values", "fewer cells than the header", "2 3"),
    ),
    "a_cell_of_5_megabytes": Taken(
        lines("Email,FirstName", f'big@mail.example.org,"{"x" * 5 * MEGABYTE}"', "small@mail.example.org,Ben"), 1, 1,
        ("A quote is not closed", "1 2"),
    ),
    "an_unquoted_cell_of_5_megabytes": Taken(
        lines("Email,FirstName", f"wide@mail.example.org,{'x' * 5 * MEGABYTE}", "narrow@mail.example.org,Ben"), 2, 0,
        ("The text is longer than allowed", "Shorten it", "1 2"),
    ),
    "a_name_longer_than_allowed": Taken(
        lines("Email,FirstName", f"long@mail.example.org,{'x' * 101}"), 1, 0,
        ("1 value", "The text is longer than allowed", "FirstName", "Shorten it", "1 2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_wrong_with_rows_is_said_on_the_page_of_the_task(house: House, case: str) -> None:
    """rules 1.4, 2.3, 2.4"""
    visitor, expected = house.visitor(), TAKEN[case]
    task_id = visitor.launch(expected.content).task_id
    assert house.wait_for_end(task_id) == "finished"
    ((created, rejected),) = house.rows("select created, rejected from tasks where id = :id", id=task_id)
    assert (created, rejected) == (expected.created, expected.rejected)
    page = visitor.get(f"/tasks/{task_id}")
    assert page.status == 200
    for words in expected.words:
        assert words in page.words


@pytest.mark.parametrize(
    ("column", "word"),
    [("SourcePointOfContact", "touchpoint"), ("SourceActionTemplate", "action"), ("SegmentLoyalty", "segment")],
)
def test_an_unknown_value_of_a_setting_is_asked_about_or_its_row_rejected(house: House, column: str, word: str) -> None:
    """rules 2.3, 3: an unknown touchpoint, action or segment in a row; nothing is written before the answer."""
    visitor = house.visitor()
    content = lines(f"Email,{column}", f"{word}1@mail.example.org,Nowhere", f"{word}2@mail.example.org,")
    task_id = visitor.launch(content).task_id
    assert house.wait_for_end(task_id) == "paused"
    assert house.value("select count(*) from customers where email like :email", email=f"{word}%") == 0
    asked = visitor.get(f"/tasks/{task_id}")
    assert "Nowhere" in asked.words
    assert column in asked.words
    answered = visitor.post(f"/tasks/{task_id}/answers", filled(asked.page))
    assert answered.task_id == task_id
    assert house.wait_for_end(task_id) == "finished"
    page = visitor.get(f"/tasks/{task_id}")
    for words in ("The setting's value is not known here", column, "Nowhere", "Create it in the settings", "1 2"):
        assert words in page.words
    assert house.rows("select created, rejected from tasks where id = :id", id=task_id) == [(1, 1)]


def test_a_file_of_300_columns_is_launched_with_one_skip(house: House) -> None:
    visitor = house.visitor()
    shown = visitor.send(WIDE, act="check")
    skipped = visitor.post("/imports", filled(shown.page, act="skip-all"))
    task_id = visitor.post("/imports", filled(skipped.page)).task_id
    assert house.wait_for_end(task_id) == "finished"


def test_a_file_over_the_byte_limit_is_refused_with_413_in_words(house: House) -> None:
    """rules 1.2"""
    before = house.received, house.value("select count(*) from uploads")
    answer = house.visitor().send(CLEAN + b"x" * 8 * MEGABYTE)
    assert answer.status == 413
    assert "larger than 8 MB" in answer.words
    assert "Split it, or compress it" in answer.words
    assert (house.received, house.value("select count(*) from uploads")) == before


def test_a_file_far_over_the_byte_limit_is_refused_with_413_in_words(house: House) -> None:
    """rules 1.2: also where the form as a whole is larger than any form may be."""
    answer = house.visitor().send(CLEAN + b"x" * 30 * MEGABYTE)
    assert answer.status == 413
    assert "8 MB" in answer.words
    assert "Split it" in answer.words


def test_a_zip_bomb_is_refused_where_it_passes_the_limit(house: House) -> None:
    """rules 1.2: what comes out is counted while unpacking; nothing of it stays."""
    visitor = house.visitor()
    earlier = {path.name.partition(".")[0] for path in house.uploads}
    bomb = packed({"a.csv": CLEAN + b"b@mail.example.org,Ben\n" * 2 * MEGABYTE})
    assert len(bomb) < MEGABYTE
    answer = visitor.send(bomb, "bomb.zip")
    if answer.status == 200:
        task_id = visitor.post("/imports", filled(answer.page)).task_id
        assert house.wait_for_end(task_id) == "failed"
        assert house.value("select rows_read from tasks where id = :id", id=task_id) == 0
        answer = visitor.get(f"/tasks/{task_id}")
    assert "Unpacked, the file is larger than 20 MB. Split it into smaller files." in answer.words
    assert len([path for path in house.uploads if path.name.partition(".")[0] not in earlier]) == 1


def test_names_longer_than_allowed_are_refused_and_leave_nothing_made(house: House) -> None:
    """rules 1.1: a segment to be made on the spot is made with the task or not at all."""
    visitor = house.visitor()
    before = house.value(MADE_ON_THE_SPOT), house.value("select count(*) from tasks")
    refused = visitor.launch(
        CLEAN, segment="new", new_segment_group="new", new_group_name="Fairs", new_segment_name="x" * 1000
    )
    assert refused.status == 422
    assert "Keep the name to" in refused.words
    assert (house.value(MADE_ON_THE_SPOT), house.value("select count(*) from tasks")) == before


def test_a_file_name_longer_than_allowed_is_cut(house: House) -> None:
    """rules 1.1: at most 400 characters."""
    answer = house.visitor().send(CLEAN, "x" * 1000 + ".csv")
    assert answer.status == 200
    assert house.value("select max(length(given_name)) from uploads") == 400


def test_the_same_form_sent_twice_leads_to_one_task(house: House) -> None:
    """rules 1.1"""
    visitor = house.visitor()
    form = filled(visitor.send(CLEAN).page, description="twice")
    first, second = visitor.post("/imports", form), visitor.post("/imports", form)
    assert first.task_id == second.task_id
    assert house.value("select count(*) from tasks where description = 'twice'") == 1


def test_a_launch_while_the_broker_is_down_is_kept_told_and_rung_for_later(house: House) -> None:
    visitor = house.visitor()
    form = filled(visitor.send(CLEAN).page, description="without a broker")
    house.kill("broker")
    launched = visitor.post("/imports", form)
    assert launched.status == 303
    page = visitor.get(f"/tasks/{launched.task_id}")
    assert "The job queue does not answer; the import starts by itself when it is back." in page.words
    assert house.status(launched.task_id) == "waiting"
    house.start("broker")
    assert house.wait_for_end(launched.task_id) == "finished"
    wait_for(house.is_well, 30)


def test_a_disk_nearly_full_is_refused_with_507_before_the_file_is_received(house: House) -> None:
    """rules 1.2"""
    before = house.received, house.value("select count(*) from uploads")
    house.stop("web")
    house.processes.environment["CDPWEB_FREE_DISK_RESERVE_BYTES"] = str(10**18)
    house.start("web")
    wait_for(house.is_well, 30)
    answer = house.visitor().send(CLEAN)
    assert answer.status == 507
    for words in ("not enough disk space", "must be free", "Ask the operator to make room"):
        assert words in answer.words
    assert (house.received, house.value("select count(*) from uploads")) == before
