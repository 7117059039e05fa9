"""`random`: numbers that depend on seed, stream, step, image and element alone (Salmon et al. 2011, Philox4x32-10).

`random(seed, step, like; distribution, key[, p])` has the shape of `like`, whose values are not read. `seed` and `step`
are i32 scalars; `key` is a 64-bit number that names the stream (`stream_key`). The words come from
`netdsl.philox`.

    key words      k0 = low(key) ^ seed    k1 = high(key)
    counter words  c = (low(e/4), high(e/4), row, step)
    word of e      w = c[e % 4]

where `row` is the index of the image (0 for a value without a batch) and e the element's index in it, rows major.

    uniform        (w >> 8)·2^-24, in [0, 1), exact in float32
    bernoulli      1 where uniform >= p (p rounded to float32), else 0: the mask of what is kept; it is not scaled
    normal         elements 2i and 2i+1 are r·cos t and r·sin t of their words a and b (Box and Muller 1958),
                   r = sqrt(-2·ln(((a >> 8) + 1)·2^-24)), t = 2π·(b >> 8)·2^-24
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import TYPE_CHECKING, Any

from netdsl.ops.op import Build, Kind, Shape, Value, register
from netdsl.philox import MASK, philox, stream_key

if TYPE_CHECKING:
    from netdsl.ops.op import Array

DISTRIBUTIONS = ("uniform", "bernoulli", "normal")


def draw(build: Build, like: Value, *, distribution: str, purpose: str, **attrs: Any) -> Value:
    """Emit a `random` of the node being lowered, on the scalars `seed` and `step`."""
    seed, step = build.scalar("seed", "i32"), build.scalar("step", "i32")
    key = stream_key(build.origin, purpose)
    drawn: Value = build.add("random", seed, step, like, distribution=distribution, key=key, **attrs)
    return drawn


def words(shape: tuple[int, ...], *, rows: int, seed: int, step: int, key: int) -> Array:
    """One word for each element, (rows, elements rounded up to a multiple of 4)."""
    import numpy as np

    elements = int(np.prod(shape, dtype=np.int64)) // max(rows, 1)
    quads = np.arange(-(-elements // 4), dtype=np.uint64)
    counter = np.zeros((rows, len(quads), 4), np.uint32)
    counter[..., 0] = quads & np.uint64(MASK)
    counter[..., 1] = quads >> np.uint64(32)
    counter[..., 2] = np.arange(rows, dtype=np.uint32)[:, None]
    counter[..., 3] = step & MASK
    return philox(counter, ((key ^ (seed & MASK)) & MASK, key >> 32)).reshape(rows, -1)


def _shape(attrs: Mapping[str, Any], seed: Shape, step: Shape, like: Shape) -> tuple[Shape, ...]:
    assert seed == step == (), f"seed {seed} and step {step} are scalars"
    assert attrs["distribution"] in DISTRIBUTIONS, attrs
    assert ("p" in attrs) == (attrs["distribution"] == "bernoulli"), attrs
    return (like,)


def _run(attrs: Mapping[str, Any], seed: Array, step: Array, like: Array) -> tuple[Array, ...]:
    import numpy as np

    rows = like.shape[0] if attrs["batched"] else 1
    drawn = words(like.shape, rows=rows, seed=int(seed), step=int(step), key=attrs["key"]) >> np.uint32(8)
    elements = like.size // max(rows, 1)
    if attrs["distribution"] == "normal":
        return (_normal(drawn, like.dtype)[:, :elements].reshape(like.shape),)
    uniform = (drawn.astype(np.float32) * np.float32(2.0**-24))[:, :elements].reshape(like.shape)
    if attrs["distribution"] == "bernoulli":
        return ((uniform >= np.float32(attrs["p"])).astype(like.dtype),)
    return (uniform.astype(like.dtype),)


def _normal(drawn: Array, dtype: Any) -> Array:
    import numpy as np

    a, b = drawn[:, 0::2].astype(dtype), drawn[:, 1::2].astype(dtype)
    scale = dtype.type(2.0**-24)
    r, t = np.sqrt(-2 * np.log((a + 1) * scale)), dtype.type(2 * pi) * (b * scale)
    return np.stack([r * np.cos(t), r * np.sin(t)], axis=-1).reshape(len(drawn), -1)


register(Kind("random", _shape, _run))
