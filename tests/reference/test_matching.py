"""Which customer a row is about (rules 5)."""

from typing import Any

import pytest

from .bases import person
from .importers import Importer
from .importing import lines, run
from .state import Customer

P1, P2 = 12025550143, 12025550144
HEADER = "Email,MobilePhone,ExternalIdentityCrm,ExternalIdentityShop"


def anne(**more: Any) -> Customer:
    return person(7, email="a@b.org", phone=P1, crm="a", shop="A", **more)


# 5.0, 5.1


def test_no_identifier(importer: Importer) -> None:
    """rules 5.0: a cell counts when its value is valid and not %CLEAR%."""
    rows = ["x,12,,", "%CLEAR%,,,", "no@no.com,,,", "y,,,c"]
    result = run(importer, lines(HEADER, *rows))
    assert result.outcomes == ["rejected", "rejected", "rejected", "created"]
    assert result.codes_of(1) == ["email_invalid", "phone_too_short", "no_identifier"]
    assert result.codes_of(2) == ["no_identifier"]
    assert result.codes_of(3) == ["junk_contact", "no_identifier"]


@pytest.mark.parametrize("task", ["import", "edit"])
@pytest.mark.parametrize("conflicts", ["reject", "strongest"])
def test_customer_id(importer: Importer, task: str, conflicts: str) -> None:
    """rules 5.0: a CustomerId that is malformed or unknown rejects, whatever else the row holds."""
    rows = ["99,a@b.org", "7x,a@b.org", "7,new@b.org", "'007,", ",new@b.org", ",a@b.org", "99999999999999999999,"]
    result = run(importer, lines("CustomerId,Email", *rows), anne(), task=task, conflicts=conflicts)
    assert result.outcomes[:5] == ["rejected", "rejected", "updated", "unchanged", "unchanged"]
    assert result.codes_of(1) == result.codes_of(2) == result.codes_of(7) == ["customer_id_unknown"]
    assert [row.matched_by for row in result.rows[2:5]] == ["CustomerId", "CustomerId", "Email"]
    assert result.outcomes[5:] == (["created", "rejected"] if task == "import" else ["rejected", "rejected"])


def test_nobody_owns_any(importer: Importer) -> None:
    """rules 5.1: a new customer with all of them; in the task "edit" nobody is found."""
    row = "a@b.org,+12025550143,a,A"
    created = run(importer, lines(HEADER, row))
    assert created.who(1).identifiers == anne().identifiers
    assert created.who(1).created_record == 1
    assert created.rows[0].matched_by is None
    assert run(importer, lines(HEADER, row), task="edit").codes == ["customer_not_found"]


# 5.2


@pytest.mark.parametrize(
    ("row", "matched_by", "after"),
    [
        ("n@b.org,,a,", "ExternalIdentityCrm", {"Email": "n@b.org"}),
        ("n@b.org,+12025550144,,A", "ExternalIdentityShop", {"Email": "n@b.org", "MobilePhone": P2}),
        ("a@b.org,+12025550144,,", "Email", {"MobilePhone": P2}),
        ("a@b.org,+12025550143,a,A", "ExternalIdentityCrm", {}),
        (",+12025550143,,", "MobilePhone", {}),
    ],
)
def test_weaker_identifiers_are_replaced(
    importer: Importer, row: str, matched_by: str, after: dict[str, str | int]
) -> None:
    """rules 5.2: the row is his; unowned identifiers weaker than the one that he owns replace his."""
    result = run(importer, lines(HEADER, row, "z@b.org,,z,Z"), anne())
    assert result.codes == []
    assert result.rows[0].matched_by == matched_by
    assert result.state.customers[7].identifiers == anne().identifiers | after


