"""The two-by-two table of transfer: little or much data, a similar or a different task, and what to do in each case.

What is learned first, edges and textures, serves any photograph; what is learned last serves one task. So the more the
tasks differ, the lower one cuts, and the more data there are, the more layers may move. (Yosinski et al. 2014)
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from netdsl.errors import fail

if TYPE_CHECKING:
    from netdsl.graph.net import Net

ENOUGH = 5000
"""Images of a class from which on data are many: a rule of thumb of Goodfellow, Bengio and Courville (2016, 1.2.1)."""

SIZES = ("little", "much")
TASKS = ("similar", "different")


@dataclass(frozen=True)
class Cell:
    """One case: what to do in a few words, why, and the commands that do it."""

    size: str
    task: str
    words: str
    why: str
    commands: tuple[str, ...]


def size_of(images: int, classes: int) -> str:
    """`little` or `much` data, by the images of a class."""
    return "much" if images >= ENOUGH * classes else "little"


def table(net: Net, target: str, data: str) -> tuple[Cell, ...]:
    """The four cases for a net, as `target` names it on a command line, and data.

    Raises `NetError` N521 for a net of fewer than two layers with weights.
    """
    layers = [node.path for node in net if any(param.role == "param" for param in net.node_params(node.path))]
    if len(layers) < 2:
        raise fail("N521", f"`{net.name}` has fewer than two layers with weights: there is no lower one to keep")
    before = quote(net.nodes[layers[-1]].inputs[0])
    layers, target, data = [quote(path) for path in layers], quote(target), quote(data)
    last, middle, later = layers[-1], layers[(len(layers) - 1) // 2], layers[len(layers) // 2 : -1]
    train = f"netdsl train {target} --weights FILE --data {data}"
    held = [path for path in layers if path not in (last, *later)]
    frozen = " ".join(f"--freeze {path}" for path in held) if len(held) <= 4 else f"--freeze '**' --unfreeze {last}"
    if len(held) > 4:
        frozen += "".join(f" --unfreeze {path}" for path in later[-3:])
    return (
        Cell(
            "little",
            "similar",
            "a new end on frozen layers",
            "the last features fit, and so few images would spoil them",
            (
                f"{train} --fresh {last} --freeze '**' --unfreeze {last}",
                f"netdsl features {target} --weights FILE --data {data} --at {before} --out features.npz",
            ),
        ),
        Cell(
            "little",
            "different",
            "a plain classifier on features of a lower layer",
            "the last features are of the other task, and there are too few images to learn new ones",
            (f"netdsl features {target} --weights FILE --data {data} --at {middle} --out features.npz",),
        ),
        Cell(
            "much",
            "similar",
            "a new end first, then the last layers with a small step",
            "the features nearly fit, and there are images to move them",
            (
                f"{train} --fresh {last} --freeze '**' --unfreeze {last} --out runs/end",
                f"netdsl train {target} --weights runs/end --data {data} {frozen} --set optimizer.lr=0.001",
            ),
        ),
        Cell(
            "much",
            "different",
            "all layers learn, from these weights",
            "there are images for all layers, and learned ones are a better beginning than random ones",
            (f"{train} --fresh {last} --set optimizer.lr=0.01", f"netdsl train {target} --data {data}"),
        ),
    )
