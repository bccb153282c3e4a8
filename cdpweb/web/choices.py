"""Choices that more than one form offers: countries with their calling codes, time zones."""

from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

import phonenumbers


@cache
def countries() -> list[tuple[str, str]]:
    """Country codes (ISO 3166 alpha-2) with words, by name: ("DE", "Germany (+49)")."""
    names = dict(line.split("\t") for line in _names_of_countries() if line and not line.startswith("#"))
    known = [
        (code, f"{names.get(code, code)} (+{phonenumbers.country_code_for_region(code)})")
        for code in phonenumbers.SUPPORTED_REGIONS
    ]
    return sorted(known, key=lambda country: country[1])


def _names_of_countries() -> list[str]:
    return (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8").splitlines()


@cache
def time_zones() -> list[str]:
    """IANA names of places, UTC first."""
    aside = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith(aside))]