@pytest.mark.parametrize("row", ["n@b.org,+12025550143,,", "a@b.org,,n,", "a@b.org,,,N", ",,a,N", "n@b.org,,n,A"])
def test_contradiction(importer: Importer, row: str) -> None:
    """rules 5.2, 5.4: an unowned one of the same or a stronger level, of a kind of which he has another."""
    result = run(importer, lines(HEADER, row, ",+12025550144,z,Z"), anne())
    assert result.codes == ["identifier_contradiction"]
    assert result.outcomes == ["rejected", "created"]
    assert result.state.customers[7] == anne()


def test_stronger_identifiers_are_added(importer: Importer) -> None:
    """rules 5.2: of a kind of which he has none, a stronger one is no contradiction."""
    result = run(importer, lines(HEADER, "n@b.org,+12025550143,n,", "n@b.org,,,N"), person(7, phone=P1))
    assert result.outcomes == ["updated", "updated"]
    assert [row.matched_by for row in result.rows] == ["MobilePhone", "Email"]
    assert result.who(1).identifiers == {
        "Email": "n@b.org", "MobilePhone": P1, "ExternalIdentityCrm": "n", "ExternalIdentityShop": "N",
    }  # fmt: skip


def test_a_replaced_value_is_free_from_the_next_row_on(importer: Importer) -> None:
    """rules 5.2: owned is said at that moment, after all earlier rows."""
    header = "ExternalIdentityCrm,Email"
    result = run(importer, lines(header, "a,n@b.org", "b,a@b.org", "c,a@b.org", "b,m@b.org", "c,a@b.org"), anne())
    assert result.outcomes == ["updated", "created", "rejected", "updated", "created"]
    assert result.codes == ["identifier_contradiction"]
    assert result.who(5).identifiers == {"Email": "a@b.org", "ExternalIdentityCrm": "c"}


# 5.3 to 5.5


def test_conflict(importer: Importer) -> None:
    """rules 5.3, 5.4: two or more owners."""
    bert = person(8, email="b@b.org")
    result = run(importer, lines(HEADER, "b@b.org,+12025550143,,", "b@b.org,,n,A", ",,z,"), anne(), bert)
    assert result.codes == ["identifier_conflict", "identifier_conflict"]
    assert result.outcomes == ["rejected", "rejected", "created"]


def test_strongest_takes_the_owner_of_the_strongest_level(importer: Importer) -> None:
    """rules 5.5: the row is his; what others own is skipped, what nobody owns is added or replaces."""
    bert = person(8, email="b@b.org", crm="b")
    result = run(importer, lines(HEADER, "a@b.org,+12025550144,b,", ",,z,Z"), anne(), bert, conflicts="strongest")
    assert result.outcomes[0] == "updated"
    assert [(one.column, one.value, one.code) for one in result.problems] == [("Email", "a@b.org", "identifier_taken")]
    assert result.rows[0].matched_by == "ExternalIdentityCrm"
    assert result.who(1).identifiers == {"Email": "b@b.org", "ExternalIdentityCrm": "b", "MobilePhone": P2}


def test_strongest_creates_where_nobody_owns_the_strongest(importer: Importer) -> None:
    """rules 5.5: none owns one of the strongest level: a new customer, in the task "edit" nobody."""
    content = lines(HEADER, "n@b.org,+12025550143,,", "m@b.org,+12025550143,x,")
    result = run(importer, content, anne(), conflicts="strongest")
    assert result.outcomes == ["created", "created"]
    assert result.codes == ["identifier_taken", "identifier_taken"]
    assert result.who(1).identifiers == {"Email": "n@b.org"}
    assert result.who(2).identifiers == {"Email": "m@b.org", "ExternalIdentityCrm": "x"}
    assert run(importer, content, anne(), conflicts="strongest", task="edit").codes == ["customer_not_found"] * 2


def test_strongest_second_row_agrees(importer: Importer) -> None:
    """rules 5.2, 5.5: where nothing disagrees the setting changes nothing: a phone's owner gets an email."""
    result = run(importer, lines(HEADER, "n@b.org,+12025550143,,", ",,z,Z"), person(7, phone=P1), conflicts="strongest")
    assert (result.outcomes[0], result.rows[0].customer, result.codes) == ("updated", 7, [])


