"""The truth that all are compared with, in double precision by torch, and the net in ONNX for those who read that.

python -m comparison.run_reference FOLDER COLUMN        writes reference-COLUMN.npz, and COLUMN.onnx for inference
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import torch

from comparison.run_torch import gradients
from comparison.serve import Job
from comparison.torch_module import Steps, images, loss_of


def reference(job: Job) -> dict[str, np.ndarray]:
    """The output, or the loss and the gradients, in float64; arrays in the shapes of netdsl."""
    net = Steps.of(job.steps, job.weights).double()
    x, labels = job.inputs()
    given = images(x.astype(np.float64))
    if job.training:
        loss = loss_of(net.train()(given), torch.from_numpy(labels.astype(np.int64)))
        loss.backward()
        return {"loss": loss.detach().numpy(), **gradients(net)}
    with torch.inference_mode():
        y = torch.cat([net.eval()(image[None]) for image in given])
    return {"out": y.permute(0, 2, 3, 1).numpy() if y.ndim == 4 else y.numpy()}


def export(job: Job) -> None:
    """Write the net in ONNX for the batch of the column."""
    net = Steps.of(job.steps, job.weights).eval()
    x = images(job.inputs()[0]).contiguous()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (x,), str(job.folder / f"{job.column}.onnx"), external_data=False, dynamo=True)


def main() -> None:
    """Write what the command line asks for."""
    folder, column = sys.argv[1:]
    job = Job(Path(folder), "reference", column, 0)
    np.savez(job.folder / f"reference-{column}.npz", **reference(job))
    if not job.training:
        export(job)


if __name__ == "__main__":
    main()
