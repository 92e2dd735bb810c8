from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._registry import ActivationInfo, LossInfo, OptimizerInfo

Array = NDArray[Any]

activations: dict[str, ActivationInfo]
losses: dict[str, LossInfo]
optimizers: dict[str, OptimizerInfo]
largest_size: int
compiler: str
openmp: bool
instruction_sets: tuple[str, ...]
instruction_set: str
own_products: bool
CLOCK_LENGTH: int
PARTS: tuple[str, ...]

def outputs_per_target(loss: str, values: tuple[float, ...]) -> int: ...
def load_kernels(level: str) -> None: ...
def ticks() -> int: ...
def max_threads() -> int: ...
def aligned_empty(n: int, dtype: Any) -> Array: ...
def largest(array: Array) -> float: ...
def usable_as_it_is(X: Any, width: int, dtype: Any) -> bool: ...

class Samples:
    n_samples: int
    def __init__(
        self,
        X: Array,
        Y: Array | None = None,
        sample_weight: Array | None = None,
        input_scale: float = 1.0,
        off: float = 0.0,
    ) -> None: ...
    def rows(self, start: int, out: Array, targets: bool = False) -> None: ...

class Cursor:
    t: int
    epoch: int
    batch: int
    epoch_loss: float
    epoch_change: float
    def __init__(self, t: int = 0, epoch: int = 0) -> None: ...
    def new_epoch(self) -> None: ...
    def copy(self) -> Cursor: ...

class Engine:
    dtype: np.dtype[Any]
    layers: Array
    work: Array
    capacity: int
    clocks: Array | None
    def __init__(
        self, layers: Array, loss: str, loss_values: tuple[float, ...], capacity: int, dtype: Any, keep_Z: bool = False
    ) -> None: ...
    def load(self, n_rows: int) -> tuple[int, int]: ...
    def prepare(self, n_threads: int) -> None: ...
    def block(self, name: str, l: int, n_rows: int) -> Array: ...
    def forward(self, theta: Array, samples: Samples, out: Array, scores: bool = False, n_threads: int = 1) -> None: ...
    def cost(self, theta: Array, samples: Samples, n_threads: int = 1) -> float: ...
    def gradient(self, theta: Array, dtheta: Array, samples: Samples, n_threads: int = 1) -> tuple[float, bool]: ...
    def train(
        self,
        theta: Array,
        dtheta: Array | None,
        state: Array | None,
        samples: Samples,
        cursor: Cursor,
        *,
        optimizer: str,
        hyper: tuple[float, ...] | Array,
        batch_size: int,
        order: Array | None = None,
        seed: int = 0,
        rules: Any = None,
        max_steps: int,
        max_epochs: int,
        max_seconds: float,
        threshold: float,
        n_threads: int = 1,
    ) -> tuple[str, int, Array, Array, BaseException | None]: ...
