"""While an import runs on SQLite, people sign in, launch, pause, resume and edit: nothing fails, nobody waits long.

Longer, as `make people-first` does: an import of `CDPWEB_TESTS_PEOPLE_ROWS` rows.
"""

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import wait_for
from tests.signing_in import PASSWORD
from tests.web.markup import filled
from tests.whole.house import House, run_command
from tests.whole.visitor import Visitor

ROWS = int(os.environ.get("CDPWEB_TESTS_PEOPLE_ROWS", "100000"))
KNOWN = 200
LONGEST_WAIT_SECONDS = 2.5 if "PYTEST_XDIST_WORKER" not in os.environ else 4.0
"""Beside other tests, which want the same cores, a block takes longer; still nobody waits for a second one."""

PAUSE_SECONDS = 0.2
EMAIL = "anna@example.org"
SIGN_INS, LAUNCHES = 8, 50
"""More in a minute, or in an hour, would meet the limits that people have."""

pytestmark = pytest.mark.timeout(180 + ROWS // 1000)


def rows(first: int, count: int, name: str) -> bytes:
    """A file of so many people, of whom nobody else has email or phone."""
    lines = (
        f"person{number}@mail.example.org,+1202{2_000_000 + number},{name} {number},Smith\n"
        for number in range(first, first + count)
    )
    return b"Email,MobilePhone,FirstName,LastName\n" + "".join(lines).encode()


class Waits:
    """How long people waited, by what they did."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def measured(self, act: str, do: Callable[[], tuple[int, str]], expected: int) -> None:
        """Do something and note how long it took; fails with what the page said where it was refused."""
        began = time.monotonic()
        status, words = do()
        self.seconds[act].append(time.monotonic() - began)
        assert status == expected, (act, status, words[:500])

    def told(self) -> str:
        """All of it in a few lines."""
        return "\n".join(
            f"{act}: {len(waits)} times, longest {max(waits):.2f} s, median {sorted(waits)[len(waits) // 2]:.2f} s"
            for act, waits in self.seconds.items()
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house as it is shipped, with a second worker, in which Anna has an account."""
    house = House(tmp_path)
    house.open()
    house.parts["another worker"] = house.processes.start("worker", "imports")
    added = run_command(house.processes.environment, "user", "add", EMAIL, "--role", "owner")
    link = re.search(r"/welcome/\S+", added.stdout)
    assert link, added
    stranger = Visitor(house.url, "")
    form = filled(stranger.get(link[0]).page, password=PASSWORD, again=PASSWORD)
    assert stranger.post(link[0], form).status == 303
    yield house
    house.close()


def test_people_go_first(house: House) -> None:
    owner = house.visitor()
    assert house.wait_for_end(owner.launch(rows(0, KNOWN, "Known")).task_id) == "finished"
    waits, over = Waits(), threading.Event()
    task_id = owner.launch(rows(KNOWN, ROWS, "Anna")).task_id
    wait_for(lambda: progress(house, task_id)[0] == "running", 60 + ROWS / 10_000)
    with ThreadPoolExecutor() as pool:
        acts = [
            pool.submit(repeat, over, act, house, waits, task_id) for act in (edit, launch, pause_and_resume, sign_in)
        ]
        try:
            wait_for(
                lambda: progress(house, task_id)[0] == "finished" or any(act.done() for act in acts), 60 + ROWS / 1000
            )
        finally:
            over.set()
        edits, launches, pauses, sign_ins = (act.result() for act in acts)
    print(f"\n{ROWS:,} rows\n{waits.told()}")  # noqa: T201
    assert min(edits, launches, pauses, sign_ins) > 0, "the import was over before everybody had had a turn"
    assert house.wait_for_end(task_id, 60) == "finished"
    assert house.value("select created from tasks where id = :id", id=task_id) == ROWS
    assert house.value("select count(*) from customers where first_name like 'Edited %'") == min(edits, KNOWN)
    wait_for(lambda: not house.rows("select 1 from tasks where status <> 'finished'"), 60)
    longest = max(max(seconds) for seconds in waits.seconds.values())
    assert longest <= LONGEST_WAIT_SECONDS, waits.told()


def progress(house: House, task_id: int) -> tuple[str, int]:
    ((status, rows_read),) = house.rows("select status, rows_read from tasks where id = :id", id=task_id)
    return status, rows_read


def repeat(
    over: threading.Event, act: Callable[[House, Waits, int, int], bool], house: House, waits: Waits, task_id: int
) -> int:
    """Do it again and again until the import is over; how often."""
    count = 0
    while not over.is_set() and act(house, waits, task_id, count):
        count += 1
        over.wait(PAUSE_SECONDS)
    over.wait()
    return count


def edit(house: House, waits: Waits, _task_id: int, count: int) -> bool:
    """Change the name of somebody."""
    person, address = house.visitor(), f"/customers/{count % KNOWN + 1}/edit"
    form = filled(person.get(address).page, FirstName=f"Edited {count}")
    waits.measured("edit", lambda: _said(person.post(address, form)), 303)
    return True


def launch(house: House, waits: Waits, _task_id: int, count: int) -> bool:
    """Launch a small import; the file is sent beforehand."""
    person = house.visitor()
    shown = person.send(rows(10_000_000 + count * 10, 10, "New"))
    form = filled(shown.page)
    waits.measured("launch", lambda: _said(person.post("/imports", form)), 303)
    return count < LAUNCHES


def pause_and_resume(house: House, waits: Waits, task_id: int, count: int) -> bool:
    """Pause the import, and let it go on as soon as it has paused."""
    person, address = house.visitor(), f"/tasks/{task_id}"
    form = filled(person.get(address).page)
    if progress(house, task_id)[0] != "running":
        return False
    try:
        waits.measured("pause", lambda: _said(person.post(f"{address}/pause", form)), 303)
    except AssertionError:
        # What has just ended cannot be paused.
        if progress(house, task_id)[0] != "finished":
            raise
        return False
    wait_for(lambda: progress(house, task_id)[0] != "running", 30)
    if progress(house, task_id)[0] == "finished":
        return False
    waits.measured("resume", lambda: _said(person.post(f"{address}/resume", form)), 303)
    wait_for(lambda: progress(house, task_id)[0] != "waiting", 60)
    # Each pause costs the import a moment; it is to get on too.
    time.sleep(1)
    return True


def sign_in(house: House, waits: Waits, _task_id: int, count: int) -> bool:
    """Sign in by email and password."""
    stranger = Visitor(house.url, "")
    form = filled(stranger.get("/sign-in").page, email=EMAIL, password=PASSWORD)
    waits.measured("sign in", lambda: _said(stranger.post("/sign-in", form)), 303)
    return count < SIGN_INS


def _said(answer: object) -> tuple[int, str]:
    return answer.status, answer.text  # type: ignore[attr-defined]
