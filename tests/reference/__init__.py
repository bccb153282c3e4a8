"""The reference: a slow, obvious importer, row by row, that says what is right (rules §§1.4, 2 to 6, 8.2)."""
