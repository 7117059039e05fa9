"""torch: `eager` in its own order, and with channels last the other variants.

For inference `frozen` (traced), `optimized` (and rewritten for inference) and `compiled`; for training `fused`, with an
optimiser that updates in one kernel, and `compiled`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from comparison.serve import Job, Ready, main
from comparison.torch_module import Steps, from_torch, images, loss_of

LR, MOMENTUM = 1e-4, 0.9


def load(job: Job) -> Ready:
    """Build the module, in the order and the form that the variant names."""
    torch.set_num_threads(job.threads)
    torch.set_num_interop_threads(1)
    net = Steps.of(job.steps, job.weights)
    x, labels = job.inputs()
    order = torch.contiguous_format if job.variant == "eager" else torch.channels_last
    net = net.to(memory_format=order)
    given = images(x).contiguous(memory_format=order)
    versions = {"torch": torch.__version__, "numpy": np.__version__}
    if job.training:
        return _training(job, net, given, torch.from_numpy(labels.astype(np.int64)), versions)
    run = _inference(job.variant, net.eval(), given)
    return Ready(run, lambda: {"out": _last(run())}, versions)


def _inference(variant: str, net: Steps, x: torch.Tensor) -> Any:
    made: Any = net
    if variant in ("frozen", "optimized"):
        with torch.no_grad():
            made = torch.jit.freeze(torch.jit.trace(net, x))
            made = torch.jit.optimize_for_inference(made) if variant == "optimized" else made
    if variant == "compiled":
        from torch._inductor import config

        config.freezing = True
        made = torch.compile(net)

    def run() -> torch.Tensor:
        with torch.inference_mode() if variant != "compiled" else torch.no_grad():
            y: torch.Tensor = made(x)
            return y

    return run


def _training(job: Job, net: Steps, x: torch.Tensor, labels: torch.Tensor, versions: dict[str, str]) -> Ready:
    net.train()
    optimiser = torch.optim.SGD(net.parameters(), LR, momentum=MOMENTUM, fused=job.variant == "fused")
    made: Any = torch.compile(net) if job.variant == "compiled" else net

    def run() -> torch.Tensor:
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of(made(x), labels)
        loss.backward()
        optimiser.step()
        return loss

    def answer() -> dict[str, np.ndarray]:
        loss = run().detach().numpy()
        return {"loss": loss, **gradients(net)}

    return Ready(run, answer, versions)


def gradients(net: Steps) -> dict[str, np.ndarray]:
    """The gradients by netdsl's names, in its shapes."""
    return {name: from_torch(step, tensor.grad.numpy()) for name, tensor, step in net.tensors() if tensor.requires_grad}


def _last(y: torch.Tensor) -> np.ndarray:
    """An output with its channels last."""
    return y.permute(0, 2, 3, 1).numpy() if y.ndim == 4 else y.numpy()


if __name__ == "__main__":
    main(load)
