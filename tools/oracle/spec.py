"""Random convolutions, pools and transposed convolutions, one in four or five of them wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

Sides = int | tuple[int, ...]
POOLS = ("maxpool", "avgpool", "sumpool", "minpool")


@dataclass(frozen=True)
class Spec:
    """One layer over an input (spatial sizes and channels); an integer holds for every axis.

    `pad` is a word, an integer, a number for each axis, or two for each axis. `filters` and `groups` are of
    convolutions, `ceil` of pools, `output_pad` of transposed convolutions.
    """

    layer: str
    shape: tuple[int, ...]
    kernel: Sides
    stride: Sides | None = None
    pad: str | Sides = "valid"
    dilation: Sides = 1
    filters: int = 1
    groups: int = 1
    ceil: bool = False
    output_pad: Sides = 0

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.shape) - 1

    @property
    def steps(self) -> Sides:
        """The stride; by default a pool's is its window."""
        return self.stride if self.stride is not None else self.kernel if self.is_pool else 1

    @property
    def is_pool(self) -> bool:
        return self.layer in POOLS

    def arguments(self) -> dict[str, object]:
        """What is written, by name: what differs from the defaults."""
        given: dict[str, object] = {} if self.is_pool else {"filters": self.filters}
        given["kernel"] = self.kernel
        defaults = {"stride": None if self.is_pool else 1, "pad": "valid", "dilation": 1, "groups": 1, "ceil": False}
        for name, default in {**defaults, "output_pad": 0}.items():
            value = getattr(self, name)
            if value is not None and value != default:
                given[name] = value
        return given

    def features(self) -> set[str]:
        """What the tallies count."""
        sides = self.pad if isinstance(self.pad, tuple) and len(self.pad) == 2 * self.rank else ()
        uneven = any(sides[2 * axis] != sides[2 * axis + 1] for axis in range(self.rank)) if sides else False
        present = {
            "asymmetric": uneven,
            "same": self.pad == "same",
            "causal": self.pad == "causal",
            "ceil": self.ceil,
            "dilation": self.dilation != 1,
            "groups": self.groups != 1,
            "output_pad": self.output_pad != 0,
        }
        return {name for name, holds in present.items() if holds} | {f"{self.rank}-D"}


def draw(rng: Random) -> Spec:
    """A specification that is right more often than not."""
    layer = rng.choice(("conv", "conv", "conv", "conv_transpose", "conv_transpose", *rng.sample(POOLS, 2)))
    rank = rng.choice((1, 1, 2, 2, 2, 3))
    groups = 1 if layer in POOLS else rng.choice((1, 1, 2, 3))
    spec = Spec(
        layer,
        (*(rng.randint(1, 24) for _ in range(rank)), groups * rng.randint(1, 3)),
        _sides(rng, rank, 1, 5),
        stride=None if layer in POOLS and rng.random() < 0.3 else _sides(rng, rank, 1, 4),
        filters=groups * rng.randint(1, 3),
        groups=groups,
    )
    if layer in POOLS:
        return replace(spec, ceil=rng.random() < 0.4, pad=_pad(rng, rank, 1))
    dilation = _sides(rng, rank, 1, 4) if rng.random() < 0.35 else 1
    spec = replace(spec, dilation=dilation, pad=_pad(rng, rank, 4))
    if layer == "conv_transpose" and rng.random() < 0.5:
        return replace(spec, output_pad=_sides(rng, rank, 0, 2))
    return spec


def _sides(rng: Random, rank: int, low: int, high: int) -> Sides:
    if rng.random() < 0.5:
        return rng.randint(low, high)
    return tuple(rng.randint(low, high) for _ in range(rank))


def _pad(rng: Random, rank: int, high: int) -> str | Sides:
    words: tuple[str, ...] = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    kind = rng.randrange(5)
    if kind == 0:
        return rng.choice(words)
    if kind == 1:
        return rng.randint(0, high)
    return tuple(rng.randint(0, high) for _ in range(rank * rng.choice((1, 2, 2))))


def spoil(spec: Spec, rng: Random) -> Spec:
    """One argument made wrong, most of the time."""
    return rng.choice(_SPOILERS)(spec, rng)


def _one_side(value: Sides | None, wrong: int, rank: int, rng: Random) -> Sides:
    """An argument that is wrong along one axis."""
    if not isinstance(value, tuple):
        return wrong
    at = rng.randrange(len(value))
    return (*value[:at], wrong, *value[at + 1 :])


def _too_wide(spec: Spec, rng: Random) -> Spec:
    return replace(spec, kernel=tuple(n + rng.randint(1, 9) for n in spec.shape[:-1]))


def _not_positive(spec: Spec, rng: Random) -> Spec:
    names = ["kernel", "stride"] if spec.is_pool else ["kernel", "stride", "dilation", "groups", "filters"]
    name, wrong = rng.choice(names), rng.choice((0, 0, -1, -3))
    if name in ("groups", "filters"):
        return replace(spec, **{name: wrong})
    return replace(spec, **{name: _one_side(getattr(spec, name), wrong, spec.rank, rng)})


def _bad_pad(spec: Spec, rng: Random) -> Spec:
    low = spec.kernel if isinstance(spec.kernel, int) else max(spec.kernel)
    wrong = rng.choice((-1, 2**20 + 1, low, low + 3))
    return replace(spec, pad=_one_side(spec.pad if isinstance(spec.pad, tuple) else 0, wrong, spec.rank, rng))


def _bad_groups(spec: Spec, rng: Random) -> Spec:
    if spec.is_pool:
        return _bad_pad(spec, rng)
    return replace(spec, groups=rng.randint(2, 5))


def _bad_length(spec: Spec, rng: Random) -> Spec:
    name = rng.choice(("kernel", "stride", "pad"))
    length = rng.choice([n for n in range(1, 9) if n != spec.rank and (name != "pad" or n != 2 * spec.rank)])
    return replace(spec, **{name: tuple(rng.randint(1, 2) for _ in range(length))})


def _bad_rank(spec: Spec, rng: Random) -> Spec:
    return replace(spec, shape=rng.choice(((12,), (5, 6, 7, 8, 3))))


def _causal_image(spec: Spec, rng: Random) -> Spec:
    return replace(spec, pad="causal")


def _spills(spec: Spec, rng: Random) -> Spec:
    """Too much added to a transposed convolution, or all of it cut off."""
    if spec.layer != "conv_transpose":
        return _too_wide(spec, rng)
    if rng.random() < 0.5:
        return replace(spec, output_pad=_one_side(spec.output_pad, rng.randint(1, 6), spec.rank, rng))
    return replace(spec, pad=rng.randint(5, 60))


_SPOILERS: tuple[Callable[[Spec, Random], Spec], ...] = (
    _too_wide,
    _not_positive,
    _bad_pad,
    _bad_groups,
    _bad_length,
    _bad_rank,
    _causal_image,
    _spills,
)
