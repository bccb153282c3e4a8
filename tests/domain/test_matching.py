"""What a verdict says of those it speaks of (rules 5.2 to 5.5); tests/reference holds the rules themselves."""

from cdpweb.domain.matching import Identities, Rules, decide
from cdpweb.domain.settings import Conflicts
from cdpweb.domain.tasks import TaskKind

REJECT = Rules(TaskKind.IMPORT, Conflicts.REJECT)


def two_people() -> Identities:
    identities = Identities()
    identities.add(12, "Email", "a@b.org")
    identities.add(12, "MobilePhone", 12025550143)
    identities.add(-3, "Email", "b@b.org")
    identities.add(-3, "ExternalIdentityCrm", "c")
    return identities


def test_a_conflict_names_each_owner_also_one_whom_the_file_has_just_created():
    """rules 5.4"""
    verdict = decide({"Email": "a@b.org", "ExternalIdentityCrm": "c"}, two_people(), REJECT, newcomer=-9)
    assert verdict.error == "identifier_conflict"
    assert verdict.detail == (
        "Email belongs to customer 12, ExternalIdentityCrm belongs to the customer created by row 3"
    )


def test_a_contradiction_says_whose_and_which_other_identifier():
    """rules 5.4"""
    verdict = decide({"MobilePhone": 12025550143, "Email": "new@b.org"}, two_people(), REJECT, newcomer=-9)
    assert (verdict.error, verdict.error_column) == ("identifier_contradiction", "Email")
    assert verdict.detail == "MobilePhone belongs to customer 12, whose Email is another one"


def test_of_a_customer_who_exists_the_number_is_told():
    """rules 5.6"""
    add = Rules(TaskKind.ADD, Conflicts.REJECT)
    verdict = decide({"Email": "a@b.org"}, two_people(), add, newcomer=-9)
    assert (verdict.error, verdict.detail) == ("customer_exists", "customer 12")
