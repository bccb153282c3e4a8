"""From the bytes of a file to numbered blocks of raw rows (rules §1)."""
