"""`python -m cdpweb`: everything from the shell."""

import atexit
import gc

from cdpweb.cli import cli

if __name__ == "__main__":
    # A program that ends needs no search for garbage among all that it has imported: a third of a second.
    atexit.register(gc.freeze)
    cli(prog_name="python -m cdpweb")
