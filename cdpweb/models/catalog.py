"""The catalog's tables: what the settings pages edit (product §1).

System names and external IDs never change after creation: files, changes and exports refer to them.
"""

from sqlalchemy import Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cdpweb.models.base import Base
from cdpweb.models.types import Json

NAME_CHARACTERS = 200
SYSTEM_NAME_CHARACTERS = 64


class Touchpoint(Base):
    """A channel, site or store that a customer or action is linked to."""

    __tablename__ = "touchpoints"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(String(NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("touchpoints.id"))
    parent: Mapped["Touchpoint | None"] = relationship(remote_side=[id])


class ApiEndpoint(Base):
    """A system that customers come from, with exactly one touchpoint."""

    __tablename__ = "api_endpoints"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    touchpoint_id: Mapped[int] = mapped_column(ForeignKey("touchpoints.id"))
    touchpoint: Mapped[Touchpoint] = relationship()


class SegmentGroup(Base):
    """A group of segments; a customer is in at most one of them."""

    __tablename__ = "segment_groups"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    external_id: Mapped[str | None] = mapped_column(String(NAME_CHARACTERS), unique=True)
    segments: Mapped[list["Segment"]] = relationship(back_populates="group", order_by="Segment.id")


class Segment(Base):
    """A static segment of one group."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("segment_groups.id"))
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS))
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    external_id: Mapped[str | None] = mapped_column(String(NAME_CHARACTERS))
    group: Mapped[SegmentGroup] = relationship(back_populates="segments")

    __table_args__ = (UniqueConstraint("group_id", "system_name"), UniqueConstraint("group_id", "external_id"))


class ActionTemplate(Base):
    """A kind of event in the activity feed."""

    __tablename__ = "action_templates"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))


class CustomField(Base):
    """A field of the project's own; its values are stored as canonical text with each customer."""

    __tablename__ = "custom_fields"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    type: Mapped[str] = mapped_column(String(20))
    multiple: Mapped[bool] = mapped_column(Boolean, default=False)
    create_missing: Mapped[bool] = mapped_column(Boolean, default=False)
    choices: Mapped[list["Choice"]] = relationship(back_populates="field", order_by="Choice.id")


class Choice(Base):
    """One value of a choice field; customers store its external ID."""

    __tablename__ = "choices"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    field_id: Mapped[int] = mapped_column(ForeignKey("custom_fields.id"))
    external_id: Mapped[str] = mapped_column(String(1000))
    name: Mapped[str] = mapped_column(String(1000))
    field: Mapped[CustomField] = relationship(back_populates="choices")

    __table_args__ = (UniqueConstraint("field_id", "external_id"),)


class ExternalSystem(Base):
    """A system whose IDs identify customers."""

    __tablename__ = "external_systems"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))


class Topic(Base):
    """A topic that customers subscribe to in some channels."""

    __tablename__ = "topics"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    system_name: Mapped[str] = mapped_column(String(SYSTEM_NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    channels: Mapped[list[str]] = mapped_column(Json)


class Area(Base):
    """A place customers live in; they store its external ID."""

    __tablename__ = "areas"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(String(NAME_CHARACTERS), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    parent: Mapped["Area | None"] = relationship(remote_side=[id])


class Project(Base):
    """The one row of project defaults (rules §3) with the junk list (rules §2.11); NULL: as shipped."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    phone_country: Mapped[str | None] = mapped_column(String(2))
    api_endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("api_endpoints.id"))
    source_template_id: Mapped[int | None] = mapped_column(ForeignKey("action_templates.id"))
    existing_template_id: Mapped[int | None] = mapped_column(ForeignKey("action_templates.id"))
    junk: Mapped[list[str]] = mapped_column(Json, default=list)
