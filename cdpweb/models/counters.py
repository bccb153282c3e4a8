"""Numbers that nobody had or will have: ids, and turns at writing customers."""

from sqlalchemy import Connection, update

from cdpweb.models.customers import Counter


def reserve(connection: Connection, name: str, count: int = 1) -> int:
    """The first of `count` numbers of a kind, which are ours if the transaction is committed; 0 for no numbers."""
    if not count:
        return 0
    statement = update(Counter).where(Counter.name == name).values(next_id=Counter.next_id + count)
    after: int = connection.execute(statement.returning(Counter.next_id)).scalar_one()
    return after - count
