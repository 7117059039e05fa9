"""A net in a file of its own, for the commands that read one."""

from pathlib import Path

import pytest


@pytest.fixture
def small(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The path of a file that holds the module's SMALL."""
    path = tmp_path / "small.net"
    path.write_text(request.module.SMALL)
    return str(path)
