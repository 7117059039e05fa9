"""Every kernel within its bounds against float64, on every instruction set; the same bits on any number of threads."""

import numpy as np
import pytest

from kernel_cases import FAMILIES, named, solve
from netdsl import core


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_kernel_is_within_its_bounds_with_the_bits_of_one_thread(family, isa, threads):
    for label, problem in family.problems():
        found = solve(problem, isa, threads)
        with named(label):
            problem.judge(*found)
        if threads > 1:
            alone = solve(problem, isa, 1)
            assert all(np.array_equal(f, a) for f, a in zip(found, alone, strict=True)), label


def test_every_row_of_the_kernel_table_has_a_bounds_test():
    without = {operation for operation, _ in core.kernel_names()} - {family.kernel for family in FAMILIES}
    assert not without, f"give {sorted(without)} families of problems in tests/kernel_cases"
