"""Numbers, sizes and times as pages show them."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from cdpweb.extensions import db
from cdpweb.models.catalog import Project
from cdpweb.models.types import now
from cdpweb.web import choices, templating

SUMMER = dt.datetime(2026, 5, 31, 12, 57, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (14_200_000, "14.2 MB"),
        (999_949_999, "999.9 MB"), (999_950_000, "1 GB"), (2_000_000_000, "2 GB"), (12_345_000_000_000, "12,345 GB"),
    ],
)  # fmt: skip
def test_sizes(size_bytes: int, words: str) -> None:
    assert templating.size(size_bytes) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (80, "1 min 20 s"), (3600, "1 h"),
        (7500, "2 h 5 min"), (100 * 3600, "4 days"),
    ],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert templating.duration(seconds) == words


def test_numbers_with_their_nouns() -> None:
    assert [templating.counted(count, "row") for count in (0, 1, 12345)] == ["0 rows", "1 row", "12,345 rows"]
    assert templating.thousands(12345) == "12,345"
    assert [templating.percent(*share) for share in ((0, 0), (999, 1000), (1, 1))] == ["0%", "99%", "100%"]


@pytest.mark.parametrize(
    ("zone", "short", "long"),
    [
        ("UTC", "31 May 2026, 12:57", "31 May 2026, 12:57:03 UTC"),
        ("Europe/Berlin", "31 May 2026, 14:57", "31 May 2026, 14:57:03 Europe/Berlin (UTC+02:00)"),
        ("America/New_York", "31 May 2026, 08:57", "31 May 2026, 08:57:03 America/New_York (UTC-04:00)"),
    ],
)
def test_moments_stand_in_the_project_s_time_zone(app: Flask, zone: str, short: str, long: str) -> None:
    with app.test_request_context():
        db.session.scalars(select(Project)).one().time_zone = zone
        assert (templating.clock(SUMMER), templating.exact_time(SUMMER)) == (short, long)


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (-5, "just now")]
)
def test_how_long_ago(app: Flask, seconds: int, words: str) -> None:
    with app.test_request_context():
        assert templating.ago(now() - dt.timedelta(seconds=seconds)) == words


def test_an_older_moment_is_named(app: Flask) -> None:
    with app.test_request_context():
        assert templating.ago(SUMMER - dt.timedelta(days=400)) == "26 Apr 2025, 12:57"


def test_countries_are_offered_by_name_with_their_calling_code() -> None:
    offered = dict(choices.countries())
    assert (offered["DE"], offered["US"]) == ("Germany (+49)", "United States (+1)")
    assert list(offered.values()) == sorted(offered.values())


def test_time_zones_are_places_and_utc() -> None:
    offered = choices.time_zones()
    assert offered[0] == "UTC"
    assert "Europe/Berlin" in offered
    assert not [name for name in offered if name.startswith(("Etc/", "posix/"))]
