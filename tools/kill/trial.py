"""Trainings in child processes that are killed, or whose disk fails, at a given call; and what they leave behind.

A child is forked from a process that has imported everything and runs the command `netdsl train` there, so that a trial
takes a fraction of a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import netdsl.cli
from netdsl.files import atomic
from netdsl.training import not_finite, session  # imported for the children

SHIM = Path(__file__).parent / "io_faults.c"
KILL = -1
NET = """net Small {
  input image: 28x28x1
  conv(4, 5x5, stride=4); batchnorm; relu
  dropout(0.2)
  dense(10, act=softmax)
}
train Small {
  data      fashion_mnist | rescale
  optimizer adam(lr=0.01)
  schedule  cosine(warmup=1)
  batch     1024
  epochs    3
}
"""
assert not_finite and session


@dataclass(frozen=True)
class Fault:
    """What happens at the call number `at` (from 1) that touches the folder: `action` KILL or an error number."""

    at: int = 0
    action: int = KILL
    times: int = 1
    log: str = ""


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status, minus the signal that killed it, and what it printed."""

    status: int
    output: str


def preload(work: Path) -> None:
    """Start this script again with the shim, which is compiled into `work`, in front of the C library."""
    library = work / "io_faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl"], check=True)
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "NETDSL_KILL_WORK": str(work),
        "OMP_WAIT_POLICY": "passive",
    }
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def train(arguments: Sequence[str], folder: Path, fault: Fault | None = None, kill_after: float | None = None) -> Ended:
    """Run `netdsl train` with these arguments; `kill_after` so many seconds from its first checkpoint it is killed."""
    output = folder.with_suffix(".txt")
    child = os.fork()
    if not child:
        _run(arguments, folder, fault, output)
    if kill_after is not None:
        ended = _wait_for_checkpoint(child, folder)
        if not ended:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(status), output.read_text(errors="replace"))


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of what a run leaves: its newest checkpoint (weights, optimiser, statistics, state), weights, metrics.

    Older checkpoints depend on when the run was stopped; everything else that lies there must be the same.
    """
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}
    steps = sorted(int(name.split("-")[1].split(".")[0]) for name in found if name.startswith("step-"))
    return {name: hashed for name, hashed in found.items() if name not in [f"step-{s}.checkpoint" for s in steps[:-1]]}


def _wait_for_checkpoint(child: int, folder: Path) -> bool:
    """Wait until the run can be resumed; True where the child ended before."""
    while not any(folder.glob("step-*")):
        done = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if done is not None:
            return True
        time.sleep(0.001)
    return False


def _run(arguments: Sequence[str], folder: Path, fault: Fault | None, output: Path) -> None:
    status = 1
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        atomic.PAUSES = (0.0, 0.0, 0.0)
        if fault:
            shim = ctypes.CDLL(None)
            log = fault.log.encode()
            shim.nd_arm(
                f"/{folder.name}/".encode(), ctypes.c_long(fault.at), fault.action, ctypes.c_long(fault.times), log
            )
        netdsl.cli.main(["train", "--no-report", *arguments], prog_name="netdsl")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
