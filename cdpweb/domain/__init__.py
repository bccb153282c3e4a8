"""The rules of the product, pure: no web, no database, no queue."""
