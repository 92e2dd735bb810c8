"""Engines, the compiled plans and work spaces of a network, kept for the next call."""

import threading
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.layers import NO_SOURCE, NONE, PLACES
from cmlp.runtime import registry, threads
from cmlp.runtime.compiled import Engine, own_products

CHUNK = 4096  # rows in a work space at most: a larger batch goes through it in chunks
WORK = 5_000_000_000  # multiplications in a work space at most, so that a signal is never waited for long
LEAST = 256  # rows below which a chunk is not made smaller for that
MOST_IDLE = 4  # work spaces kept for the next call, of whatever sizes came last
SMALL_PRODUCT = 200_000  # m n k up to which OpenBLAS uses one thread of its own accord


def most_rows(n_params: int) -> int:
    """In a work space: a function of the shapes alone."""
    return min(CHUNK, max(LEAST, WORK // n_params))


class Loan:
    """The context in which an engine is somebody's own. A class: a generator would double the price of predicting one row."""

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

    An engine serves one call at a time. A call takes one out and puts it back, so that calls from several threads each
    have their own.
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
        self._idle: list[tuple[tuple[int, bool, bool], Engine]] = []  # the last used at the end
        self._lock = threading.Lock()

    def take(
        self, n_rows: int, keep_Z: bool = False, training: bool = False, sparse: bool = False, with_loss: bool = False
    ) -> Loan:
        """An engine for batches of n_rows, with BLAS limited to one thread where it might use more.

        It may hold fewer rows, through which a batch goes in chunks; but in training, batch normalization needs all of them,
        and so does a custom loss.

        Raises
        ------
        MemoryError
            If the work space cannot be allocated.
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
        """Give the work spaces back."""
        self._idle.clear()
