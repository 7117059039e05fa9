"""A `torch.nn.Module` from the steps of a net, with its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

Step = dict[str, Any]
NORMS = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"}


class Steps(nn.Module):
    """The net of `describe.describe`: maps (N, C, H, W) in, logits or maps out.

    A ReLU works in place where nothing else reads its operand, as in torchvision's nets.
    """

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self.steps = steps
        self.layers = nn.ModuleDict({_key(i): layer for i, step in enumerate(steps) if (layer := _layer(step))})
        readers = [name for step in steps for name in step["inputs"]]
        self.alone = {name for name in readers if readers.count(name) == 1}
        self.last = {name: i for i, step in enumerate(steps) for name in step["inputs"]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {self.steps[0]["name"]: x}
        for i, step in enumerate(self.steps[1:], 1):
            y = self._run(i, step, [values[name] for name in step["inputs"]])
            if step["act"] == "relu":
                y = functional.relu(y, inplace=step["op"] != "identity" or step["inputs"][0] in self.alone)
            values[step["name"]] = y
            for name in set(step["inputs"]):
                if self.last[name] == i:
                    del values[name]
        return values[self.steps[-1]["name"]]

    def _run(self, i: int, step: Step, ins: list[torch.Tensor]) -> torch.Tensor:
        match step["op"]:
            case "identity":
                return ins[0]
            case "add":
                return sum(ins[1:], start=ins[0])
            case "concat":
                return torch.cat(ins, 1)
            case "global_avgpool":
                return functional.adaptive_avg_pool2d(ins[0], 1).flatten(1)
            case "dense":
                return self.layers[_key(i)](ins[0].flatten(1))
        if "pad" in step and not _even(step):
            (top, bottom), (left, right) = step["pad"]
            outside = float("-inf") if step["op"] == "maxpool" else 0.0
            ins = [functional.pad(ins[0], (left, right, top, bottom), value=outside)]
        return self.layers[_key(i)](*ins)

    @classmethod
    def of(cls, steps: list[Step], arrays: Mapping[str, np.ndarray]) -> Steps:
        """The net with the weights of netdsl; torch draws none of its own."""
        with torch.device("meta"):
            empty = cls(steps)
        return empty.to_empty(device="cpu").load(arrays)

    def load(self, arrays: Mapping[str, np.ndarray]) -> Steps:
        """Take the weights of netdsl, which are in its canonical shapes; returns itself."""
        for name, buffer in self.named_buffers():
            if name.endswith("num_batches_tracked"):
                buffer.zero_()
        with torch.no_grad():
            for name, tensor, step in self.tensors():
                tensor.copy_(torch.from_numpy(np.ascontiguousarray(to_torch(step, arrays[name]))))
        return self

    def tensors(self) -> Iterator[tuple[str, torch.Tensor, Step]]:
        """Every tensor with its name in netdsl and the step that it belongs to."""
        for i, step in enumerate(self.steps):
            if step["op"] in ("conv", "conv_transpose", "dense"):
                names = {"weight": "weight", "bias": "bias"} if step["bias"] else {"weight": "weight"}
            else:
                names = NORMS if step["op"] == "batchnorm" else {}
            for ours, theirs in names.items():
                yield f"{step['name']}.{ours}", getattr(self.layers[_key(i)], theirs), step


def to_torch(step: Step, array: np.ndarray) -> np.ndarray:
    """An array of netdsl in the order of torch.

    conv (kh, kw, in, out) → (out, in, kh, kw); conv_transpose (kh, kw, out, in) → (in, out, kh, kw); dense (h·w·c, out)
    → (out, c·h·w).
    """
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if array.ndim == 2:
        space = step["map"]
        return np.moveaxis(array.reshape(*space, step["units"]), (-1, -2), (0, 1)).reshape(step["units"], -1)
    return array


def from_torch(step: Step, array: np.ndarray) -> np.ndarray:
    """The inverse of `to_torch`."""
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0)
    if array.ndim == 2:
        *space, channels = step["map"]
        return np.moveaxis(array.reshape(step["units"], channels, *space), (0, 1), (-1, -2)).reshape(-1, step["units"])
    return array


def loss_of(y: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over images, and over pixels where the output is a map."""
    return functional.cross_entropy(y, labels)


def images(x: np.ndarray) -> torch.Tensor:
    """Images (N, H, W, C) as torch has them, (N, C, H, W), in the same memory: channels last."""
    return torch.from_numpy(x).permute(0, 3, 1, 2)


def _key(i: int) -> str:
    return f"step{i}"


def _even(step: Step) -> bool:
    return all(before == after for before, after in step["pad"])


def _layer(step: Step) -> nn.Module | None:
    pads = tuple(before for before, _ in step["pad"]) if "pad" in step and _even(step) else (0, 0)
    match step["op"]:
        case "conv":
            rest = step["dilation"], step["groups"], step["bias"]
            return nn.Conv2d(*step["channels"], step["kernel"], step["stride"], pads, *rest)
        case "conv_transpose":
            return nn.ConvTranspose2d(*step["channels"], step["kernel"], step["stride"], bias=step["bias"])
        case "dense":
            return nn.Linear(prod(step["map"]), step["units"], step["bias"])
        case "batchnorm":
            return nn.BatchNorm2d(step["channels"], step["eps"], 1 - step["momentum"])
        case "maxpool":
            return nn.MaxPool2d(step["kernel"], step["stride"], pads, ceil_mode=step["ceil"])
    return None
