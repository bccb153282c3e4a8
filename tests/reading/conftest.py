"""How the properties of reading are run."""

from hypothesis import settings

settings.register_profile("reading", deadline=None)
settings.load_profile("reading")
"""No deadline: a busy machine is no error of a reader."""
