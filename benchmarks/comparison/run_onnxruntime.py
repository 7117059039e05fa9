"""ONNX Runtime: all optimisations, one operation at a time, threads inside it; `bound` binds input and output once."""

from __future__ import annotations

import numpy as np
import onnxruntime

from comparison.serve import Job, Ready, main


def load(job: Job) -> Ready:
    """Open a session on the column's file."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = job.threads
    options.inter_op_num_threads = 1
    path = job.folder / f"{job.column}.onnx"
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    x = np.ascontiguousarray(job.inputs()[0].transpose(0, 3, 1, 2))
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    versions = {"onnxruntime": onnxruntime.__version__, "numpy": np.__version__}
    if job.variant == "run":
        feed = {given.name: x}
        return Ready(lambda: session.run(None, feed), lambda: {"out": last(session.run(None, feed)[0])}, versions)
    binding = session.io_binding()
    binding.bind_ortvalue_input(given.name, onnxruntime.OrtValue.ortvalue_from_numpy(x))
    y = onnxruntime.OrtValue.ortvalue_from_shape_and_type(made.shape, np.float32)
    binding.bind_ortvalue_output(made.name, y)

    def answer() -> dict[str, np.ndarray]:
        session.run_with_iobinding(binding)
        return {"out": last(y.numpy())}

    return Ready(lambda: session.run_with_iobinding(binding), answer, versions)


def last(y: np.ndarray) -> np.ndarray:
    """An output with its channels last."""
    return y.transpose(0, 2, 3, 1) if y.ndim == 4 else y


if __name__ == "__main__":
    main(load)
