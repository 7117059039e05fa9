"""What a result was measured on and with."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def machine() -> dict[str, object]:
    """The processor, its cores and memory, and the system."""
    processor = _field("/proc/cpuinfo", "model name")
    family, model = _field("/proc/cpuinfo", "cpu family"), _field("/proc/cpuinfo", "model")
    return {
        "processor": f"{processor} (family {family}, model {model})",
        "cores": os.cpu_count(),
        "memory_gib": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def commit() -> str:
    """The commit of the tree, with `+` where files differ from it."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no", "--", "netdsl", "core") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _field(file: str, name: str) -> str:
    """The first value of `name : value` in a file of /proc."""
    lines = (line.partition(":") for line in Path(file).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")
