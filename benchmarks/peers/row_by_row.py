"""What one writes first: Flask-SQLAlchemy, row by row, with the libraries for emails and phones.

    python -m benchmarks.peers.row_by_row FILE DATABASE

Each row is looked up by its three identifiers, then made or changed; it joins its segment and writes an action. A
commit every thousand rows. No conflicts, no consent, no changelog, no ledger, no resuming.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

COMMIT_ROWS = 1000
COPIED = ("FirstName", "LastName", "BirthDate", "Sex", "CustomFieldCity", "CustomFieldPoints", "IsSubscribedByEmail")


class Base(DeclarativeBase):
    """The tables."""


class Customer(Base):
    """A customer with all that the file says of him."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    phone: Mapped[str | None] = mapped_column(unique=True)
    shop_id: Mapped[str | None] = mapped_column(unique=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    birth_date: Mapped[str | None]
    sex: Mapped[str | None]
    city: Mapped[str | None]
    points: Mapped[str | None]
    subscribed: Mapped[str | None]


class Member(Base):
    """A customer's segment."""

    __tablename__ = "members"

    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id), primary_key=True)
    segment: Mapped[str]


class Action(Base):
    """An event of a customer's feed."""

    __tablename__ = "actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id))
    template: Mapped[str]


db = SQLAlchemy(model_class=Base)


def main(file: Path, database: Path) -> None:
    """Import the file into a fresh database."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{database}"
    db.init_app(app)
    with app.app_context(), file.open(encoding="utf-8", newline="") as opened:
        db.create_all()
        for number, row in enumerate(csv.DictReader(opened), 1):
            take(row)
            if number % COMMIT_ROWS == 0:
                db.session.commit()
        db.session.commit()


def take(row: dict[str, str]) -> None:
    """Make or change the customer of a row."""
    identifiers = {"email": email(row["Email"]), "phone": phone(row["MobilePhone"])}
    identifiers["shop_id"] = row["ExternalIdentityShop"] or None
    given = {name: value for name, value in identifiers.items() if value}
    if not given:
        return
    conditions = [getattr(Customer, name) == value for name, value in given.items()]
    customer = db.session.scalars(select(Customer).where(or_(*conditions))).first()
    is_new = customer is None
    if customer is None:
        customer = Customer(**given)
        db.session.add(customer)
    for name, column in zip(COPIED, list(Customer.__table__.columns.keys())[4:], strict=True):
        if row[name]:
            setattr(customer, column, row[name])
    db.session.flush()
    db.session.merge(Member(customer_id=customer.id, segment=row["SegmentLoyalty"]))
    template = row["SourceActionTemplate" if is_new else "LastUpdateActionTemplate"]
    db.session.add(Action(customer_id=customer.id, template=template))


def email(text: str) -> str | None:
    """The address in its canonical form."""
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def phone(text: str) -> str | None:
    """The number in its canonical form."""
    try:
        number: Any = phonenumbers.parse(text, "RU")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
