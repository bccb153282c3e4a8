"""How fast the import is, as ratios within one run: against the database itself, and between files.

    python -m benchmarks.bench [--rows N] [--times N] [--databases sqlite,postgresql] [--full] [--peers PYTHON]

Prints one line per comparison, with the floor that must hold and the aim (docs/performance.md).
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import limits
from benchmarks.bases import Base, base, server
from benchmarks.measuring import Measured, run
from tests.postgres import Cluster

MILLION = 1_000_000
SMALL, LARGE, LARGEST = 100_000, 5 * MILLION, 10 * MILLION
SQLITE, POSTGRESQL = "sqlite", "postgresql"
LIMIT = {SQLITE: "sqlite3 .import, three unique indexes", POSTGRESQL: "COPY, primary key and three unique indexes"}


@dataclass(frozen=True)
class Comparison:
    """Seconds per row of one thing as a multiple of another's; at most `floor`, better `aim`."""

    what: str
    baseline: str
    floor: float
    aim: float


NEW = {
    SQLITE: Comparison("new customers, SQLite", LIMIT[SQLITE], 2.8, 1.8),
    POSTGRESQL: Comparison("new customers, PostgreSQL", LIMIT[POSTGRESQL], 2.3, 1.5),
}
EXISTING = Comparison("70% existing", "new customers", 2.0, 1.3)
UGLY = Comparison("the ugly file", "new customers", 2.5, 1.5)
PEERS = {
    "django-import-export, bulk": Comparison("100,000 rows", "django-import-export, bulk", 1 / 15, 1 / 25),
    "row by row, Flask-SQLAlchemy": Comparison("100,000 rows", "row by row, Flask-SQLAlchemy", 1 / 30, 1 / 60),
}
NEXT = Comparison("the next million into ten", "the same million into an empty base", 1.6, 1.2)
OTHERS = {*LIMIT.values(), *PEERS}
"""Runs that are not imports of ours."""

MOST_MEGABYTES, FEWER_MEGABYTES = 600, 400


@dataclass
class Results:
    """What was measured: the ratio of every repetition, and runs with their rows per second and memory."""

    ratios: dict[tuple[str, Comparison], list[float]] = field(default_factory=dict)
    runs: dict[tuple[str, str, int], list[Measured]] = field(default_factory=dict)

    def note(self, database: str, what: str, rows: int, measured: Measured) -> Measured:
        """Keep a run."""
        self.runs.setdefault((database, what, rows), []).append(measured)
        sys.stderr.write(
            f"{database:10}  {what:28} {rows:>10,} rows {measured.seconds:8.2f} s {measured.peak_megabytes:6.0f} MB\n"
        )
        return measured

    def compare(self, database: str, comparison: Comparison, measured: Measured, baseline: Measured) -> None:
        """Keep the ratio of two runs of as many rows, one soon after the other."""
        self.ratios.setdefault((database, comparison), []).append(measured.seconds / baseline.seconds)

    def lines(self) -> Iterator[str]:
        """The results as tables in Markdown."""
        yield "| database | what | against | times as long | all | floor | aim |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for (database, one), ratios in self.ratios.items():
            ratio, listed = median(ratios), ", ".join(f"{ratio:.3g}" for ratio in ratios)
            yield (
                f"| {database} | {one.what} | {one.baseline} | **{ratio:.3g}** | {listed} "
                f"| {one.floor:.2g} {_holds(ratio, one.floor)} | {one.aim:.2g} {_holds(ratio, one.aim)} |"
            )
        yield ""
        yield "| database | what | rows | seconds | rows a second | peak memory |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for (database, what, rows), runs in self.runs.items():
            seconds = median(run.seconds for run in runs)
            megabytes = max(run.peak_megabytes for run in runs)
            memory = f"{megabytes:.0f} MB" if what not in OTHERS else ""
            yield f"| {database} | {what} | {rows:,} | {seconds:.1f} | {rows / seconds:,.0f} | {memory} |"
        yield ""
        imports = [run for (_, what, _), runs in self.runs.items() if what not in OTHERS for run in runs]
        peak = max(run.peak_megabytes for run in imports)
        yield (
            f"Peak memory of an import: {peak:.0f} MB; floor {MOST_MEGABYTES} {_holds(peak, MOST_MEGABYTES)}, "
            f"aim {FEWER_MEGABYTES} {_holds(peak, FEWER_MEGABYTES)}"
        )


def _holds(value: float, most: float) -> str:
    return "holds" if value <= most else "**open**"


