"""A value that is skipped."""


class Invalid(ValueError):
    """The value is skipped, for the reason named by the code (rules 2.3)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
