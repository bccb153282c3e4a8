"""How the properties of columns are tried out."""

from hypothesis import settings

settings.register_profile("columns", deadline=None)
settings.load_profile("columns")
"""No deadline: a busy machine is no error of a column."""
