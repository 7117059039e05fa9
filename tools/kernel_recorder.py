"""A plugin of pytest that writes which kernels ran in which test, on how many threads.

`pytest -p kernel_recorder` with KERNEL_RECORDS=FOLDER appends lines of tabs to FOLDER/<process>.txt:
test, operation, instruction set, threads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from netdsl.core import _engine

from netdsl import core

CURRENT = {"test": ""}
RAN: dict[tuple[str, str, str, int], None] = {}
NAMES = core.kernel_names()
KERNEL = core.field_names().index("kernel")


class Recorded(core.Engine):
    """An engine that notes what it runs."""

    def __init__(self, records: Any, sizes: Any, batch: int, *rest: Any) -> None:
        self.kernels = sorted({int(k) for k in records[:, KERNEL]}) if records.ndim == 2 else []

    def run(self, buffers: Any, n: int, threads: int, *rest: Any) -> None:
        super().run(buffers, n, threads, *rest)
        if n:
            RAN.update({(CURRENT["test"], *NAMES[k], threads): None for k in self.kernels})


def pytest_configure() -> None:
    """Put the recording engine in the place of the engine."""
    core.Engine = _engine.Engine = Recorded


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Note which test runs."""
    CURRENT["test"] = item.nodeid
    return (yield)


def pytest_sessionfinish() -> None:
    """Write what ran."""
    if folder := os.environ.get("KERNEL_RECORDS"):
        lines = ["\t".join(map(str, key)) + "\n" for key in RAN]
        Path(folder, f"{os.getpid()}.txt").write_text("".join(lines))
