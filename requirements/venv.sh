#!/bin/sh
# Makes the virtual environment, also where Debian has left out its package python3-venv.
set -eu

"$VENV/bin/python" -c 'import pip' 2>/dev/null && exit

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "cdpweb needs Python 3.11 or newer; name one: PYTHON=/path/to/python3 make run" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

with_ensurepip() {
  "$PYTHON" -m venv --clear "$VENV" >/dev/null 2>&1
}

with_outer_pip() {
  "$PYTHON" -m pip --version >/dev/null 2>&1 &&
    "$PYTHON" -m venv --clear --without-pip "$VENV" &&
    "$PYTHON" -m pip --disable-pip-version-check --quiet --python "$VENV/bin/python" install pip
}

with_apt() {
  command -v apt-get >/dev/null &&
    as_root apt-get update -qq &&
    as_root apt-get install -y -qq python3-venv >/dev/null &&
    with_ensurepip
}

with_ensurepip || with_outer_pip || with_apt || {
  echo "No virtual environment could be made. Install Debian's package python3-venv and try again." >&2
  exit 1
}
