"""Engines: the compiled plans and workspaces of a network, kept for the next call."""

import threading
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.layers import NO_SOURCE, NONE, PLACES
from cmlp.runtime import registry, threads
from cmlp.runtime.compiled import Engine, own_products

CHUNK = 4096  # most rows in a workspace: larger batches are processed in chunks
WORK = 5_000_000_000  # most multiplications per chunk, so that Ctrl-C is handled soon
LEAST = 256  # but a chunk has at least so many rows
MOST_IDLE = 4  # workspaces kept for the next call, the most recent ones
SMALL_PRODUCT = 200_000  # m n k up to which OpenBLAS uses one thread anyway


def most_rows(n_params: int) -> int:
    """The most rows in a workspace: a function of the shapes alone."""
    return min(CHUNK, max(LEAST, WORK // n_params))


class Loan:
    """The context manager of a borrowed engine. A class: a generator would double the time to predict one row."""

    __slots__ = ("blas_at_work", "engine", "engines", "key")

    def __init__(self, engines: "Engines", key: tuple[int, bool, bool], engine: Engine, blas_at_work: bool) -> None:
        self.engines, self.key, self.engine, self.blas_at_work = engines, key, engine, blas_at_work

    def __enter__(self) -> Engine:
        if self.blas_at_work:
            threads.one_blas_thread.__enter__()
        return self.engine

    def __exit__(self, *exception: object) -> None:
        if self.blas_at_work:
            threads.one_blas_thread.__exit__(*exception)
        self.engines.put_back(self.key, self.engine)


class Engines:
    """The engines of one network.

    An engine serves one call at a time. Each call takes an engine and puts it back, so calls from several threads do not share
    one.
    """

    def __init__(self, architecture: Any, dtype: np.dtype) -> None:
        layers, _ = architecture.tables
        self._architecture, self._dtype = architecture, dtype
        self._own_loss = architecture.loss.name not in registry.losses
        self._meet_batches = architecture.has_running_statistics
        self._widths = architecture.sizes
        matrices = architecture.tables[1][architecture.tables[1]["matrix"] == 1]
        products = [int(block["rows"]) * int(block["cols"]) for block in matrices]
        self._most_rows = most_rows(sum(products))
        self._places = len(PLACES) if (layers["norm"] != NONE).any() or (layers["source"] != NO_SOURCE).any() else 3
        self._largest_product = 0 if own_products else max(products)
        self._idle: list[tuple[tuple[int, bool, bool], Engine]] = []  # the most recently used last
        self._lock = threading.Lock()

    def take(
        self, n_rows: int, keep_Z: bool = False, training: bool = False, sparse: bool = False, with_loss: bool = False
    ) -> Loan:
        """An engine for batches of n_rows; BLAS is limited to one thread where it might use more.

        Its workspace may have fewer rows, and batches are processed in chunks then; but batch normalization in training and
        custom losses need all rows at once.

        Raises
        ------
        MemoryError
            If the workspace cannot be allocated.
        """
        whole = (training and self._meet_batches) or (with_loss and self._own_loss)
        capacity = n_rows if n_rows < self._most_rows or whole else self._most_rows
        key = (capacity, keep_Z, sparse)
        engine = self._pop(key) or self._new(*key)
        return Loan(self, key, engine, capacity * self._largest_product > SMALL_PRODUCT)

    def _new(self, capacity: int, keep_Z: bool, sparse: bool) -> Engine:
        validation.check_rows_fit(capacity, self._widths, self._places * self._dtype.itemsize)
        net = self._architecture
        layers, params = net.tables
        return Engine(layers, params, net.loss, capacity, self._dtype, keep_Z, net.input_noise, net.input_dropout, sparse)

    def put_back(self, key: tuple[int, bool, bool], engine: Engine) -> None:
        with self._lock:
            self._idle.append((key, engine))
            if len(self._idle) > MOST_IDLE:
                del self._idle[0]

    def _pop(self, key: tuple[int, bool, bool]) -> Engine | None:
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place][0] == key:
                    return self._idle.pop(place)[1]
        return None

    def clear(self) -> None:
        """Free the workspaces."""
        self._idle.clear()
