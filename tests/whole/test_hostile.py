"""Hostile clients and hostile values, against the web server as `make run` starts it."""

import gzip
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import quote

import pytest

from tests.conftest import wait_for
from tests.web.markup import filled
from tests.whole.files import CLEAN, MEGABYTE, lines, packed
from tests.whole.house import House
from tests.whole.visitor import Visitor

SLOW_SECONDS = 2
THREADS = 4
SOON_SECONDS = 15
"""Long enough for a machine that others use; far from never."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with few threads and little patience."""
    house = House(
        tmp_path_factory.mktemp("house"),
        CDPWEB_SLOW_SECONDS=SLOW_SECONDS,
        CDPWEB_WEB_THREADS=THREADS,
        CDPWEB_MAX_UPLOAD_BYTES=12 * MEGABYTE,
        CDPWEB_MAX_UNPACKED_BYTES=20 * MEGABYTE,
        CDPWEB_LEASE_MILLISECONDS=1000,
    )
    house.open(segment_groups=[{"system_name": "Loyalty", "name": "{{7*7}}"}])
    yield house
    house.close()


class Connection:
    """A client that says just what it is told to."""

    def __init__(self, house: House) -> None:
        self._socket = socket.create_connection(("127.0.0.1", house.port), timeout=SOON_SECONDS)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, text: str | bytes) -> None:
        self._socket.sendall(text.encode() if isinstance(text, str) else text)

    def end(self) -> None:
        """Say that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def hear(self) -> str:
        """Everything until the server closes; fails where it does not close soon."""
        pieces = []
        try:
            while piece := self._socket.recv(65536):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        return b"".join(pieces).decode("utf-8", "replace")


def upload_head(house: House, size_bytes: int) -> str:
    """The head of a request that sends a file of so many bytes."""
    visitor = house.visitor()
    token = visitor.get("/imports/new").page.all("input", name="csrf_token")[0]["value"]
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    return (
        f"POST /imports/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\nX-CSRFToken: {token}\r\n"
        f"Accept: application/json\r\nX-File-Name: people.csv\r\nContent-Length: {size_bytes}\r\n\r\n"
    )


def assert_answers(house: House) -> None:
    """The server is up, and answers somebody else soon."""
    began = time.monotonic()
    assert house.visitor().get("/customers").status == 200
    assert time.monotonic() - began < SOON_SECONDS


# Slow


def test_a_file_that_stalls_is_ended_in_words_and_leaves_nothing(house: House) -> None:
    before = house.received, house.value("select count(*) from uploads")
    with Connection(house) as client:
        client.say(upload_head(house, MEGABYTE) + "Email\n" + "a@mail.example.org\n" * 100)
        began = time.monotonic()
        heard = client.hear()
        assert SLOW_SECONDS / 2 < time.monotonic() - began < SLOW_SECONDS + SOON_SECONDS
    assert heard.startswith("HTTP/1.1 422")
    assert "Only 1.9 kB of 1 MB came: the connection broke off, or was too slow. Send the file again." in heard
    assert (house.received, house.value("select count(*) from uploads")) == before


def test_a_file_that_breaks_off_leaves_nothing(house: House) -> None:
    before = house.received, house.value("select count(*) from uploads")
    with Connection(house) as client:
        client.say(upload_head(house, MEGABYTE) + "Email\na@mail.example.org\n")
    wait_for(lambda: (house.received, house.value("select count(*) from uploads")) == before, SOON_SECONDS)
    assert_answers(house)
    assert (house.received, house.value("select count(*) from uploads")) == before


@pytest.mark.parametrize(
    "beginning",
    [
        "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 1000\r\n\r\nemail=a",
        "POST /imports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\nx",
        "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nemail",
        "GET /customers HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        "GET /cust",
    ],
)
def test_more_stalled_clients_than_threads_block_nobody_for_long(house: House, beginning: str) -> None:
    """In the body of a form, of what a stranger may not send, in chunks, in the headers, in the first line."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Connection(house)) for _ in range(2 * THREADS)]
        for client in clients:
            client.say(beginning)
        assert_answers(house)
        for client in clients:
            client.hear()


def test_a_client_that_trickles_is_ended(house: House) -> None:
    began = time.monotonic()
    with Connection(house) as client:
        client.say("POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n")
        with suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - began < 3 * SOON_SECONDS:
                client.say("x")
                time.sleep(0.1)
    assert time.monotonic() - began < SLOW_SECONDS + SOON_SECONDS


