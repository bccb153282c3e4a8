"""The tables of the documentation, made from the code that they describe: `python -m docs.tables` renews them.

In a page each stands between `<!-- name -->` and `<!-- end of name -->`; tests/test_docs.py compares them.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import click

from cdpweb.cli import cli
from cdpweb.config import PLAIN_NAMES, PREFIX, ROOT, Config
from cdpweb.domain.catalog import (
    Catalog,
    CustomField,
    ExternalSystem,
    FieldType,
    SegmentGroup,
    Shipped,
    Topic,
)
from cdpweb.domain.fields import CUSTOM_FIELD_PREFIX, Field, fields
from cdpweb.domain.problems import PROBLEMS, Severity
from cdpweb.reading.encoding import OFFERED
from cdpweb.web.hints import TITLES, mandatory

FOLDER = Path(__file__).resolve().parent
SHIPPED = Shipped(api_endpoint_id=1, touchpoint_id=1, source_template_id=1, existing_template_id=2)
EXAMPLE = Catalog(
    SHIPPED,
    external_systems=(ExternalSystem(1, "<System>", "an external system"),),
    topics=(Topic("<Topic>", "the topic", ("Email",)),),
    segment_groups=(SegmentGroup(1, "<Group>", "of that name"),),
)
"""A base with one of everything that generates columns, its system names in brackets."""


def columns() -> str:
    """The columns that a file may have, custom fields aside, by what they are for."""
    parts = []
    for title, members in groupby(fields(EXAMPLE).values(), key=lambda one: TITLES[one.kind]):
        rows = ((_named(one), _described(one), one.format, _example(one), mandatory(one)) for one in members)
        parts.append(f"### {title}\n\n" + _table(("Column", "What it says", "Format", "Example", "Mandatory"), rows))
    return "\n\n".join(parts)


def custom_fields() -> str:
    """The formats of custom fields, by their types."""
    rows = []
    for type_ in FieldType:
        field = fields(Catalog(SHIPPED, custom_fields=(CustomField("X", "X", type_),)))[CUSTOM_FIELD_PREFIX + "X"]
        rows.append((type_.value, field.format, _example(field)))
    return _table(("Type", "Format", "Example"), rows)


def synonyms() -> str:
    """Headers for which a column is proposed."""
    rows = ((_code(one.name), ", ".join(one.synonyms)) for one in fields(Catalog(SHIPPED)).values() if one.synonyms)
    return _table(("Column", "Proposed for"), rows)


def encodings() -> str:
    """The encodings that files may have."""
    return _table(("Encoding", "`--encoding`"), ((one.label, _code(one.codec)) for one in OFFERED))


def errors() -> str:
    """Problems that reject a row."""
    return _problems(Severity.ERROR)


def warnings() -> str:
    """Problems that cost a value, or tell of a repair."""
    return _problems(Severity.WARNING)


def settings() -> str:
    """The settings of an installation."""
    rows = ((_variables(one.name), _default(one), one.metadata["unit"], one.metadata["meaning"])
            for one in dataclasses.fields(Config))  # fmt: skip
    return _table(("Variable", "Default", "Unit", "Meaning"), rows)


def commands() -> str:
    """Every command with its arguments and options."""
    return "\n\n".join(_command(path, command) for path, command in every_command())


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Each command of the shell with the words that call it; groups are walked through."""
    context = click.Context(cli)
    for name in sorted(cli.list_commands(context)):
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            inner = click.Context(command)
            yield from ((f"{name} {one}", command.commands[one]) for one in command.list_commands(inner))
        elif command is not None:
            yield name, command


MAKERS: dict[str, Callable[[], str]] = {
    "columns": columns,
    "custom fields": custom_fields,
    "synonyms": synonyms,
    "encodings": encodings,
    "errors": errors,
    "warnings": warnings,
    "settings": settings,
    "commands": commands,
}


def renewed(page: str) -> str:
    """The text of a page with its tables made anew."""
    for name, make in MAKERS.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if place.search(page):
            made = f"{begin}\n\n{make()}\n\n{end}"
            page = place.sub(lambda _, made=made: made, page)  # type: ignore[misc]
    return page


def pages() -> list[Path]:
    """The pages of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted(FOLDER.glob("*.md"))]


def _command(path: str, command: click.Command) -> str:
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    options = [one for one in command.params if isinstance(one, click.Option)]
    context = click.Context(command)
    words = " ".join([path, *(one.make_metavar(context) for one in arguments), *(["[OPTIONS]"] if options else [])])
    described = " ".join((command.help or "").split())
    rows = ((_code(_option(one, context)), _help(one)) for one in options)
    parts = [f"### {path}", f"`python -m cdpweb {words}`", described]
    return "\n\n".join([*parts, *([_table(("Option", "Meaning"), rows)] if options else [])])


def _option(option: click.Option, context: click.Context) -> str:
    spelled = ", ".join(option.opts)
    return spelled if option.is_flag else f"{spelled} {option.make_metavar(context)}"


def _help(option: click.Option) -> str:
    words = [option.help or ""]
    if option.multiple:
        words.append("May be given several times.")
    if option.show_default:
        words.append(f"Default: {option.default}.")
    return " ".join(filter(None, words))


def _problems(severity: Severity) -> str:
    rows = ((_code(one.code), one.sentence, one.what_to_do) for one in PROBLEMS.values() if one.severity is severity)
    return _table(("Code", "What is wrong", "What to do"), rows)


def _named(field: Field) -> str:
    return " or ".join(map(_code, (field.name, *field.aliases)))


def _described(field: Field) -> str:
    """The description; the example topic stands for all channels."""
    return f"{field.description} Likewise for its other channels." if "On<" in field.name else field.description


def _example(field: Field) -> str:
    return _code(field.example) if field.example else ""


def _variables(name: str) -> str:
    plain = [name] if name in PLAIN_NAMES else []
    return " or ".join(map(_code, [PREFIX + name, *plain]))


def _default(declared: "dataclasses.Field[object]") -> str:
    default = declared.default
    if isinstance(default, Path):
        return _code(str(default.relative_to(ROOT)))
    if isinstance(default, int | float):
        return f"{default:,}" if declared.metadata["unit"] != "port" else str(default)
    return _code(str(default)) if default else "none"


def _code(text: str) -> str:
    return f"`{text}`"


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(titles)]
    lines += [["---"] * len(lines[0]), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for page in pages():
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
