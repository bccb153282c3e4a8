"""Countries of phones (rules 2.6)."""

from cdpweb.domain import countries
from tests.domain.columns import one, read


def test_two_letters_in_any_case() -> None:
    """rules 2.6: ISO 3166 alpha-2, UK is GB, unknown: none."""
    assert read(countries.parse, "DE", "de", "uk", "UK", "gb", None) == [
        (value, ()) for value in ("DE", "DE", "GB", "GB", "GB", None)
    ]
    for unknown in ("XX", "Germany", "DEU", "001", "D"):
        assert one(countries.parse, unknown) == "phone_country_unknown"
