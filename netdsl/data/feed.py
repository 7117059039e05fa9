"""Making things ahead of time, in threads, for one who takes them in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Generic, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


class Feed(Generic[Item, Made]):
    """`make` of each of `items`, in order; `waited` is how long, in seconds, whoever takes them has waited so far.

    With `threads`, two more than there are threads are made ahead; with none, each is made when it is asked for. An
    error of `make` is raised where its result would have come. `done` is called when all have been taken and used.
    """

    def __init__(
        self,
        make: Callable[[Item], Made],
        items: Sequence[Item],
        *,
        threads: int = 0,
        done: Callable[[], None] | None = None,
    ) -> None:
        self.waited = 0.0
        self._make = make
        self._items = items
        self._threads = threads
        self._done = done

    def __iter__(self) -> Iterator[Made]:
        results = self._ahead() if self._threads else map(self._make, self._items)
        while True:
            start = perf_counter()
            try:
                made = next(results)
            except StopIteration:
                if self._done:
                    self._done()
                return
            self.waited += perf_counter() - start
            yield made

    def _ahead(self) -> Iterator[Made]:
        coming: deque[Future[Made]] = deque()
        pool = ThreadPoolExecutor(self._threads, "netdsl-data")
        try:
            for item in self._items:
                coming.append(pool.submit(self._make, item))
                if len(coming) > self._threads + 1:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
