"""One run a folder: a lock that the system drops when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from errno import EACCES, EAGAIN
from pathlib import Path
from types import TracebackType

from netdsl.errors import fail
from netdsl.files.atomic import remove
from netdsl.files.regular import quoted

LOCK = ".lock"
"""The name of the lock's file, which holds the number of the process and goes with the lock."""


class RunLock:
    """While entered, this process alone writes to the folder of a run.

    Entering raises `NetError` N534 where another process has it, N505 where the folder cannot be written to. A file
    system without locks, as some network mounts are, is used without one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / LOCK
        self._descriptor = -1

    def __enter__(self) -> RunLock:
        try:
            while not self._take():
                pass
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise fail("N505", f"{quoted(self._path)} cannot be written: {reason}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove(self._path)  # where that fails: the lock goes with the descriptor, the file alone holds nobody up
        os.close(self._descriptor)

    def _take(self) -> bool:
        """Lock the file that has the name; False where its last holder removed it meanwhile."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (EAGAIN, EACCES):
                holder = os.read(self._descriptor, 20).decode(errors="replace").strip()
                os.close(self._descriptor)
                who = f"process {holder}" if holder.isdigit() else "another process"
                raise fail("N534", f"{quoted(self.folder)} is in use by {who}", help="let it end first") from None
        if not self._is_named():
            os.close(self._descriptor)
            return False
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return True

    def _is_named(self) -> bool:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self._descriptor))
