"""The folder for what can be computed again: the tables of the parser, the choices of the tuner."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path | None:
    """NETDSL_CACHE, else `netdsl` in XDG_CACHE_HOME or ~/.cache, made if need be; None where it cannot be trusted.

    A relative XDG_CACHE_HOME is ignored, as the XDG base directory specification says. What lies there is believed, so
    it must be writable, the user's own, and nobody else's to write to.
    """
    given, root = os.environ.get("NETDSL_CACHE", ""), os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(root):
        root = os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(os.path.abspath(given)) if given else Path(root, "netdsl")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, ValueError):
        return None
    shared = os.name == "posix" and (found.st_uid != os.getuid() or bool(found.st_mode & 0o022))
    return None if shared or not os.access(folder, os.W_OK) else folder
