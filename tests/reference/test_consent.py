"""What a row's consents do (rules 6)."""

import datetime as dt
from typing import Any

import pytest

from .bases import NOW, person
from .importers import Importer, Result
from .importing import lines, run

OLD = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MID = dt.datetime(2026, 2, 2, tzinfo=dt.UTC)
NEW = dt.datetime(2026, 3, 3, tzinfo=dt.UTC)
Consents = dict[str, tuple[bool, dt.datetime]]

ALL, EMAIL, SMS = "IsSubscribed", "IsSubscribedByEmail", "IsSubscribedBySms"
NEWS, OFFERS, SMS_NEWS = "IsSubscribedByEmailOnNews", "IsSubscribedByEmailOnOffers", "IsSubscribedBySmsOnNews"


def state(importer: Importer, stored: Consents, cells: dict[str, str], date: dt.datetime | None, **said: Any) -> Result:
    """Import one row of consents for a customer who holds `stored`; a second row keeps the columns from being empty."""
    header = ["Email", *cells, "SubscriptionDateTimeUtc"]
    row = ["a@b.org", *cells.values(), date.strftime("%Y-%m-%d %H:%M") if date else ""]
    filled = ["z@b.org", *("true" for _ in cells), "2026-01-01"]
    return run(
        importer, lines(*map(",".join, [header, row, filled])), person(7, email="a@b.org", consents=stored), **said
    )


def test_a_new_customer_holds_what_is_said(importer: Importer) -> None:
    """rules 6: the date is SubscriptionDateTimeUtc, else the task's start."""
    content = lines(f"Email,{ALL},{EMAIL},{NEWS},SubscriptionDateTimeUtc", "a@b.org,0,1,,2026-01-01", "b@b.org,1,,,")
    result = run(importer, content)
    assert result.who(1).consents == {ALL: (False, OLD), EMAIL: (True, OLD)}
    assert result.who(2).consents == {ALL: (True, NOW)}


def test_opting_in_writes_that_node_alone(importer: Importer) -> None:
    """rules 6: opting in writes that node alone."""
    result = state(importer, {SMS: (True, OLD)}, {ALL: "yes"}, MID)
    assert result.who(1).consents == {SMS: (True, OLD), ALL: (True, MID)}


def test_opting_out_goes_down(importer: Importer) -> None:
    """rules 6: every node below that is opted in, has no valid cell of its own, and is not newer."""
    stored = {
        ALL: (True, OLD), EMAIL: (True, OLD), NEWS: (True, MID), OFFERS: (True, NEW), SMS: (True, OLD),
        SMS_NEWS: (True, OLD), "IsSubscribedByViber": (False, OLD),
    }  # fmt: skip
    result = state(importer, stored, {ALL: "no", SMS: "maybe", SMS_NEWS: "yes"}, MID)
    assert result.who(1).consents == stored | {
        ALL: (False, MID), EMAIL: (False, MID), NEWS: (False, MID), SMS: (False, MID),
    }  # fmt: skip
    assert result.codes == ["boolean_invalid"]
    assert result.who(1).changes[0].fields[NEWS] == (
        "in 2026-02-02T00:00:00.000+00:00", "out 2026-02-02T00:00:00.000+00:00",
    )  # fmt: skip


def test_below_its_own_channel_only(importer: Importer) -> None:
    """rules 6: opting out of a channel leaves the others and what is above."""
    stored = {ALL: (True, OLD), EMAIL: (True, OLD), NEWS: (True, OLD), SMS_NEWS: (True, OLD)}
    result = state(importer, stored, {EMAIL: "no"}, None)
    assert result.who(1).consents == stored | {EMAIL: (False, NOW), NEWS: (False, NOW)}


def test_equal_state_changes_nothing(importer: Importer) -> None:
    """rules 6: a cell equal to the node's own state changes nothing, whatever its date, and nothing below."""
    stored = {EMAIL: (False, MID), NEWS: (True, OLD)}
    for date in (OLD, NEW):
        result = state(importer, stored, {EMAIL: "no"}, date)
        assert (result.outcomes[0], result.codes, result.who(1).consents) == ("unchanged", [], stored)


