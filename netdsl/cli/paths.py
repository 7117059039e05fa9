"""Names of files on a command line."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path, readable=False)
"""Any path: whether it can be read is said, with a code, where it is read, and click does not look beforehand."""
