"""A record with a field changed at random is refused, or runs inside its buffers (what AddressSanitizer watches)."""

from dataclasses import replace

import numpy as np
import pytest

from kernel_cases import FAMILIES
from kernel_cases.problem import prepared
from kernel_cases.steps import FIELDS, record
from netdsl import core

NUMBERS = [-(2**62), -1, 0, 1, 2, 3, 5, 7, 16, 17, 100, 2**20, 2**31, 2**40, 2**62]
PITCHED = {
    **{"conv": (0, 1), "conv_winograd": (0, 1), "conv_dw": (1, 2), "conv_dw_winograd": (1, 2)},
    **{"conv_grouped": (0, 1), "conv_grouped_dw": (1, 2), "pool_max_dx": (0, 1, 2), "moments": (2,)},
}


def small_problems():
    """Of each family the problem with the fewest numbers, and the same on the channels of wider images."""
    for family in FAMILIES:
        found = [problem for _, problem in family.problems()]
        small = min(found, key=lambda p: sum(o.array.size for o in p.operands if o is not None))
        yield small
        if family.kernel in PITCHED:
            yield widened(small, PITCHED[family.kernel])


def widened(problem, positions):
    operands, fields = list(problem.operands), dict(problem.fields)
    for i in positions:
        wide = np.pad(operands[i].array, [(0, 0)] * (operands[i].array.ndim - 1) + [(2, 3)])
        operands[i] = replace(operands[i], array=wide, shift=2)
        fields[f"x{i}_pitch"] = wide.shape[-1]
    return replace(problem, operands=tuple(operands), fields=fields)


PROBLEMS = list(small_problems())


@pytest.mark.parametrize("seed", range(10))
def test_a_changed_record_is_refused_or_runs_inside_its_buffers(isa, seed):
    rng, refused = np.random.default_rng(seed), 0
    for problem in PROBLEMS:
        row, sizes = record(problem.kernel, problem.operands, isa, problem.fields)
        _, arrays, n = prepared(problem, isa)
        for _ in range(30):
            changed = row.copy()
            for field in rng.integers(FIELDS["cost"], len(row), rng.integers(1, 3)):
                changed[field] = rng.choice(NUMBERS)
            try:
                core.Engine(changed[None], sizes, n).run(arrays, n, 1)
            except ValueError:
                refused += 1
    assert refused > 100
