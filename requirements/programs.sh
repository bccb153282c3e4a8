#!/bin/sh
# Installs the programs that the tests need beside Python: Debian's chromium and PostgreSQL's server.
# What is still missing afterwards fails the tests by name.
set -eu

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || missing="$missing postgresql"
for program in $missing; do
  case ",${CDPWEB_TESTS_WITHOUT:-}," in
  *,browser,*) [ "$program" = chromium ] && continue ;;
  esac
  case ",${CDPWEB_TESTS_WITHOUT:-}," in
  *,postgres,*) [ "$program" = postgresql ] && continue ;;
  esac
  echo "Installing $program"
  { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends "$program" >/dev/null; } ||
    echo "$program could not be installed; the tests that need it will fail." >&2
done
