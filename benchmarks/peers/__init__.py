"""Other ways to import the same file: what people use, and what they write first."""
