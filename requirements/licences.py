"""Lists the licences of what cdpweb installs to run, and refuses one that has not been looked at.

`python requirements/licences.py` checks, `--write` also renews docs/licences.md.
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "licences.md"
GOOD = (
    "MIT", "BSD", "Apache", "ISC", "PSF", "Python Software Foundation", "MPL", "Mozilla Public License", "Unlicense",
    "ZPL", "Zope", "LGPL", "0BSD", "CC0", "Public Domain", "Repoze",
)  # fmt: skip
"""Beginnings and parts of names of licences that let a service be run with them; LGPL for libraries we only call."""

HEAD = """# Licences

What `requirements/run.lock` installs, and under which licence. Checked by `make lint`; renewed by
`python requirements/licences.py --write`.

| package | licence |
|---|---|
"""


def main() -> int:
    """Print what is wrong; 1 where something is."""
    found = {name: licence_of(name) for name in locked()}
    unknown = [f"{name}: {licence}" for name, licence in found.items() if not is_good(licence)]
    text = HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in found.items())
    if "--write" in sys.argv:
        LIST.write_text(text)
    troubles = [f"licence to look at: {one}" for one in unknown]
    if LIST.read_text() != text:
        troubles.append("docs/licences.md is not up to date: run python requirements/licences.py --write")
    sys.stdout.write("".join(f"{one}\n" for one in troubles))
    return 1 if troubles else 0


def locked() -> list[str]:
    """The packages of the lock that are installed on this machine."""
    names = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements" / "run.lock").read_text(), re.M)
    return sorted(name for name in set(names) if is_installed(name))


def is_installed(name: str) -> bool:
    """Whether the lock's package is for this machine."""
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def licence_of(name: str) -> str:
    """The licence as the package states it: its expression, its classifiers, or the first line of its own words."""
    package: Distribution = distribution(name)
    stated = package.metadata
    if expression := stated.get("License-Expression"):
        return expression
    classified = [
        line.rsplit("::", 1)[1].strip() for line in stated.get_all("Classifier") or [] if "License ::" in line
    ]
    if classified:
        return ", ".join(classified)
    return (stated.get("License") or "not stated").strip().splitlines()[0].partition(" (http")[0]


def is_good(licence: str) -> bool:
    """Whether it is one of those that have been looked at."""
    return any(one.lower() in licence.lower() for one in GOOD)


if __name__ == "__main__":
    sys.exit(main())
