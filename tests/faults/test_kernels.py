"""Faults of the kernels (FAULTS rows 37, 108, 118, 119): large offsets, guard pages, processors without AVX."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kernel_cases.steps import Operand, code, fixed, geometry, panel, record
from netdsl import core

ROOT = Path(__file__).resolve().parents[2]
NORESERVE = 0x4000  # of <sys/mman.h>; Python names it from 3.13 on
LINE = 2**30  # elements of a line of the map below


@pytest.fixture(scope="module")
def vast() -> np.ndarray:
    """3·2^30 float32 zeros, 12 GiB, of which only the pages that are touched take memory."""
    memory = mmap.mmap(-1, 12 * 2**30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE)
    x = np.frombuffer(memory, np.float32)
    x[:16], x[LINE : LINE + 16], x[2 * LINE : 2 * LINE + 16] = 1, 2, 3
    return x


def run(kernel: str, isa: str, operands: list[Operand], fields: dict[str, int]) -> list[float]:
    """The first operand after one step, without repetitions."""
    row, sizes = record(kernel, operands, isa, fields)
    core.Engine(row[None], sizes, 1).run([o.array for o in operands], 1, 2)
    return list(dict.fromkeys(operands[0].array.reshape(-1).tolist()))


@pytest.mark.parametrize("isa", core.isas())
def test_row_37_strides_reach_beyond_2_to_the_31(vast: np.ndarray, isa: str) -> None:
    y, words = fixed(np.zeros(3, np.float32), strides=(1,)), code(("add", 31, 32, 64), constants=[1])
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": 3, "inputs": 1, "words": words.size}
    assert run("copy", isa, [y, fixed(vast, strides=(LINE,))], fields) == [1, 2, 3]
    assert run("map", isa, [y, fixed(words), fixed(vast, strides=(LINE,))], fields) == [2, 3, 4]


@pytest.mark.parametrize("isa", core.isas())
@pytest.mark.parametrize("kernel", ["conv", "pool_max", "pool_sum"])
def test_row_108_windows_of_a_map_of_more_than_2_to_the_31_elements(vast: np.ndarray, isa: str, kernel: str) -> None:
    """A map of 3 x 2^26 x 16: a stride of 2 picks the first pixels of the first and the last line."""
    x, y = vast.reshape(1, 3, 2**26, 16), np.zeros((1, 2, 1, 16), np.float32)
    fields = geometry(x, (2, 1, 16), kernel=(1, 1), stride=(2, 2**26))
    weight = fixed(panel(np.eye(16, dtype=np.float32).reshape(1, 1, 16, 16)))
    assert run(kernel, isa, [fixed(y), fixed(vast), *([weight] if kernel == "conv" else [])], fields) == [1, 3]


def guard(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-P", str(ROOT / "tests" / "kernel_cases" / "guard.py"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("isa", core.isas())
def test_row_118_no_kernel_touches_a_page_beside_its_buffers(isa: str) -> None:
    done = guard(isa)
    assert done.returncode == 0, done.stderr
    operations = len({operation for operation, _ in core.kernel_names()})
    assert re.fullmatch(rf"\d+ problems of {operations} kernels on {isa}\n", done.stdout)


def test_row_118_a_touch_would_be_seen() -> None:
    assert guard("base", "poke").returncode == -signal.SIGSEGV


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs a C compiler")
@pytest.mark.skipif(core.isas() == ["base"], reason="the base set of this processor is not x86-64's")
@pytest.mark.parametrize("source", ["nd_base", "nd_run", "nd_team", "nd_check", "nd_dispatch", "nd_needs", "nd_memory"])
def test_row_119_outside_the_avx_files_there_is_no_avx_instruction(source: str) -> None:
    file = ROOT / "core" / "kernels" / f"{source}.c"
    words = ["gcc", "-std=gnu11", "-O1", "-fno-math-errno", "-fopenmp", "-S", "-o", "-", str(file)]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "xmm" in text or source != "nd_base"
    assert not re.search(r"%[yz]mm|^\s+v[a-z]+\s.*%xmm", text, re.MULTILINE)


def test_row_119_a_forced_base_set_runs_a_net() -> None:
    script = """if True:
        import netdsl, numpy as np
        program = netdsl.compile(netdsl.load("lenet5"))
        print(program.plan.isa, program(np.ones((1, 32, 32, 1), np.float32)).shape)
    """
    environment = {**os.environ, "NETDSL_ISA": "base"}
    done = subprocess.run([sys.executable, "-P", "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout == "base (1, 10)\n", done.stderr
