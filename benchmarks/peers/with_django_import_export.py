"""django-import-export in its bulk mode, into a fresh SQLite database: one identifier, nothing checked.

    python with_django_import_export.py FILE DATABASE

Needs the packages of requirements/peers.lock, and nothing of cdpweb's.
"""

import sys
from pathlib import Path

import django
from django.conf import settings

FILE, DATABASE = Path(sys.argv[1]), sys.argv[2]

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    INSTALLED_APPS=["import_export"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

import tablib  # noqa: E402
from django.db import connection, models  # noqa: E402
from import_export import resources  # noqa: E402

FIELDS = FILE.open(encoding="utf-8").readline().strip().split(",")


class Meta:
    """The model belongs to no application."""

    app_label = "peers"


fields = {name: models.CharField(max_length=200, null=True, db_index=name in FIELDS[:3]) for name in FIELDS}
Customer = type("Customer", (models.Model,), fields | {"Meta": Meta, "__module__": __name__})


class CustomerResource(resources.ModelResource):
    """Rows are found again by their email."""

    class Meta:
        """Its fastest settings that still tell what happened."""

        model = Customer
        import_id_fields = ("Email",)
        fields = tuple(FIELDS)
        use_bulk = True
        batch_size = 1000
        skip_diff = True
        use_transactions = False


with connection.schema_editor() as editor:
    editor.create_model(Customer)
dataset = tablib.Dataset().load(FILE.read_text(encoding="utf-8"), format="csv")
result = CustomerResource().import_data(dataset, raise_errors=False)
sys.stdout.write(f"{result.totals}, {Customer.objects.count()} customers\n")
