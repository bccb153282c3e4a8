"""`export`: customers as a file that `import` reads again (product §6, rules §8.1)."""

import os
import tempfile
from pathlib import Path

import click

from cdpweb.cli.base import task_of, with_base
from cdpweb.domain.catalog import Catalog
from cdpweb.extensions import db
from cdpweb.models.snapshot import snapshot
from cdpweb.services import audit, exports
from cdpweb.services.customers.lanes import Filters
from cdpweb.services.refused import Refused


@click.command("export")
@click.argument("file", metavar="FILE.csv", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--segment", metavar="GROUP/SEGMENT", help="Only customers in this segment.")
@click.option("--task", "task_id", type=int, metavar="ID", help="Only customers of this task's rows.")
@click.option("--with-ids", is_flag=True, help="Add the column CustomerId.")
@with_base
def export(file: Path, segment: str | None, task_id: int | None, with_ids: bool) -> None:
    """Write customers to FILE.csv, in the columns that import reads; FILE.csv appears whole or not at all."""
    db.session.info["writes"] = False
    catalog = snapshot(db.session)
    filters = Filters(
        segment_id=_segment_id(catalog, segment) if segment else None,
        task_id=task_of(task_id).id if task_id is not None else None,
    )
    _write(file, catalog, filters, with_ids)
    audit.record("customers_exported")


def _segment_id(catalog: Catalog, name: str) -> int:
    group_name, _, segment_name = name.partition("/")
    group = catalog.segment_group(group_name)
    segment = group and group.segment(segment_name)
    if not segment:
        what = f"segment “{segment_name}” in {group.name}" if group else f"segment group “{group_name}”"
        raise Refused(f"There is no {what}. Write --segment GROUP/SEGMENT with their system names or external IDs.")
    return segment.id


def _write(file: Path, catalog: Catalog, filters: Filters, with_ids: bool) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-", delete=False) as part:
            try:
                for piece in exports.export(db.session, catalog, filters, with_ids=with_ids):
                    part.write(piece.encode())
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).replace(file)
            finally:
                Path(part.name).unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}.") from error


COMMANDS = {"export": export}
