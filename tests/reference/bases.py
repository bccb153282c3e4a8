"""The base that the tests of the rules import into: its catalog, its customers and the moment of the import."""

import datetime as dt

from cdpweb.domain.catalog import (
    ActionTemplate,
    ApiEndpoint,
    Area,
    Catalog,
    Choice,
    CustomField,
    ExternalSystem,
    FieldType,
    Project,
    Segment,
    SegmentGroup,
    Shipped,
    Topic,
    Touchpoint,
)

from .state import Customer, State

NOW = dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)

CATALOG = Catalog(
    shipped=Shipped(api_endpoint_id=1, touchpoint_id=1, source_template_id=1, existing_template_id=2),
    project=Project(junk_emails=frozenset({"no@no.com"}), junk_phones=frozenset({19999999999})),
    touchpoints=(
        Touchpoint(1, "cdpweb", "cdpweb touchpoint"),
        Touchpoint(2, "web", "Website"),
        Touchpoint(3, "store", "Store", parent_id=2),
    ),
    api_endpoints=(ApiEndpoint(1, "cdpweb", "cdpweb", 1), ApiEndpoint(2, "website", "Website", 2)),
    segment_groups=(
        SegmentGroup(
            1, "Loyalty", "Loyalty level", "loy",
            (Segment(1, 1, "Gold", "Gold", "g"), Segment(2, 1, "Silver", "Silver", "s")),
        ),
        SegmentGroup(2, "Origin", "Origin", "ori", (Segment(3, 2, "Fair", "Fair", "f"), Segment(4, 2, "Shop", "Shop"))),
    ),
    action_templates=(
        ActionTemplate(1, "CustomerCreation", "Customer creation"),
        ActionTemplate(2, "CustomerEdit", "Edit customer"),
        ActionTemplate(3, "Survey", "Filled in the May survey"),
        ActionTemplate(4, "Visit", "Visited the store"),
    ),
    custom_fields=(
        CustomField("Note", "Note"),
        CustomField("Tags", "Tags", multiple=True),
        CustomField("Count", "Count", FieldType.INTEGER),
        CustomField("Score", "Score", FieldType.DECIMAL),
        CustomField("Vip", "Vip", FieldType.BOOLEAN),
        CustomField("Since", "Since", FieldType.DATE),
        CustomField("Seen", "Seen", FieldType.DATE_TIME),
        CustomField("Size", "Size", FieldType.CHOICE, choices=(Choice("s", "Small"), Choice("l", "Large"))),
        CustomField("Sports", "Sports", FieldType.CHOICE, True, True, choices=(Choice("run", "Running"),)),
    ),
    external_systems=(ExternalSystem(1, "Crm", "CRM"), ExternalSystem(2, "Shop", "Shop")),
    topics=(Topic("News", "News", ("Email", "Sms")), Topic("Offers", "Offers", ("Email",))),
    areas=(Area("nyc", "New York", time_zone="America/New_York"), Area("ber", "Berlin")),
)  # fmt: skip


def base(*customers: Customer) -> State:
    """A base of these customers."""
    return State({customer.id: customer for customer in customers})


def person(
    id: int,
    *,
    email: str | None = None,
    phone: int | None = None,
    crm: str | None = None,
    shop: str | None = None,
    consents: dict[str, tuple[bool, dt.datetime]] | None = None,
    **fields: str,
) -> Customer:
    """A customer of a base."""
    named = {"Email": email, "MobilePhone": phone, "ExternalIdentityCrm": crm, "ExternalIdentityShop": shop}
    identifiers = {name: value for name, value in named.items() if value is not None}
    return Customer(id, identifiers, fields, dict(consents or {}))