def test_what_comes_too_late_is_no_other_request(house: House) -> None:
    with Connection(house) as client:
        client.say("POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx")
        time.sleep(SLOW_SECONDS + 1)
        try:
            client.say("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        assert "workers" not in client.hear()


@pytest.mark.parametrize("chunks", ["5\r\nemail", "zz\r\n", "5\r\nemailX\r\n0\r\n\r\n", "5;" + "x" * 9000, "-1\r\n"])
@pytest.mark.parametrize("address", ["/sign-in", "/imports/upload"])
def test_broken_chunks_are_refused_in_words(house: House, address: str, chunks: str) -> None:
    """Where a form is read, and where a stranger's body is only thrown away."""
    with Connection(house) as client:
        client.say(
            f"POST {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        )
        client.end()
        heard = client.hear()
    assert heard.startswith(("HTTP/1.1 400", "HTTP/1.1 401")), heard[:200]
    assert_answers(house)


# Giant


@pytest.mark.parametrize(
    "head",
    [
        "GET /customers HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Giant: " + "x" * 100_000,
        "GET /customers HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session=" + "x" * 100_000,
        "GET /customers?search=" + "x" * 100_000 + " HTTP/1.1\r\nHost: 127.0.0.1",
        "GET /customers HTTP/1.1\r\nHost: 127.0.0.1" + "".join(f"\r\nX-{number}: x" for number in range(5000)),
        "GET /customers HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Folded: a\r\n b",
        "GET /customers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "\0" * 10_000,
    ],
    ids=["header", "cookie", "line", "many", "folded", "two lengths", "nothing of HTTP"],
)
def test_giant_and_broken_heads_are_refused_and_the_server_stays(house: House, head: str) -> None:
    with Connection(house) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.say(head + "\r\n\r\n")
        heard = client.hear()
    assert heard.startswith(("HTTP/1.1 400", "HTTP/1.1 414", "HTTP/1.1 431")), heard[:200]
    assert "Traceback" not in heard
    assert_answers(house)


def test_a_header_of_a_million_columns_is_refused_in_words(house: House) -> None:
    """rules 1.4: as a file it is two megabytes of commas."""
    began = time.monotonic()
    named = "Email," + ",".join(f"c{number}" for number in range(1_000_000)) + "\na@mail.example.org\n"
    for content in (b"Email" + b"," * 1_000_000 + b"\na@mail.example.org\n", named.encode()):
        answer = house.visitor().send(content)
        assert answer.status == 422, answer.words[:500]
        assert len(answer.text) < 2 * MEGABYTE
    assert time.monotonic() - began < 60
    assert_answers(house)


def test_a_gzip_bomb_is_refused_where_it_passes_the_limit(house: House) -> None:
    """rules 1.2"""
    visitor = house.visitor()
    bomb = gzip.compress(CLEAN + b"b@mail.example.org,Ben\n" * 2 * MEGABYTE)
    answer = visitor.send(bomb, "bomb.csv.gz")
    if answer.status == 200:
        task_id = visitor.post("/imports", filled(answer.page)).task_id
        assert house.wait_for_end(task_id) == "failed"
        answer = visitor.get(f"/tasks/{task_id}")
    assert "Unpacked, the file is larger than 20 MB" in answer.words
    assert not [path for path in house.uploads if path.stat().st_size > 20 * MEGABYTE]


def test_names_in_archives_and_of_files_lead_nowhere(house: House) -> None:
    """rules 1.1, 1.2: the inner name is ignored, the given one only shown."""
    visitor = house.visitor()
    archive = packed({"../../../climbed.csv": CLEAN})
    task_id = visitor.launch(archive, "../../../climbed.zip").task_id
    assert house.wait_for_end(task_id) == "finished"
    assert "climbed.zip" in visitor.get(f"/tasks/{task_id}").words
    assert not list(house.folder.parent.rglob("*climbed*"))


# Values

INJECTED = "{{7*7}}${7*7}<script>alert(1)</script>' OR '1'='1"
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def injected(house: House) -> tuple[Visitor, int]:
    """A task whose description, file name, header and values all try something."""
    visitor = house.visitor()
    content = lines(
        f'Email,FirstName,LastName,"{INJECTED}",Birthdate',
        f'inject@mail.example.org,"{FORMULA}","{INJECTED}",x,"=1+1"',
        '"=HYPERLINK(""http://evil.example"")",Ben,Smith,x,',
    )
    name = "a\r\nSet-Cookie: x=1;.csv"
    shown = visitor.send(content, quote(name), act="check")
    skipped = visitor.post("/imports", filled(shown.page, act="skip-all"))
    launched = visitor.post("/imports", filled(skipped.page, description=INJECTED))
    assert "x" not in launched.headers.get("Set-Cookie", "").partition("=")[0].split(",")
    task_id = launched.task_id
    assert house.wait_for_end(task_id) == "finished"
    return visitor, task_id


def test_what_is_typed_is_shown_as_it_was_typed(house: House, injected: tuple[Visitor, int]) -> None:
    visitor, task_id = injected
    number = house.value("select id from customers where email = 'inject@mail.example.org'")
    for address in (f"/tasks/{task_id}", "/tasks", f"/customers/{number}"):
        answer = visitor.get(address)
        assert INJECTED in answer.words, address
        assert "<script>alert" not in answer.text
    assert "{{7*7}}" in visitor.get("/segments").words
    found = visitor.post("/customers", {**csrf(visitor), "q": INJECTED})
    assert INJECTED in visitor.get(found.headers["Location"]).page.one("input", name="q")["value"]


def test_no_search_gets_more_than_it_asks_for(house: House, injected: tuple[Visitor, int]) -> None:
    visitor, _ = injected
    for text in ("' OR '1'='1", "x' UNION SELECT email FROM customers --", "%", "_", "\\"):
        answer = visitor.post("/customers", {**csrf(visitor), "q": text})
        assert "Nobody fits" in visitor.get(answer.headers["Location"]).words, text
    assert "No task fits" in visitor.get("/tasks?q=" + quote("' OR '1'='1' --")).words


def test_exported_cells_run_nothing(house: House, injected: tuple[Visitor, int]) -> None:
    """rules 8.2"""
    visitor, task_id = injected
    exported = visitor.get(f"/customers/export.csv?task={task_id}")
    assert exported.headers["Content-Disposition"] == "attachment; filename=customers.csv"
    assert f"'{FORMULA}" in exported.text
    problems = visitor.get(f"/tasks/{task_id}/problems.csv")
    assert problems.headers["Content-Disposition"] == f'attachment; filename="task-{task_id}-problems.csv"'
    for answer in (exported, problems):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for line in answer.text.splitlines()[1:]:
            assert not line.startswith(("=", "+", "-", "@", '"=')), line
            assert ',"=' not in line and ",=" not in line, line
    assert "'=HYPERLINK" in problems.text


def test_a_file_name_gets_into_no_header(house: House) -> None:
    with Connection(house) as client:
        head = upload_head(house, len(CLEAN)).replace("people.csv", quote("a\r\nSet-Cookie: injected=1\r\n.csv"))
        client.say(head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").encode() + CLEAN)
        heard = client.hear()
    assert heard.startswith("HTTP/1.1 201")
    assert "injected" not in heard


def test_nothing_personal_gets_into_the_log(house: House, injected: tuple[Visitor, int]) -> None:
    """What was uploaded, searched for and refused above, and some more."""
    visitor, _ = injected
    number = house.value("select id from customers where email = 'inject@mail.example.org'")
    form = filled(visitor.get(f"/customers/{number}/edit").page)
    for changes in ({"MobilePhone": "+12025550143"}, {"MobilePhone": "hildegard-no-phone"}):
        visitor.post(f"/customers/{number}/edit", form | changes)
    visitor.post("/customers", {**csrf(visitor), "q": "hildegard@mail.example.org"})
    visitor.post("/sign-in", {"email": "hildegard@mail.example.org", "password": "hildegard-password"})
    for address in (
        "/customers?q=hildegard",
        "/customers?search=hildegard",
        "/nowhere/hildegard",
        "/tasks?q=hildegard",
    ):
        visitor.get(address)
    report = '{"csp-report": {"document-uri": "https://x/customers?q=hildegard", "violated-directive": "script-src"}}'
    with Connection(house) as client:
        client.say("POST /csp-report HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n")
        client.say(f"Content-Length: {len(report)}\r\n\r\n{report}")
        assert client.hear().startswith("HTTP/1.1 204")
    log = house.processes.log.read_text()
    assert "task_launched" in log
    assert re.search("policy_violated .*directive=script-src page=/customers", log)
    for personal in (
        "hildegard",
        "mail.example.org",
        "2025550143",
        "Smith",
        "HYPERLINK",
        "calc",
        "owner@",
        "people.csv",
    ):
        assert personal not in log, [line for line in log.splitlines() if personal in line][:3]


def csrf(visitor: Visitor) -> dict[str, str]:
    """The token that every form needs."""
    return {"csrf_token": visitor.get("/customers").page.all("input", name="csrf_token")[0]["value"]}
