"""What is compared: networks, columns, the figures that the project aims at, and the runners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

NETS_FOLDER = Path(__file__).parents[1] / "nets"


@dataclass(frozen=True)
class Goal:
    """Of one network and column: the times the project's targets were derived from, and the target.

    `peers` are milliseconds by peer on two cores of a Zen 4, float32; `ratio` is how many times faster than the best of
    the peers netdsl wants to be; `memory` is the peak of each peer in MiB, where it was taken.
    """

    peers: Mapping[str, float]
    ratio: float
    memory: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One network: what `netdsl.load` takes, the batch of each column, and the goals by column."""

    name: str
    title: str
    source: str
    batches: Mapping[str, int]
    goals: Mapping[str, Goal]
    parameters: Mapping[str, object] = field(default_factory=dict)


COLUMNS = {"latency": "inference, batch 1", "throughput": "inference, batch 16", "training": "training step, batch 16"}
USUAL = {"latency": 1, "throughput": 16, "training": 16}


def _goals(
    latency: tuple[float, float, float],
    throughput: tuple[float, float, float],
    training: float,
    ratios: tuple[float, float, float],
    memory: tuple[int, int, int],
) -> dict[str, Goal]:
    """Goals from (torch, ONNX Runtime, OpenVINO) twice, torch's step, three ratios and (ORT, OpenVINO, torch) MiB."""
    peers = ("torch", "onnxruntime", "openvino")
    return {
        "latency": Goal(
            dict(zip(peers, latency, strict=True)), ratios[0], {"onnxruntime": memory[0], "openvino": memory[1]}
        ),
        "throughput": Goal(dict(zip(peers, throughput, strict=True)), ratios[1]),
        "training": Goal({"torch": training}, ratios[2], {"torch": memory[2]}),
    }


CASES = {
    case.name: case
    for case in (
        Case(
            "lenet5",
            "LeNet-5",
            "lenet5.net",
            {**USUAL, "training": 64},
            _goals((0.165, 0.024, 0.037), (0.296, 0.134, 0.182), 3.23, (2.0, 1.6, 4.0), (62, 103, 321)),
        ),
        Case(
            "alexnet",
            "AlexNet",
            "alexnet.net",
            USUAL,
            _goals((17.8, 12.8, 14.3), (118, 108, 103), 444, (1.3, 1.35, 1.5), (461, 571, 1116)),
        ),
        Case(
            "googlenet",
            "GoogLeNet",
            "googlenet.net",
            USUAL,
            _goals((18.8, 15.6, 15.7), (309, 237, 245), 843, (1.4, 1.4, 1.5), (138, 181, 996)),
        ),
        Case(
            "resnet18",
            "ResNet-18",
            "resnet18.net",
            USUAL,
            _goals((20.6, 16.9, 16.5), (274, 258, 253), 932, (1.6, 1.7, 1.8), (214, 199, 962)),
        ),
        Case(
            "resnet50",
            "ResNet-50",
            "resnet50.net",
            USUAL,
            _goals((42.1, 38.2, 37.5), (691, 617, 615), 2469, (1.2, 1.2, 1.4), (324, 322, 2312)),
        ),
        Case(
            "vgg16",
            "VGG-16",
            "vgg16.net",
            USUAL,
            _goals((158, 148.6, 154), (2467, 2219, 2168), 8763, (2.4, 2.7, 2.8), (1054, 1186, 3138)),
        ),
        Case(
            "unet",
            "U-Net, 256x256, padded",
            "unet",
            {"latency": 1, "throughput": 4, "training": 4},
            _goals((447, 444, 437), (2076, 1783, 1747), 6394, (2.5, 2.6, 2.8), (463, 409, 1780)),
            {"padded": True, "size": 256},
        ),
    )
}


@dataclass(frozen=True)
class Runner:
    """One way to run a network, in a process of its own: `peer` whose best variant counts, and `variant`. `torch_kept`
    is torch in a process that was told to keep its memory: a peer beside torch as it comes.

    `counts` is false for a variant that is shown and not counted; `module` is the file that serves it; `environment` is
    what its process has beside the usual.
    """

    peer: str
    variant: str
    module: str
    columns: tuple[str, ...]
    counts: bool = True
    usual: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.peer}:{self.variant}"


INFERENCE = ("latency", "throughput")
KEEP = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296"}
"""Lets glibc keep what a step frees for the next one, which otherwise faults in every page anew."""
RUNNERS = (
    Runner("netdsl", "call", "run_netdsl", tuple(COLUMNS)),
    Runner("netdsl", "direct", "run_netdsl", tuple(COLUMNS), counts=False),
    Runner("onnxruntime", "run", "run_onnxruntime", INFERENCE),
    Runner("onnxruntime", "bound", "run_onnxruntime", INFERENCE),
    Runner("openvino", "pinned", "run_openvino", INFERENCE),
    Runner("openvino", "unpinned", "run_openvino", INFERENCE),
    Runner("torch", "eager", "run_torch", INFERENCE),
    Runner("torch", "channels_last", "run_torch", tuple(COLUMNS)),
    Runner("torch_kept", "channels_last", "run_torch", ("training",), environment=KEEP),
    Runner("torch_kept", "fused", "run_torch", ("training",), environment=KEEP),
    Runner("torch", "frozen", "run_torch", INFERENCE),
    Runner("torch", "optimized", "run_torch", INFERENCE),
    Runner("torch", "compiled", "run_torch", tuple(COLUMNS), usual=False),
)


def chosen_runners(words: list[str], column: str) -> list[Runner]:
    """Runners of a column named by peer (`torch`: its usual variants) or in full (`torch:compiled`)."""
    return [
        runner
        for runner in RUNNERS
        if column in runner.columns and (runner.name in words or (runner.peer in words and runner.usual))
    ]