class Bench:
    """Runs the comparisons on one database after the other."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder, self.rows, self.results = folder, rows, Results()
        self.new, self.clean = folder / "new.csv", folder / "clean.csv"
        self.update, self.ugly = folder / "update.csv", folder / "ugly.csv"
        _write("new", self.new, rows)
        _write("clean", self.clean, rows)
        _write("update", self.update, rows, rows)
        _write("ugly", self.ugly, rows)

    def once(self, database: str, cluster: Cluster | None) -> None:
        """Every comparison of the million, once."""
        limit = self._limit(database, cluster)
        with self._base(cluster) as empty:
            new = self._load(empty, database, "new customers", self.new)
            self.results.compare(database, NEW[database], new, limit)
            update = self._load(empty, database, "70% existing", self.update)
            self.results.compare(database, EXISTING, update, new)
        with self._base(cluster) as empty:
            ugly = self._load(empty, database, "the ugly file", self.ugly, "--encoding", "windows-1251")
            self.results.compare(database, UGLY, ugly, new)

    def sizes(self, database: str, cluster: Cluster | None, sizes: list[int]) -> None:
        """New customers in files of other sizes: memory does not grow with the file."""
        for rows in sizes:
            file = self.folder / "size.csv"
            _write("new", file, rows)
            with self._base(cluster) as empty:
                self.results.note(database, "new customers", rows, empty.load(file))

    def peers(self, python: str, times: int) -> None:
        """The same small file by other ways, on SQLite; `python` has what requirements/peers.lock lists."""
        file, database = self.folder / "peers.csv", self.folder / "peers.db"
        _write("new", file, SMALL)
        scripts = {
            "django-import-export, bulk": [python, "benchmarks/peers/with_django_import_export.py"],
            "row by row, Flask-SQLAlchemy": [sys.executable, "-m", "benchmarks.peers.row_by_row"],
        }
        for name, script in [*scripts.items()] * times:
            with base(self.folder) as empty:
                ours = self.results.note(SQLITE, "new customers", SMALL, empty.load(file))
            theirs = self.results.note(SQLITE, name, SMALL, run([*script, str(file), str(database)]))
            database.unlink()
            self.results.compare(SQLITE, PEERS[name], ours, theirs)

    def next_million(self, database: str, cluster: Cluster | None, times: int) -> None:
        """The same file into an empty base and into one of ten million customers, which grows by each."""
        first, following = self.folder / "first.csv", self.folder / "next.csv"
        _write("new", first, LARGEST)
        with self._base(cluster) as full:
            self.results.note(database, "new customers", LARGEST, full.load(first))
            for number in range(times):
                _write("new", following, self.rows, LARGEST + number * self.rows)
                with self._base(cluster) as empty:
                    alone = self._load(empty, database, "the next million, alone", following)
                after = self._load(full, database, "the next million", following)
                self.results.compare(database, NEXT, after, alone)

    def _limit(self, database: str, cluster: Cluster | None) -> Measured:
        if cluster is None:
            measured = limits.sqlite_import(self.new, self.folder)
        else:
            with cluster.database() as url:
                measured = limits.postgres_copy(self.clean, url)
        return self.results.note(database, LIMIT[database], self.rows, measured)

    def _load(self, into: Base, database: str, what: str, file: Path, *options: str) -> Measured:
        return self.results.note(database, what, self.rows, into.load(file, *options))

    @contextmanager
    def _base(self, cluster: Cluster | None) -> Iterator[Base]:
        if cluster is None:
            with base(self.folder) as made:
                yield made
        else:
            with cluster.database() as url, base(self.folder, url) as made:
                yield made


def _write(kind: str, path: Path, rows: int, people: int = 0) -> None:
    """Make a file, in a process of its own: what a process starts is charged with the memory that it has had."""
    run([sys.executable, "-m", "benchmarks.files", kind, str(path), str(rows), str(people)])


def main() -> None:
    """Measure what the command line asks for, and print it."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="cdpweb-bench-") as name:
        bench = Bench(Path(name), given.rows)
        if given.peers:
            bench.peers(given.peers, given.times)
        for database in filter(None, given.databases.split(",")):
            with server() if database == POSTGRESQL else nullcontext() as cluster:
                bench.sizes(database, cluster, [SMALL, *([LARGE] if given.full else [])])
                for _ in range(given.times):
                    bench.once(database, cluster)
                if given.full:
                    bench.next_million(database, cluster, given.times)
    sys.stdout.write("\n".join(bench.results.lines()) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench")
    parser.add_argument("--rows", type=int, default=MILLION)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--databases", default=f"{SQLITE},{POSTGRESQL}")
    parser.add_argument("--peers", metavar="PYTHON", help="compare with others too; has what peers.lock lists")
    parser.add_argument("--full", action="store_true", help="also 5 million rows, and a million into ten")
    return parser.parse_args()


if __name__ == "__main__":
    main()
