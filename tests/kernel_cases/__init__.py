"""Every kernel with problems whose answers are known in float64.

The table drives the tests of bounds (tests/core/test_bounds.py) and of guard pages, the fuzzing of records and the
sanitizers (tools/). A new kernel gets a family here; a test fails for a kernel that has none.
"""

from kernel_cases import (
    lanes,
    maps,
    moves,
    pooled,
    pooled_tiles,
    pools,
    products,
    random,
    resample,
    rows,
    sums,
    weight_gradients,
    winograd,
)
from kernel_cases.problem import Family, Problem, named, solve

FAMILIES: tuple[Family, ...] = (
    *products.FAMILIES,
    *weight_gradients.FAMILIES,
    *winograd.FAMILIES,
    *pooled.FAMILIES,
    *pooled_tiles.FAMILIES,
    *lanes.FAMILIES,
    *pools.FAMILIES,
    *resample.FAMILIES,
    *maps.FAMILIES,
    *sums.FAMILIES,
    *rows.FAMILIES,
    *random.FAMILIES,
    *moves.FAMILIES,
)

__all__ = ["FAMILIES", "Family", "Problem", "named", "solve"]
