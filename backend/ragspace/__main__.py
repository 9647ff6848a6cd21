"""`python -m ragspace` is the command `ragspace`."""

from ragspace.cli import main

main()
