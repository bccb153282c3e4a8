"""What a block does, decided ahead of its turn: in a thread, while the block before it is written.

That block is not committed then. But what it does is known as soon as its turn has begun, and so the next one is
decided by what the database will hold after it (`aftermath.py`). If anybody else has had a turn in between, or that
block came to something else, the foresight is void, and the block is decided in its turn.
"""

from concurrent.futures import CancelledError, Future
from typing import NamedTuple

from sqlalchemy import Connection

from cdpweb.engine.aftermath import Aftermath, Amended
from cdpweb.engine.choices import creates_choices
from cdpweb.engine.decide import Effect, decide
from cdpweb.engine.normalise import Normalised
from cdpweb.engine.orders import Orders
from cdpweb.engine.spoken import Spoken
from cdpweb.engine.stores import Reads, store_for, turns_taken


class Foreseen(NamedTuple):
    """The `effect` of a block in the turn after `after`, once the block that left `upon` has been committed."""

    effect: Effect
    after: int
    upon: Aftermath | None

    def holds(self, turn: int, last: Aftermath | None) -> bool:
        """Whether it is true in this `turn`; `last` is what our block before has left."""
        return self.after == turn - 1 and (self.upon is None or self.upon is last)


def foresee(
    connection: Connection,
    block: Normalised,
    before: Future[Aftermath] | None,
    orders: Orders,
    spoken: Spoken | None,
) -> Foreseen | None:
    """Decide a block ahead of its turn, on a `stores.reader`; None where deciding writes.

    Waits for what the block `before` will leave, if there is one. `spoken` spares look-ups.
    """
    if creates_choices(orders):
        return None
    upon = _result(before)
    with connection.begin():
        after = turns_taken(connection)
        if upon is not None and after != upon.turn - 1:
            upon = None  # it has been committed, or others came in between
        turn = upon.turn if upon else after
        store: Reads = store_for(connection)
        if spoken:
            store = spoken.among(store, turn)
        if upon:
            store = Amended(store, upon, orders)
        return Foreseen(decide(block, orders, store, connection), turn, upon)


def _result(before: Future[Aftermath] | None) -> Aftermath | None:
    """What the block before leaves; None where it came to nothing."""
    try:
        return before.result() if before else None
    except CancelledError:
        return None