def test_strongest_keeps_on_the_deciding_level(importer: Importer) -> None:
    """rules 5.5: on the strongest level, of a kind of which he has another value: skipped."""
    result = run(importer, lines(HEADER, "n@b.org,,a,N", ",+12025550144,,"), anne(), conflicts="strongest")
    assert [(one.column, one.code) for one in result.problems] == [("ExternalIdentityShop", "identifier_kept")]
    assert result.who(1).identifiers == anne().identifiers | {"Email": "n@b.org"}
    only_crm = person(8, crm="b", email="b@b.org")
    result = run(importer, lines(HEADER, "a@b.org,,b,N", ",+12025550144,,"), anne(), only_crm, conflicts="strongest")
    assert [(one.column, one.code) for one in result.problems] == [("Email", "identifier_taken")]
    assert result.who(1).identifiers == only_crm.identifiers | {"ExternalIdentityShop": "N"}


def test_strongest_cannot_decide(importer: Importer) -> None:
    """rules 5.5: two owners on the strongest level are rejected all the same; with a CustomerId its owner decides."""
    bert = person(8, shop="B")
    people = (anne(), bert)
    result = run(importer, lines(HEADER, ",,a,B", "z@b.org,+12025550144,,"), *people, conflicts="strongest")
    assert result.codes == ["identifier_conflict"]
    header = "CustomerId,ExternalIdentityCrm,ExternalIdentityShop"
    result = run(importer, lines(header, "8,a,N"), *people, conflicts="strongest")
    assert result.codes == ["identifier_taken"]
    assert result.who(1).identifiers == {"ExternalIdentityShop": "N"}


# 5.6


@pytest.mark.parametrize("conflicts", ["reject", "strongest"])
def test_add(importer: Importer, conflicts: str) -> None:
    """rules 5.6: a customer who exists, also one made by an earlier row of the file, is not touched."""
    content = lines(
        HEADER + ",LastName", "a@b.org,,,,X", "n@b.org,,,,N", "n@b.org,,,,M", ",,z,Z,", "a@b.org,+12025550144,,,"
    )
    result = run(importer, content, anne(), task="add", conflicts=conflicts)
    assert result.outcomes == ["rejected", "created", "rejected", "created", "rejected"]
    assert result.codes == ["customer_exists"] * 3
    assert result.who(2).fields == {"LastName": "N"}


def test_add_names_disagreement_first(importer: Importer) -> None:
    """rules 5.6: conflict and contradiction come first; the strongest may make somebody new of them."""
    bert = person(8, email="b@b.org")
    content = lines(HEADER, "b@b.org,+12025550143,,", "n@b.org,+12025550143,,", ",,z,Z")
    assert run(importer, content, anne(), bert, task="add").codes == ["identifier_conflict", "identifier_contradiction"]
    result = run(importer, content, anne(), bert, task="add", conflicts="strongest")
    assert result.codes == ["customer_exists", "identifier_taken"]
    assert result.outcomes == ["rejected", "created", "created"]


# 5.7


def test_clearing_identifiers(importer: Importer) -> None:
    """rules 5.7: it acts after matching; what is erased is free from the next row on."""
    rows = ["%CLEAR%,,a,", "n@b.org,,a,%CLEAR%", "a@b.org,,,A", "%CLEAR%,,,A"]
    result = run(importer, lines("Email,MobilePhone,ExternalIdentityCrm,ExternalIdentityShop", *rows), anne())
    assert result.outcomes == ["updated", "updated", "created", "updated"]
    assert result.state.customers[7].identifiers == {
        "Email": "n@b.org", "MobilePhone": P1, "ExternalIdentityCrm": "a",
    }  # fmt: skip
    assert result.state.customers[7].changes[0].fields == {"Email": ("a@b.org", None)}
    assert result.who(3).identifiers == {"ExternalIdentityShop": "A"}


