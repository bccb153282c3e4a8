"""The catalog as a file: load it, dump it (product §6)."""

import json
from pathlib import Path
from typing import Any

import click

from cdpweb.cli.base import Refusal, with_base
from cdpweb.extensions import db
from cdpweb.services import audit
from cdpweb.services.catalog import files
from cdpweb.services.refused import Refused


@click.group()
def catalog() -> None:
    """Load the base's settings from a file, or print them as one."""


@catalog.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_base
def load(file: Path) -> None:
    """Create what FILE names and the base lacks, change what differs; all of it or nothing."""
    try:
        loaded = files.load(db.session, _document(file))
    except Refused as refused:
        raise Refusal("\n".join(f"{path}: {sentence}" for path, sentence in refused.sentences.items())) from refused
    audit.record("catalog_loaded", created=loaded.created, changed=loaded.changed)
    db.session.commit()
    click.echo(f"{loaded.created:,} created, {loaded.changed:,} changed, {loaded.unchanged:,} as they were.")


@catalog.command()
@with_base
def dump() -> None:
    """Print the catalog as `load` reads it."""
    db.session.info["writes"] = False
    click.echo(json.dumps(files.dump(db.session), indent=2, ensure_ascii=False))


def _document(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refusal(f"{file} is not UTF-8: byte {error.start + 1} is wrong. Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(f"{file} is not JSON: {error.msg} at {where}.") from error
    except RecursionError as error:
        raise Refusal(f"{file} is not a catalog: it is nested too deeply.") from error


COMMANDS = {"catalog": catalog}
