"""`python -m netdsl` is the command `netdsl`."""

from netdsl.cli import main

main()
