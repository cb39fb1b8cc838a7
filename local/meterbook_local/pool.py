"""The documents of one machine: written here and now, by several processes where there are many."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

R = TypeVar("R")
Render = Callable[[str, str], None]
# A process takes about a second to begin; this process writes so many documents in that time.
FEW = 8


class RenderPool:
    """A `RenderQueue` that has written all documents when it returns.

    `render` is called with a seller and a number, and travels to other processes. What fails is
    raised after all others were written.
    """

    def __init__(self, render: Render, few: int = FEW, processes: int | None = None) -> None:
        self._render = render
        self._few = few
        self._processes = processes or os.cpu_count() or 1

    def send(self, seller_id: str, numbers: Sequence[str]) -> None:
        """Write the documents of the numbers. Errors: what the first that failed has raised."""
        at_once = min(self._processes, len(numbers))
        alone = at_once < 2 or len(numbers) <= self._few
        failures = self._here(seller_id, numbers) if alone else self._there(seller_id, numbers)
        for failure in list(failures):
            raise failure

    def _here(self, seller_id: str, numbers: Sequence[str]) -> Iterator[Exception]:
        for number in numbers:
            try:
                self._render(seller_id, number)
            except Exception as failure:  # told after the others are written
                yield failure

    def _there(self, seller_id: str, numbers: Sequence[str]) -> Iterator[Exception]:
        # Not forked from this process: the book's threads and locks stay here.
        with ProcessPoolExecutor(
            min(self._processes, len(numbers)), get_context("forkserver"), _begin, (self._render,)
        ) as pool:
            tasks: list[Future[None]] = [pool.submit(_write, seller_id, one) for one in numbers]
            for task in as_completed(tasks):
                if isinstance(failure := task.exception(), Exception):
                    yield failure


_renders: list[Render] = []


def _begin(render: Render) -> None:
    """Keep what renders, with what it has read, for all tasks of this process."""
    _renders[:] = [render]


def _write(seller_id: str, number: str) -> None:
    _renders[0](seller_id, number)
