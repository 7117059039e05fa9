"""How much memory this process may still take, as the system says."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMORY = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""For version 2 and 1 of control groups: folder, limit, use, and the part of it that the system gives back."""


def available_memory() -> int | None:
    """Bytes that the machine has available, or what limits of its control groups and processes leave, if that is less.

    None where the system does not say.
    """
    found = [*_of_machine(), *_of_groups(), *_of_process()]
    return max(min(found), 0) if found else None


def resident_memory() -> tuple[int, int]:
    """Bytes of memory that this process has now, and the most that it ever had; zeros where the system does not say."""
    status = _numbers(Path("/proc/self/status"))
    return 1024 * status.get("VmRSS", 0), 1024 * status.get("VmHWM", 0)


def _of_machine() -> Iterator[int]:
    memory = _numbers(Path("/proc/meminfo"))
    if "MemAvailable" in memory:
        yield 1024 * memory["MemAvailable"]


def _of_groups() -> Iterator[int]:
    """What each limited group leaves in which this process is."""
    for line in _text(Path("/proc/self/cgroup")).splitlines():
        _, kinds, path = line.split(":", 2)
        folder, *names = MEMORY[0] if not kinds else MEMORY[1]
        if kinds and "memory" not in kinds.split(","):
            continue
        group = CGROUPS / folder / path.lstrip("/")
        while group.is_relative_to(CGROUPS / folder):
            yield from _left(group, *names)
            group = group.parent


def _left(group: Path, most: str, used: str, given_back: str) -> Iterator[int]:
    limit, use = _text(group / most).strip(), _text(group / used).strip()
    if limit.isdigit() and use.isdigit():
        yield int(limit) - int(use) + _numbers(group / "memory.stat").get(given_back, 0)


def _of_process() -> Iterator[int]:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield limit - 1024 * _numbers(Path("/proc/self/status")).get("VmSize", 0)


def _numbers(path: Path) -> dict[str, int]:
    """The first number of each line, by the word before it."""
    words = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {word[0]: int(word[1]) for word in words if len(word) > 1 and word[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
