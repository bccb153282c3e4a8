"""The import itself: from a block of raw rows to one transaction."""
