"""Kill trainings at random moments and at every call of a save, resume them, and compare what they leave, to the bit.

Usage: python tools/kill_training.py [--random 50] [--in-save 15] [--enumerate KILL,ENOSPC,EIO,EDQUOT] [--calls N]
           [--seed 1]

--random kills with SIGKILL at random times after the first checkpoint, --in-save at random calls of the saves; every
other run is killed again while it is resumed. --enumerate goes through each call of one whole save (open, write,
fsync, rename, unlink): KILL kills there; an error number comes once, and the run must get over it, and then for ever,
and the run must end with an error that names the cause. Afterwards `netdsl train --resume` must end with the SHA-256 of
checkpoint, weights and metrics of the run that was left alone, and nothing else may lie there. Exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from kill.trial import NET, Ended, Fault, digests, preload, train

WORK = "NETDSL_KILL_WORK"


class Trials:
    """Runs of one small training in `work`, each compared with the one that was left alone."""

    def __init__(self, work: Path, seed: int) -> None:
        self.work, self.random = work, Random(seed)
        self.net = work / "small.net"
        self.net.write_text(NET)
        self.count = self.wrong = self.kills = 0
        start = time.perf_counter()
        self.calm = self._folder("calm")
        ended = train(self._new(self.calm), self.calm, Fault(log=str(work / "calls.txt")))
        if ended.status:
            sys.exit(f"the training fails when it is left alone:\n{ended.output}")
        self.seconds = time.perf_counter() - start
        self.expected = digests(self.calm)
        self.calls = (work / "calls.txt").read_text().splitlines()

    def random_moment(self) -> None:
        """Kill at a random time after the first checkpoint; every other time once more while it is resumed."""
        folder = self._folder("random")
        ended = train(self._new(folder), folder, kill_after=self.random.uniform(0, self.seconds))
        self.kills += ended.status < 0
        if self.random.random() < 0.5:
            again = train(["--resume", str(folder)], folder, kill_after=self.random.uniform(0, self.seconds / 2))
            self.kills += again.status < 0
        self._resumed(folder, "killed at a random moment")

    def random_call(self) -> None:
        """Kill at a random call of a save, after the first checkpoint is there."""
        at = self.random.randint(1 + self._first("rename", "step-0."), len(self.calls))
        self.killed_at(at)

    def killed_at(self, at: int) -> None:
        """Kill at this call."""
        folder = self._folder("call")
        ended = train(self._new(folder), folder, Fault(at))
        self.kills += ended.status < 0
        what = f"killed at call {at}, {self.calls[at - 1].replace(str(self.calm), '')}"
        if ended.status != -9:
            self._report(what, f"the run was not killed: exit status {ended.status}\n{ended.output}")
        self._resumed(folder, what)

    def failed_at(self, at: int, name: str) -> None:
        """Let this call fail once, and then, and all that follow, for ever."""
        number, call = getattr(errno, name), self.calls[at - 1].replace(str(self.calm), "")
        folder = self._folder("once")
        once = train(self._new(folder), folder, Fault(at, number))
        self._compare(folder, once, f"{name} once at call {at}, {call}")
        folder = self._folder("ever")
        ever = train(self._new(folder), folder, Fault(at, number, 10**9))
        cause = os.strerror(number).lower()
        harmless = call.startswith("unlink") and not ever.status
        if not harmless and (ever.status != 1 or cause not in ever.output or "Traceback" in ever.output):
            self._report(f"{name} for ever at call {at}, {call}", f"exit status {ever.status}\n{ever.output}")
        self._resumed(folder, f"{name} for ever at call {at}, {call}")

    def one_save(self) -> range:
        """The calls of the save at the end of the first epoch."""
        return range(self._first("open", ".step-6."), self._first("open", ".step-12."))

    def _first(self, call: str, name: str) -> int:
        return next(k for k, line in enumerate(self.calls, 1) if line.startswith(call) and name in line)

    def _new(self, folder: Path) -> list[str]:
        return [str(self.net), "--out", str(folder), "--threads", str(self.random.randint(1, 3))]

    def _folder(self, name: str) -> Path:
        folder = self.work / f"{name}-run"
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def _resumed(self, folder: Path, what: str) -> None:
        threads = str(self.random.randint(1, 3))
        self._compare(folder, train(["--resume", str(folder), "--threads", threads], folder), what)

    def _compare(self, folder: Path, ended: Ended, what: str) -> None:
        self.count += 1
        found = digests(folder)
        differ = sorted(name for name in {*found, *self.expected} if found.get(name) != self.expected.get(name))
        if ended.status or differ:
            self._report(what, f"exit status {ended.status}, other than expected: {', '.join(differ)}\n{ended.output}")

    def _report(self, what: str, words: str) -> None:
        self.wrong += 1
        print(f"WRONG: {what}: {words}")


def main(arguments: list[str]) -> int:
    """Run the trials; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=50)
    parser.add_argument("--in-save", type=int, default=15)
    parser.add_argument("--enumerate", default="KILL,ENOSPC,EIO,EDQUOT")
    parser.add_argument("--calls", type=int, help="only so many calls of the save, at random")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    if WORK not in os.environ:
        preload(Path(tempfile.mkdtemp()))
    work = Path(os.environ[WORK])
    try:
        return run(Trials(work, asked.seed), asked)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def run(trials: Trials, asked: argparse.Namespace) -> int:
    """All trials that were asked for."""
    for _ in range(asked.random):
        trials.random_moment()
    for _ in range(asked.in_save):
        trials.random_call()
    save = trials.one_save()
    names = [name for name in asked.enumerate.split(",") if name]
    few = sorted(trials.random.sample(save, min(asked.calls or len(save), len(save))))
    for name in names:
        for at in few:
            trials.killed_at(at) if name == "KILL" else trials.failed_at(at, name)
    enumerated = f"{len(few)} calls of a save with {', '.join(names)}" if names else "no save enumerated"
    print(f"{trials.count} runs compared, {trials.kills} kills, {enumerated}: {trials.wrong} wrong")
    return 1 if trials.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
