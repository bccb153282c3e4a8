"""cdpweb imports customers from CSV files: fast, exact, every row accounted for."""

__version__ = "0.1.0"
