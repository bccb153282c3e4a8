"""`python -m cdpweb`: everything from the shell."""

from cdpweb.cli import cli

if __name__ == "__main__":
    cli(prog_name="python -m cdpweb")
