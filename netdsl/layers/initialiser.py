"""Initialisers: the distributions that `init=` and `bias_init=` name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt
from typing import TYPE_CHECKING, Any

from netdsl.errors import Fault
from netdsl.layers.named_kernels import NAMED_KERNELS
from netdsl.layers.values import Applied, Word
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float32]]

Fan = tuple[int, int]
"""Numbers that an output sees, and outputs that see an input."""


@dataclass(frozen=True)
class Initialiser:
    """`sample(rng, shape, (fan_in, fan_out), *numbers)` in float32; `numbers` name its required arguments.

    `size` is that of a named kernel, which fits windows of this height and width alone.
    """

    sample: Callable[..., Any]
    text: str
    source: str
    numbers: tuple[str, ...] = ()
    size: int = 0


def _normal(rng: Any, shape: Shape, fan: Fan, std: float) -> Any:
    import numpy as np

    drawn = rng.standard_normal(shape, np.float32)
    drawn *= np.float32(std)
    return drawn


def _uniform(rng: Any, shape: Shape, fan: Fan, a: float, b: float) -> Any:
    import numpy as np

    drawn = rng.random(shape, np.float32)
    drawn *= np.float32(b - a)
    drawn += np.float32(a)
    return drawn


def _constant(rng: Any, shape: Shape, fan: Fan, v: float) -> Any:
    import numpy as np

    return np.full(shape, v, np.float32)


def _signs(rng: Any, shape: Shape, fan: Fan) -> Any:
    import numpy as np

    return 2 * rng.integers(0, 2, shape).astype(np.float32) - 1


def _spread(deviation: Callable[[int, int], float]) -> Callable[..., Any]:
    """N(0, deviation²)."""
    return lambda rng, shape, fan: _normal(rng, shape, fan, deviation(*fan))


def _within(limit: Callable[[int, int], float]) -> Callable[..., Any]:
    """U(-limit, limit)."""
    return lambda rng, shape, fan: _uniform(rng, shape, fan, -limit(*fan), limit(*fan))


def _bilinear(rng: Any, shape: Shape, fan: Fan) -> Any:
    """Each output channel its own input channel, the kernel a product of triangles."""
    import numpy as np

    kernel = np.ones((), np.float32)
    for size in shape[:-2]:
        factor = (size + 1) // 2
        centre = factor - 1 if size % 2 else factor - 0.5
        kernel = kernel[..., None] * (1 - np.abs(np.arange(size) - centre) / factor)
    return kernel[..., None, None] * np.eye(shape[-2], shape[-1])


def _named(name: str) -> Callable[..., Any]:
    """Each output channel the kernel on the input channel of its own number, counted round; the other channels 0.

    Where the weight has one axis for its connections, each connection has the kernel.
    """

    def sample(rng: Any, shape: Shape, fan: Fan) -> Any:
        import numpy as np

        kernel = np.array(NAMED_KERNELS[name].values(), np.float32)
        if len(shape) == 3:
            return np.broadcast_to(kernel[..., None], shape).copy()
        filled = np.zeros(shape, np.float32)
        for output in range(shape[-1]):
            filled[..., output % shape[-2], output] = kernel
        return filled

    return sample


GLOROT, HE, LECUN = "Glorot and Bengio 2010", "He et al. 2015", "LeCun et al. 1998"
INITIALISERS: dict[str, Initialiser] = {
    "glorot_uniform": Initialiser(_within(lambda i, o: sqrt(6 / (i + o))), "U(±sqrt(6/(in + out)))", GLOROT),
    "glorot_normal": Initialiser(_spread(lambda i, o: sqrt(2 / (i + o))), "N(0, 2/(in + out))", GLOROT),
    "he_uniform": Initialiser(_within(lambda i, o: sqrt(6 / i)), "U(±sqrt(6/in))", HE),
    "he_normal": Initialiser(_spread(lambda i, o: sqrt(2 / i)), "N(0, 2/in)", HE),
    "lecun_normal": Initialiser(_spread(lambda i, o: sqrt(1 / i)), "N(0, 1/in)", LECUN),
    "bilinear": Initialiser(_bilinear, "a product of triangles", "Long et al. 2015"),
    "signs": Initialiser(_signs, "-1 or 1, equally likely", "LeCun et al. 1998, section II.B"),
    "zeros": Initialiser(lambda rng, shape, fan: _constant(rng, shape, fan, 0.0), "0", ""),
    "ones": Initialiser(lambda rng, shape, fan: _constant(rng, shape, fan, 1.0), "1", ""),
    "normal": Initialiser(_normal, "N(0, std²)", "", ("std",)),
    "uniform": Initialiser(_uniform, "U(a, b)", "", ("a", "b")),
    "constant": Initialiser(_constant, "v", "", ("v",)),
    **{name: Initialiser(_named(name), k.text, "", (), k.size) for name, k in NAMED_KERNELS.items()},
}


def resolve(value: object, argument: str = "init") -> tuple[Initialiser, tuple[float, ...]]:
    """The initialiser and its numbers, from `he_normal` or `normal(0.01)`; raises `Fault` N233."""
    if isinstance(value, Word):
        value = Applied(str(value))
    if not isinstance(value, Applied) or value.name not in INITIALISERS:
        name = value.name if isinstance(value, Applied) else str(value)
        raise Fault("N233", f"there is no initialiser `{name}`", argument, changes=_nearest(name, argument))
    found = INITIALISERS[value.name]
    given = {**dict(zip(found.numbers, value.arguments, strict=False)), **value.keywords}
    if set(given) != set(found.numbers) or len(value.arguments) > len(found.numbers):
        takes = f"`{value.name}({', '.join(found.numbers)})`" if found.numbers else f"`{value.name}` alone"
        raise Fault("N233", f"write {takes}, not `{value!r}`", argument)
    for name, number in given.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise Fault("N233", f"`{name}` of `{value.name}` is a number", argument)
    return found, tuple(float(given[name]) for name in found.numbers)  # type: ignore[arg-type]


def check_fits(value: object, shape: Shape, kernel: tuple[int, ...], *, keyword: str, argument: str) -> None:
    """Raise `Fault` N235 where a named kernel does not fit a tensor with a window of these sizes."""
    size = resolve(value, argument)[0].size
    if not size or kernel == (size, size):
        return
    what = "bias" if argument == "bias_init" else "weight"
    raise Fault(
        "N235",
        f"`{value}` is a kernel of {size}x{size}, and the {what} of `{keyword}` is {format_shape(shape)}",
        argument,
        changes=({"kernel": f"{size}x{size}"},) if len(kernel) == 2 else (),
    )


def _nearest(name: str, argument: str) -> tuple[dict[str, str], ...]:
    from difflib import get_close_matches

    return tuple({argument: found} for found in get_close_matches(name, INITIALISERS, n=1))


def draw(value: object, shape: Shape, fan: Fan, *, seed: int, name: str) -> Array:
    """A float32 array drawn from Philox keyed by the seed and the tensor's name."""
    import numpy as np

    found, numbers = resolve(value)
    digest = blake2b(f"{seed}\0{name}".encode(), digest_size=16).digest()
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
    return np.asarray(found.sample(rng, shape, fan, *numbers), np.float32)