def test_the_last_identifier_stays(importer: Importer) -> None:
    """rules 5.7: erasing the last is skipped; if all are erased at once, the strongest stays."""
    header = "CustomerId,Email,MobilePhone,ExternalIdentityCrm"
    full = "9,z@b.org,+12025550144,z"
    clear = "7,%CLEAR%,%CLEAR%,%CLEAR%"
    zoe = person(9, shop="z")
    for ann, stays, others in [
        (person(7, email="a@b.org"), "Email", 0),
        (person(7, email="a@b.org", phone=P1), "Email", 1),
        (person(7, email="a@b.org", phone=P1, crm="a"), "ExternalIdentityCrm", 2),
        (person(7, phone=P1), "MobilePhone", 0),
    ]:
        result = run(importer, lines(header, clear, full), ann, zoe)
        assert [(one.column, one.code) for one in result.problems] == [(stays, "last_identifier")]
        assert list(result.who(1).identifiers) == [stays]
        assert result.outcomes[0] == ("updated" if others else "unchanged")
    kept = run(importer, lines(header, clear, full), person(7, email="a@b.org", shop="A"), zoe)
    assert kept.codes == []
    assert kept.who(1).identifiers == {"ExternalIdentityShop": "A"}


def test_clearing_with_a_new_identifier(importer: Importer) -> None:
    """rules 5.7: the identifier that the row itself adds is one that stays."""
    result = run(importer, lines("CustomerId,Email,MobilePhone", "7,%CLEAR%,+12025550143", "8,z@b.org,"),
                 person(7, email="a@b.org"), person(8, crm="z"))  # fmt: skip
    assert (result.who(1).identifiers, result.codes) == ({"MobilePhone": P1}, [])


# 5.8


def test_confirmations_are_reset(importer: Importer) -> None:
    """rules 5.8: replacing an email or phone resets its confirmation."""
    ann = anne(IsEmailConfirmed="true", IsMobilePhoneConfirmed="true")
    result = run(importer, lines("ExternalIdentityCrm,Email,MobilePhone", "a,n@b.org,+12025550143"), ann)
    assert result.who(1).fields == {"IsMobilePhoneConfirmed": "true"}
    assert result.who(1).changes[0].fields == {"Email": ("a@b.org", "n@b.org"), "IsEmailConfirmed": ("true", None)}


def test_confirmations_count_for_the_rows_own(importer: Importer) -> None:
    """rules 5.8: they count only if the row's own email, phone is the customer's after the row."""
    header = "ExternalIdentityCrm,Email,IsEmailConfirmed,MobilePhone,IsMobilePhoneConfirmed"
    rows = ["a,,true,,true", "a,a@b.org,true,+12025550144,false", "a,x,false,%CLEAR%,true", "n,n@b.org,1,,1"]
    result = run(importer, lines(header, *rows), anne())
    assert result.outcomes == ["unchanged", "updated", "updated", "created"]
    assert result.who(2).changes[0].fields == {
        "IsEmailConfirmed": (None, "true"),
        "MobilePhone": ("+12025550143", "+12025550144"),
        "IsMobilePhoneConfirmed": (None, "false"),
    }
    assert result.who(3).changes[1].fields["MobilePhone"] == ("+12025550144", None)
    assert result.who(4).fields == {"IsEmailConfirmed": "true"}


def test_confirmation_of_a_taken_email(importer: Importer) -> None:
    """rules 5.8: a skipped identifier confirms nothing."""
    content = lines("ExternalIdentityCrm,Email,IsEmailConfirmed", "n,a@b.org,true")
    result = run(importer, content, anne(), conflicts="strongest")
    assert (result.outcomes, result.codes, result.who(1).fields) == (["created"], ["identifier_taken"], {})
