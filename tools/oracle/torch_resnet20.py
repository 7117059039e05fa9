"""Trains ResNet-20 in torch on batches that it is given, and prints the losses; run by the Python of --torch.

Usage: python torch_resnet20.py FILE.npz float32|float64; the file holds the first weights by the paths of resnet20.net
(kernel height, kernel width, in, out), `images` (steps, N, H, W, C), `labels` (steps, N), and `job`, JSON: lr,
a number for each step, momentum, decay.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
import torch.nn.functional as functional

Tensor = torch.Tensor
ORDER = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}


class ResNet20:
    """The net as functions of its tensors, which are called as in netdsl; `moving` has the statistics of each norm."""

    def __init__(self, weights: dict[str, np.ndarray], dtype: torch.dtype) -> None:
        self.tensors = {
            name: torch.from_numpy(array).to(dtype).permute(ORDER[array.ndim]).contiguous().requires_grad_()
            for name, array in weights.items()
        }
        self.moving: dict[str, tuple[Tensor, Tensor]] = {}
        self.training = True

    def norm(self, x: Tensor, path: str, *, stride: int = 1) -> Tensor:
        """A convolution and batch normalisation: by the statistics of the batch, after training by the moving ones."""
        kernel = self.tensors[f"{path}.conv_1.weight"]
        y = functional.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        gamma, beta = (self.tensors[f"{path}.batchnorm_1.{name}"] for name in ("gamma", "beta"))
        mean, var = self.moving.setdefault(path, (torch.zeros_like(gamma).detach(), torch.ones_like(gamma).detach()))
        return functional.batch_norm(y, mean, var, gamma, beta, training=self.training, momentum=0.1, eps=1e-5)

    def __call__(self, x: Tensor) -> Tensor:
        """Logits (N, 10) of images (N, H, W, C)."""
        x = functional.relu(self.norm(x.permute(0, 3, 1, 2), "norm_1"))
        for i in range(3):
            for j in range(1, 4):
                path, stride = f"stage[{i}].unit_{j}", 2 if i and j == 1 else 1
                y = self.norm(functional.relu(self.norm(x, f"{path}.norm_1", stride=stride)), f"{path}.norm_2")
                x = functional.relu(y + (self.norm(x, f"{path}.norm_3", stride=2) if stride == 2 else x))
        return functional.linear(x.mean((2, 3)), self.tensors["out.weight"], self.tensors["out.bias"])


def main(path: str, dtype: torch.dtype) -> None:
    """One step a batch; the losses as one line of JSON."""
    given = np.load(path)
    job = json.loads(str(given["job"]))
    net = ResNet20({name: given[name] for name in given.files if name not in ("images", "labels", "job")}, dtype)
    optimiser = torch.optim.SGD(net.tensors.values(), momentum=job["momentum"], weight_decay=job["decay"])
    losses = []
    for images, labels, lr in zip(given["images"], given["labels"], job["lr"], strict=True):
        optimiser.param_groups[0]["lr"] = lr
        loss = functional.cross_entropy(net(torch.from_numpy(images).to(dtype)), torch.from_numpy(labels))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    print(json.dumps(losses))


if __name__ == "__main__":
    main(sys.argv[1], getattr(torch, sys.argv[2]))
