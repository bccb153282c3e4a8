"""What a base holds before the benchmarks' files are imported (product §6): all that their columns name."""

from typing import Any


def _named(*names: str) -> list[dict[str, Any]]:
    return [{"system_name": name, "name": name} for name in names]


CATALOG: dict[str, Any] = {
    "segment_groups": [*_named("Loyalty")],
    "action_templates": _named("Registration", "Survey"),
    "custom_fields": [
        {"system_name": "City", "name": "City", "type": "text"},
        {"system_name": "Points", "name": "Points", "type": "integer"},
    ],
    "external_systems": _named("Shop"),
}
CATALOG["segment_groups"][0]["segments"] = _named("Gold", "Silver", "Bronze")
