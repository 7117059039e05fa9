"""Trains ResNet-20 in torch from its own seeds, as tools/oracle/resnet20.net says; run by the Python of --torch.

Usage: python torch_resnet20_epochs.py JOB.json, which has `folder` with the binary files of CIFAR-10, `shapes` of the
tensors by the paths of resnet20.net, in torch's order, `batch`, `epochs`, `momentum`, `decay`, `lr`, a number for each
step, and `seeds`. First weights, order, crops and flips are torch's own. For each seed, when it is done, it prints a
line of JSON: the seed, the share of the test images that is answered right, their mean loss, and the seconds.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional

from torch_resnet20 import ResNet20, Tensor

SIDE, PAD, RECORD = 32, 4, 1 + 3 * 32 * 32


def records(folder: Path, pattern: str) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, 3, 32, 32), and labels."""
    rows = np.concatenate([np.fromfile(path, np.uint8).reshape(-1, RECORD) for path in sorted(folder.glob(pattern))])
    return torch.from_numpy(rows[:, 1:].reshape(-1, 3, SIDE, SIDE).copy()), torch.from_numpy(
        rows[:, 0].astype(np.int64)
    )


def changed(images: Tensor) -> Tensor:
    """Each from a random place of the image with zeros around it, and mirrored or not."""
    count = len(images)
    top, left = (torch.randint(0, 2 * PAD + 1, (count, 1)) for _ in range(2))
    rows = top + torch.arange(SIDE)
    columns = left + torch.where(torch.rand(count, 1) < 0.5, torch.arange(SIDE), torch.arange(SIDE - 1, -1, -1))
    channels = torch.arange(3)[None, :, None, None]
    which = torch.arange(count)[:, None, None, None]
    return functional.pad(images, [PAD] * 4)[which, channels, rows[:, None, :, None], columns[:, None, None, :]]


def first_weights(shapes: dict[str, list[int]]) -> dict[str, Tensor]:
    """Drawn as resnet20.net says: Glorot's for convolutions, gamma 0 where a branch ends, and N(0, 0.01²) at last."""
    drawn = {}
    for name, shape in shapes.items():
        tensor = torch.zeros(shape)
        if name == "out.weight":
            torch.nn.init.normal_(tensor, std=0.01)
        elif len(shape) > 1:
            torch.nn.init.xavier_uniform_(tensor)
        elif name.endswith("gamma") and ".norm_2." not in name:
            tensor.fill_(1.0)
        drawn[name] = tensor
    return drawn


def train(job: dict[str, Any], seed: int) -> dict[str, float]:
    """All epochs from one seed, and what the test images say."""
    start = perf_counter()
    torch.manual_seed(seed)
    folder = Path(job["folder"])
    (images, labels), (seen, right) = records(folder, "data_batch_*.bin"), records(folder, "test_batch.bin")
    whole = images.to(torch.float64)
    mean, std = (number.to(torch.float32).view(1, 3, 1, 1) for number in (whole.mean((0, 2, 3)), whole.std((0, 2, 3))))
    del whole

    def prepared(pixels: Tensor) -> Tensor:
        """As the net takes them: (N, H, W, C), which is channels last for torch."""
        return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)

    net = ResNet20({}, torch.float32)
    for name, tensor in first_weights(job["shapes"]).items():
        order = torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
        net.tensors[name] = tensor.contiguous(memory_format=order).requires_grad_()
    optimiser = torch.optim.SGD(net.tensors.values(), momentum=job["momentum"], weight_decay=job["decay"])
    rates = iter(job["lr"])
    for _ in range(job["epochs"]):
        for chosen in torch.randperm(len(labels)).split(job["batch"]):
            optimiser.param_groups[0]["lr"] = next(rates)
            loss = functional.cross_entropy(net(prepared(changed(images[chosen]))), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    net.training = False
    with torch.no_grad():
        logits = torch.cat([net(prepared(some)) for some in seen.split(1000)])
    accuracy = (logits.argmax(1) == right).double().mean().item()
    loss = functional.cross_entropy(logits, right).item()
    return {"seed": seed, "accuracy": accuracy, "loss": loss, "seconds": perf_counter() - start}


def main(path: str) -> None:
    """One line a seed."""
    job = json.loads(Path(path).read_text())
    for seed in job["seeds"]:
        print(json.dumps(train(job, seed)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
