"""Runs every problem of an instruction set with buffers that end, and then begin, at a page that may not be touched.

python guard.py ISA          # a process that touches such a page is killed by SIGSEGV
python guard.py ISA poke     # touches one
"""

from __future__ import annotations

import ctypes
import mmap
import sys

import numpy as np

from kernel_cases import FAMILIES, Problem
from kernel_cases.problem import Array, Numbers, prepared

PAGE = mmap.PAGESIZE
LIBC = ctypes.CDLL(None, use_errno=True)


def guarded(array: Array, *, at_end: bool) -> Array:
    """A copy between two pages without access, flush with the one behind it or the one before it."""
    inside = max(-(-array.nbytes // PAGE), 1) * PAGE
    base = np.frombuffer(mmap.mmap(-1, inside + 2 * PAGE), np.uint8)
    for start in (0, PAGE + inside):
        assert not LIBC.mprotect(ctypes.c_void_p(base.ctypes.data + start), ctypes.c_size_t(PAGE), 0)
    first = PAGE + (inside - array.nbytes if at_end else 0)
    copy = base[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def run_guarded(problem: Problem, isa: str) -> None:
    """Run at both ends, and judge the results."""
    for at_end in (True, False):
        engine, arrays, n = prepared(problem, isa)
        held = [None if a is None else guarded(a, at_end=at_end) for a in arrays]
        engine.run(held, n, 2)
        problem.judge(*held[: problem.results])


def main() -> None:
    """Of each family about a dozen problems, the first and the last among them."""
    isa, count = sys.argv[1], 0
    if "poke" in sys.argv:
        np.lib.stride_tricks.as_strided(guarded(np.zeros(5, np.float32), at_end=True), (6,))[5] = 1
    for family in FAMILIES:
        apart, last = max(len(family.sizes) // 12, 1), len(family.sizes) - 1
        for k in {*range(0, last, apart), last}:
            run_guarded(family.make(Numbers(family.draws[0], k), *family.sizes[k]), isa)
            count += 1
    print(f"{count} problems of {len({family.kernel for family in FAMILIES})} kernels on {isa}")


if __name__ == "__main__":
    main()
