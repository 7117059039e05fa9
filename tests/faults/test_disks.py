"""Disks that fill up, fail and go away, processes that are killed while they save, memory that runs out."""

import errno
import fcntl
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from netdsl.errors import NetError
from netdsl.training.keeping import keeper
from netdsl.training.keeping.save_every import SaveEvery
from netdsl.training.session import resume, train_net
from netdsl.training.terms import Terms

from .conftest import AtStep, command, digests

ROOT = Path(__file__).parents[2]
Usage = namedtuple("Usage", "total used free")


def killed(options):
    """What the script says that kills trainings."""
    script = [sys.executable, ROOT / "tools" / "kill_training.py", *options.split()]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_row_83_sigkill_at_a_random_moment():
    assert killed("--random 2 --in-save 0 --enumerate=").endswith(": 0 wrong\n")


def test_row_84_sigkill_at_a_call_of_a_save():
    assert "2 calls of a save with KILL: 0 wrong" in killed("--random 0 --in-save 0 --enumerate KILL --calls 2")


def test_row_85_a_disk_that_fails_at_a_call_of_a_save():
    done = killed("--random 0 --in-save 0 --enumerate ENOSPC,EIO,EDQUOT --calls 1")
    assert "1 calls of a save with ENOSPC, EIO, EDQUOT: 0 wrong" in done


def test_row_86_a_disk_without_room_is_noticed_before_the_first_step(net, folder, monkeypatch):
    monkeypatch.setattr(keeper.shutil, "disk_usage", lambda path: Usage(2**30, 2**30, 2**10))
    with pytest.raises(NetError, match=r"needs 0\.\d MiB for its checkpoints and weights, and 0.0 MiB are free"):
        train_net(net, out=folder, terms=Terms(progress=AtStep(1, lambda: pytest.fail("it began"))))


def test_row_87_a_folder_that_is_taken_away_is_an_error_and_what_it_held_is_whole(net, calm, folder, tmp_path):
    away = tmp_path / "away"
    terms = Terms(every=SaveEvery(4, None), progress=AtStep(9, lambda: folder.rename(away)))
    with pytest.raises(NetError, match="cannot be written: no such file or directory"):
        train_net(net, out=folder, terms=terms)
    resume(away)
    assert digests(away) == calm


def test_row_87_a_disk_that_becomes_read_only_is_an_error_and_costs_no_checkpoint(net, calm, folder, monkeypatch):
    def refuse(*names):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with pytest.raises(NetError, match="cannot be written: read-only file system"), monkeypatch.context() as patch:
        train_net(net, out=folder, terms=Terms(progress=AtStep(9, lambda: patch.setattr(os, "replace", refuse))))
    resume(folder)
    assert digests(folder) == calm


def test_row_87_a_mount_without_locks_is_used_without_one(net, calm, folder, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    train_net(net, out=folder)
    assert digests(folder) == calm


OUT_OF_MEMORY = """
import resource, sys
from netdsl.cli import main
from netdsl.compiler.available import _numbers
from netdsl.training import session
import netdsl.data.image, netdsl.training.not_finite, pathlib
size = 1024 * _numbers(pathlib.Path("/proc/self/status"))["VmSize"]
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[1]) * 2**20,) * 2)
main(["train", "--no-report", *sys.argv[2:]])
"""


@pytest.mark.parametrize("more", [1, 4, 16, 48])
def test_row_90_memory_that_runs_out_is_an_error_and_leaves_no_part_of_a_file(folder, more):
    words = [sys.executable, "-P", "-c", OUT_OF_MEMORY, str(more), folder.parent / "small.net", "--out", folder]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    assert not list(folder.parent.rglob("*.tmp"))


def test_row_97_a_log_that_cannot_be_written_is_a_clean_stop(net, calm, folder):
    with open("/dev/full", "w") as full:
        run = command(folder.parent / "small.net", "--out", folder, stdout=full, stderr=subprocess.PIPE)
        _, words = run.communicate()
    assert run.returncode == 1
    assert "error: the output cannot be written: no space left on device" in words
    resume(folder)
    assert digests(folder)["metrics.csv"] == calm["metrics.csv"]


def test_row_97_a_reader_that_went_away_is_a_clean_stop(folder, calm):
    reader, writer = os.pipe()
    os.close(reader)
    run = command(folder.parent / "small.net", "--out", folder, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, words = run.communicate()
    assert run.returncode == 1
    assert "Traceback" not in words
    resume(folder)
    assert digests(folder)["metrics.csv"] == calm["metrics.csv"]


def test_row_97_without_an_output_the_training_goes_on(folder, calm):
    run = command(folder.parent / "small.net", "--out", folder, stdout=None, preexec_fn=lambda: os.close(1))
    assert run.wait() == 0
    assert digests(folder)["metrics.csv"] == calm["metrics.csv"]
