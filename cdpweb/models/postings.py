"""Postings: who or what has a value, for values that many have (an inverted index)."""

from enum import IntEnum

from sqlalchemy import Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from cdpweb.models.base import Base
from cdpweb.models.types import BigInt, Key


class Posting(Base):
    """Whom or what a value is common to: an inverted index, a fifth of the work of an ordinary one.

    `numbers` are ids of customers or records of a task, as text with commas, all with the same `bucket`: the number
    without its last BUCKET_BITS bits; `first` is the lowest. The bucket stands before the value in the key, so that
    new postings meet in the few pages of the last bucket, however many customers there are.
    """

    __tablename__ = "postings"

    kind: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True)
    value: Mapped[str] = mapped_column(Key, primary_key=True)
    first: Mapped[int] = mapped_column(BigInt, primary_key=True)
    numbers: Mapped[str] = mapped_column(Text)

    __table_args__ = ({"sqlite_with_rowid": False},)


BUCKET_BITS = 18


class Posted(IntEnum):
    """The kinds of postings.

    Names are hints, for a name that has changed stays posted too: whoever is found by one is to be asked for it. A
    source never changes, nor what became of a row, whose value is `outcome_of(task_id, outcome)`.
    """

    LAST_NAME = 0
    FIRST_NAME = 1
    SOURCE_TOUCHPOINT = 2
    SOURCE_TEMPLATE = 3
    OUTCOME = 4

    @property
    def is_in_order(self) -> bool:
        """Whether a posting's numbers all lie between its first and the next one's: each block had its own."""
        return self not in (Posted.LAST_NAME, Posted.FIRST_NAME)


POSTED_COLUMNS = {
    Posted.LAST_NAME: "last_name",
    Posted.FIRST_NAME: "first_name",
    Posted.SOURCE_TOUCHPOINT: "source_touchpoint_id",
    Posted.SOURCE_TEMPLATE: "source_template_id",
}
"""The columns of `customers` whose values are posted, as text."""


def outcome_of(task_id: int, outcome: str) -> str:
    """The value under which the rows of a task with this outcome are posted."""
    return f"{task_id} {outcome}"
