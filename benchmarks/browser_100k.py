"""A hundred thousand rows on the way a person takes: through the browser, while somebody else edits a customer.

    python -m benchmarks.browser_100k [ROWS]

Starts all of cdpweb in a folder of its own, as `make run` does, and prints the figures.
"""

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from playwright.sync_api import Page, Response, expect, sync_playwright

from benchmarks.catalog import CATALOG
from benchmarks.files import write_new
from tests import programs
from tests.conftest import wait_for
from tests.live import FLAGS
from tests.running import START_SECONDS, Running
from tests.web.markup import filled
from tests.whole.files import lines
from tests.whole.house import environment_of, run_command
from tests.whole.instance import Instance
from tests.whole.visitor import Visitor

ROWS = 100_000
PATIENCE_MILLISECONDS = 300_000
EDIT_PAUSE_SECONDS = 0.2
SOMEBODY = "old.customer@mail.cdpweb.org"


@dataclass
class Figures:
    """What is measured, in seconds, and how often."""

    taken_in: float = 0.0
    checked: float = 0.0
    imported: float = 0.0
    written: float = 0.0
    edits: list[float] = field(default_factory=list)
    refused_edits: list[int] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def as_lines(self, rows: int, size_bytes: int) -> Iterator[str]:
        """The figures as a table."""
        yield f"file                          {rows:>10,} rows, {size_bytes / 1e6:.1f} MB"
        yield f"upload taken in               {self.taken_in:>10.2f} s"
        yield f"… checked and shown           {self.checked:>10.2f} s"
        yield f"import, launch to finished    {self.imported:>10.2f} s    {rows / self.imported:,.0f} rows/s"
        yield f"… of which writing blocks     {self.written:>10.2f} s    {rows / self.written:,.0f} rows/s"
        yield f"status polls of the page      {len(self.polls):>10}      slowest {max(self.polls):.2f} s"
        yield f"different figures shown       {len(set(self.shown)):>10}"
        yield f"edits by somebody else        {len(self.edits):>10}      slowest {max(self.edits):.2f} s"
        yield f"… refused                     {len(self.refused_edits):>10}      {self.refused_edits or ''}"


def main(rows: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="cdpweb-") as name:
        folder = Path(name)
        file = folder / "customers.csv"
        write_new(file, rows)
        with running(folder) as instance:
            figures = measure(instance, file)
        sys.stdout.write("\n".join(figures.as_lines(rows, file.stat().st_size)) + "\n")


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Instance]:
    """All of cdpweb, with the catalog of the benchmarks and one customer."""
    catalog, somebody = folder / "catalog.json", folder / "somebody.csv"
    catalog.write_text(json.dumps(CATALOG))
    somebody.write_bytes(lines("Email,LastName", f"{SOMEBODY},Before"))
    environment = environment_of(folder / "instance")
    for words in (("catalog", "load", str(catalog)), ("import", str(somebody))):
        done = run_command(environment, *words)
        assert done.returncode == 0, done.stderr
    started = Running(folder)
    instance = Instance(started.instance, started.port)
    try:
        wait_for(started.is_announced, START_SECONDS)
        yield instance
    finally:
        instance.let_go()
        started.stop()


def measure(instance: Instance, file: Path) -> Figures:
    """Import the file in chromium while somebody else edits a customer."""
    figures, over = Figures(), Event()
    editor = Thread(target=edit, args=(instance.visitor(), figures, over))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs.chromium(), args=FLAGS)
        page = browser.new_page(base_url=instance.url, storage_state=instance.signed_in())
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on("response", lambda answer: note(answer, figures))
        upload(page, file, figures)
        editor.start()
        try:
            launch_and_watch(page, figures)
        finally:
            over.set()
            editor.join()
            browser.close()
    figures.written = instance.value("select max(busy_milliseconds) from tasks") / 1000
    return figures


def upload(page: Page, file: Path, figures: Figures) -> None:
    """Choose the file and wait until it has been checked."""
    page.goto("/imports/new")
    page.locator("#import-settings > summary").click()
    page.get_by_label("Default phone country", exact=True).select_option("RU")
    start = time.monotonic()
    with page.expect_response("**/imports/upload"):
        page.locator("#file").set_input_files(file)
    figures.taken_in = time.monotonic() - start
    expect(page.get_by_text("Nothing stands in the way.")).to_be_visible(timeout=PATIENCE_MILLISECONDS)
    figures.checked = time.monotonic() - start


def launch_and_watch(page: Page, figures: Figures) -> None:
    """Launch, and look at the page until it says that the import has finished."""
    start = time.monotonic()
    page.locator(".page-header").get_by_role("button", name="Launch import").click()
    task = page.locator("#task")
    while task.get_attribute("data-status") != "finished":
        figures.shown.append(page.locator(".task-line").inner_text())
        assert time.monotonic() - start < PATIENCE_MILLISECONDS / 1000, task.inner_text()
        page.wait_for_timeout(50)
    figures.imported = time.monotonic() - start


def note(answer: Response, figures: Figures) -> None:
    """Note how long the server took for a status."""
    if answer.url.endswith("/status"):
        answer.finished()
        figures.polls.append(answer.request.timing["responseEnd"] / 1000)


def edit(visitor: Visitor, figures: Figures, over: Event) -> None:
    """Change somebody's last name again and again, as a person does: open the form, save it."""
    while not over.is_set():
        start = time.monotonic()
        form = visitor.get("/customers/1/edit").page
        answer = visitor.post("/customers/1/edit", filled(form, LastName=f"After {len(figures.edits)}"))
        figures.edits.append(time.monotonic() - start)
        if answer.status != 303:
            figures.refused_edits.append(answer.status)
        over.wait(EDIT_PAUSE_SECONDS)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else ROWS)
