"""Customers are posted under the names that a file gives them, whatever is posted there already."""

from sqlalchemy.orm import Session

from tests.engine.conftest import Bench
from tests.posting import unposted


def test_who_gets_a_name_together_with_one_who_had_it_before_is_posted(bench: Bench, session: Session) -> None:
    def write(*names: str) -> None:
        rows = "".join(f"person{n}@mail.cdpweb.org,{name}\n" for n, name in enumerate(names))
        bench.run(bench.task(f"Email,LastName\n{rows}"))

    write("Lee", "Kim")
    write("Ray")
    write("Lee", "Lee")
    assert unposted(session) == set()