def test_older_statements(importer: Importer) -> None:
    """rules 6: a statement older than the stored one is skipped, also where the guard would; of one date it counts."""
    opted_in, opted_out = {NEWS: (True, MID)}, {NEWS: (False, MID)}
    assert state(importer, opted_in, {NEWS: "no"}, OLD).codes == ["consent_older"]
    assert state(importer, opted_out, {NEWS: "yes"}, OLD).codes == ["consent_older"]
    assert state(importer, opted_in, {NEWS: "no"}, MID).who(1).consents == {NEWS: (False, MID)}


def test_an_older_opt_out_leaves_what_is_below(importer: Importer) -> None:
    """rules 6: a skipped opt-out goes nowhere."""
    stored = {EMAIL: (True, NEW), NEWS: (True, OLD)}
    result = state(importer, stored, {EMAIL: "no"}, MID)
    assert (result.codes, result.who(1).consents) == (["consent_older"], stored)


@pytest.mark.parametrize("node", [ALL, EMAIL, NEWS])
@pytest.mark.parametrize(
    ("ticked", "date", "lifted"),
    [(False, NEW, False), (True, None, False), (True, MID, False), (True, NEW, True), (False, None, False)],
)
def test_guard(importer: Importer, node: str, ticked: bool, date: dt.datetime | None, lifted: bool) -> None:
    """rules 6: lifting an opt-out needs the tick, the row's own date, and that date to be later."""
    stored = {node: (False, MID)}
    result = state(importer, stored, {NEWS: "yes"}, date, allow_resubscribe=ticked)
    assert result.codes == ([] if lifted else ["consent_protected"])
    assert result.who(1).consents == (stored | {NEWS: (True, NEW)} if lifted else stored)


def test_guard_looks_at_the_state_before_the_row(importer: Importer) -> None:
    """rules 6: the effective state before the row; its own, else the nearest one above."""
    ticked = {ALL: (False, OLD)}
    result = state(importer, ticked, {ALL: "yes", EMAIL: "yes"}, NEW, allow_resubscribe=True)
    assert result.who(1).consents == {ALL: (True, NEW), EMAIL: (True, NEW)}
    result = state(importer, ticked, {ALL: "yes", EMAIL: "yes"}, NEW)
    assert result.codes == ["consent_protected", "consent_protected"]
    nearer = {ALL: (False, OLD), EMAIL: (True, OLD)}
    result = state(importer, nearer, {NEWS: "yes"}, None)
    assert result.who(1).consents == nearer | {NEWS: (True, NOW)}
    opened = {ALL: (True, OLD)}
    result = state(importer, opened, {ALL: "no", EMAIL: "yes"}, MID)
    assert (result.codes, result.who(1).consents) == ([], {ALL: (False, MID), EMAIL: (True, MID)})


def test_guard_with_an_invalid_date(importer: Importer) -> None:
    """rules 6, 2.7: an invalid date is no date of the row's own."""
    header = f"Email,{NEWS},SubscriptionDateTimeUtc"
    rows = ["a@b.org,yes,1899-12-31", "a@b.org,yes,2026-06-15 12:06", "a@b.org,yes,2026-06-15 12:04"]
    ann = person(7, email="a@b.org", consents={EMAIL: (False, OLD)})
    result = run(importer, lines(header, *rows), ann, allow_resubscribe=True)
    assert [result.codes_of(record) for record in (1, 2, 3)] == [
        ["date_out_of_range", "consent_protected"], ["date_out_of_range", "consent_protected"], [],
    ]  # fmt: skip


def test_rows_follow_each_other(importer: Importer) -> None:
    """rules 6: each row meets what the rows before it left, at every block size."""
    rows = ["a@b.org,1,2026-01-01", "a@b.org,0,2026-02-02", "a@b.org,1,2026-01-15", "a@b.org,1,2026-03-03"]
    result = run(importer, lines(f"Email,{NEWS},SubscriptionDateTimeUtc", *rows))
    assert result.outcomes == ["created", "updated", "unchanged", "unchanged"]
    assert result.codes == ["consent_older", "consent_protected"]


def test_write_modes_are_no_matter_of_consent(importer: Importer) -> None:
    """rules 6, 2.2: statements follow the rules of consent alone."""
    stored = {ALL: (True, OLD), EMAIL: (True, OLD)}
    result = state(importer, stored, {EMAIL: "no"}, MID, write_modes={EMAIL: "never"})
    assert result.who(1).consents == stored | {EMAIL: (False, MID)}
