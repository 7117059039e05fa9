"""Trains in torch what it is given, and prints the loss of every step; run by the Python of --torch, without netdsl.

Usage: python torch_training.py FILE.npz, which holds images (N, H, W, C), labels, the first weights by name (kernel
height, kernel width, in, out), and `job`, JSON: the batches of an epoch, how many epochs, and the methods with their
arguments.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional

Tensor = torch.Tensor
OPTIMISERS = {
    "sgd": (torch.optim.SGD, {}),
    "rmsprop": (torch.optim.RMSprop, {"rho": "alpha"}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "adagrad": (torch.optim.Adagrad, {}),
    "adadelta": (torch.optim.Adadelta, {}),
}


class Net(torch.nn.Module):
    """A convolution with relu, and then a dense layer on its pooled map, or a second convolution for a map."""

    def __init__(self, weights: dict[str, np.ndarray], *, on_map: bool) -> None:
        super().__init__()
        made = {name: torch.from_numpy(array.astype(np.float32)) for name, array in weights.items()}
        order = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
        self.tensors = torch.nn.ParameterDict(
            {k.replace(".", "_"): torch.nn.Parameter(v.permute(order[v.ndim]).contiguous()) for k, v in made.items()}
        )
        self.on_map = on_map

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (N, K) or (N, H, W, K)."""
        t = self.tensors
        h = functional.relu(functional.conv2d(x.permute(0, 3, 1, 2), t["C_weight"], t["C_bias"], padding=2))
        if self.on_map:
            return functional.conv2d(h, t["out_weight"], t["out_bias"]).permute(0, 2, 3, 1)
        h = functional.max_pool2d(h, 2).permute(0, 2, 3, 1).flatten(1)
        return functional.linear(h, t["out_weight"], t["out_bias"])


def loss_of(word: str, given: dict[str, Any], z: Tensor, labels: Tensor) -> Tensor:
    """A loss of netdsl in torch's own functions, or, where torch has none, as its paper writes it."""
    if word == "cross_entropy":
        return functional.cross_entropy(z, labels, label_smoothing=given["smoothing"])
    if word == "hinge":
        return functional.multi_margin_loss(z, labels, p=2 if given["squared"] else 1, margin=given["margin"])
    t = labels[..., None].float() if z.shape[-1] == 1 else functional.one_hot(labels, z.shape[-1]).float()
    if word == "binary_cross_entropy":
        return functional.binary_cross_entropy_with_logits(z, t)
    if word == "mse":
        return functional.mse_loss(z, t)
    p, smooth = torch.sigmoid(z), given["smooth"]
    common, whole = (p * t).sum((1, 2)), (p * p).sum((1, 2)) + (t * t).sum((1, 2))
    return (1 - (2 * common + smooth) / (whole + smooth)).mean()


def schedule_of(word: str, given: dict[str, Any], optimiser: Any, steps: int) -> tuple[Any, bool]:
    """The scheduler, and whether it moves with every step; else it moves with every epoch."""
    schedulers = torch.optim.lr_scheduler
    if word == "step":
        return schedulers.StepLR(optimiser, int(given["every"]), given["gamma"]), False
    if word == "multistep":
        return schedulers.MultiStepLR(optimiser, [int(at) for at in given["at"]], given["gamma"]), False
    if word == "poly":
        return schedulers.PolynomialLR(optimiser, steps, given["power"]), True
    if word == "cosine":
        return schedulers.CosineAnnealingLR(optimiser, steps), True
    if word == "one_cycle":  # torch reaches both ends of a curve; here the last step is one before its end
        rise = (given["rise"] * steps + 1) / (steps + 1)
        momentum = {name: given[name] for name in ("cycle_momentum", "base_momentum", "max_momentum")}
        way = {"pct_start": rise, "div_factor": given["div"], "final_div_factor": given["final"], **momentum}
        return schedulers.OneCycleLR(optimiser, optimiser.param_groups[0]["lr"], steps + 1, **way), True
    return schedulers.ConstantLR(optimiser, 1.0), True


def optimiser_of(word: str, given: dict[str, Any], parameters: Any) -> Any:
    """Torch's optimiser with the arguments of netdsl's."""
    kind, names = OPTIMISERS[word]
    found = {names.get(name, name): value for name, value in given.items() if not name.startswith("beta")}
    found["weight_decay"] = found.pop("decay")
    if "beta1" in given:
        found["betas"] = (given["beta1"], given["beta2"])
    return kind(parameters, **found)


def train(file: Any) -> list[float]:
    """The loss of each step."""
    job = json.loads(str(file["job"]))
    images, labels = torch.from_numpy(file["images"]), torch.from_numpy(file["labels"])
    net = Net({name: file[name] for name in job["tensors"]}, on_map=job["on_map"])
    optimiser = optimiser_of(*job["optimizer"], net.parameters())
    count, epochs, group = job["epoch_steps"], job["epochs"], job["accumulate"]
    scheduler, by_step = schedule_of(*job["schedule"], optimiser, count * epochs)
    losses = []
    for step in range(count * epochs):
        part = slice(step % count * job["batch"], (step % count + 1) * job["batch"])
        loss = loss_of(*job["loss"], net(images[part]), labels[part])
        losses.append(float(loss))
        (loss / group).backward()
        if (step + 1) % group == 0:
            if job["clip"]:
                word, most = job["clip"]
                clip = torch.nn.utils.clip_grad_norm_ if word == "norm" else torch.nn.utils.clip_grad_value_
                clip(net.parameters(), most)
            optimiser.step()
            optimiser.zero_grad()
        if by_step or (step + 1) % count == 0:
            scheduler.step()
    return losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    for path in sys.argv[1:]:
        with np.load(path) as file:
            print(json.dumps(train(file)), flush=True)
