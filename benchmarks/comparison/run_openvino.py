"""OpenVINO: float32, which is asserted, one stream, the input set once; its threads pinned to cores, or left free."""

from __future__ import annotations

import numpy as np
import openvino

from comparison.serve import Job, Ready, main


def load(job: Job) -> Ready:
    """Compile the column's file for one stream of float32; an assertion where it is another type."""
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": job.threads,
        "ENABLE_CPU_PINNING": job.variant == "pinned",
    }
    model = openvino.Core().compile_model(str(job.folder / f"{job.column}.onnx"), "CPU", settings)
    precision = model.get_property("INFERENCE_PRECISION_HINT")
    assert precision == openvino.Type.f32, precision
    request = model.create_infer_request()
    x = np.ascontiguousarray(job.inputs()[0].transpose(0, 3, 1, 2))
    given = openvino.Tensor(x, shared_memory=True)
    request.set_input_tensor(given)

    def answer() -> dict[str, np.ndarray]:
        request.infer()
        y = request.get_output_tensor().data
        return {"out": y.transpose(0, 2, 3, 1) if y.ndim == 4 else y}

    versions = {"openvino": openvino.__version__.split("-")[0], "numpy": np.__version__}
    return Ready(request.infer, answer, versions, held=(given, x))


if __name__ == "__main__":
    main(load)
