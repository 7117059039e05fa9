"""Writing a file whole, or not at all."""

import errno
import os

import pytest

from netdsl.errors import NetError
from netdsl.files import atomic


@pytest.fixture
def failing(monkeypatch):
    """Lets the first `times` renames fail with an error number; the list counts the attempts."""
    monkeypatch.setattr(atomic, "PAUSES", (0, 0, 0))

    def start(number, times):
        attempts, real = [], os.replace

        def replace(old, new):
            attempts.append(old)
            if len(attempts) <= times:
                raise OSError(number, os.strerror(number))
            real(old, new)

        monkeypatch.setattr(os, "replace", replace)
        return attempts

    return start


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_what_may_pass_is_tried_four_times(failing, tmp_path, number):
    failing(number, 3)
    atomic.replace_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


def test_then_the_old_file_stays_and_the_cause_is_named(failing, tmp_path):
    (tmp_path / "a").write_text("old")
    attempts = failing(errno.ENOSPC, 9)
    with pytest.raises(NetError, match="cannot be written: no space left on device"):
        atomic.replace_text(tmp_path / "a", "new")
    assert len(attempts) == 4
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_what_does_not_pass_is_tried_once(failing, tmp_path):
    attempts = failing(errno.EROFS, 9)
    with pytest.raises(NetError, match="read-only file system"):
        atomic.replace_text(tmp_path / "a", "new")
    assert len(attempts) == 1


def test_debris_of_a_killed_process_is_removed(tmp_path):
    for name in (".a.123.tmp", "a", ".hidden"):
        (tmp_path / name).touch()
    atomic.remove_debris(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a"]
