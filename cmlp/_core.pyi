from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp._registry import ActivationInfo, LossInfo, NormInfo, OptimizerInfo
from cmlp._samples import Samples

Array = NDArray[Any]

activations: dict[str, ActivationInfo]
norms: dict[str, NormInfo]
losses: dict[str, LossInfo]
optimizers: dict[str, OptimizerInfo]
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
    params: Array
    work: Array
    tiles: Array
    capacity: int
    by_layer: bool
    block_rows: int
    clocks: Array | None
    def __init__(
        self,
        layers: Array,
        params: Array,
        objective: Any,
        capacity: int,
        dtype: Any,
        keep_Z: bool = False,
        input_noise: float = 0.0,
        input_dropout: float = 0.0,
        sparse: bool = False,
    ) -> None: ...
    def load(self, samples: Samples, n_rows: int) -> tuple[int, int, int]: ...
    def prepare(self, n_threads: int) -> None: ...
    def block(self, name: str, l: int, n_rows: int) -> Array: ...
    def inputs(self, n_rows: int, mask: bool = False) -> Array: ...
    def forward(
        self,
        variables: Array,
        samples: Samples,
        out: Array,
        logits: bool = False,
        n_threads: int = 1,
        draw: tuple[int, int] | None = None,
        training: bool = False,
    ) -> None: ...
    def cost(
        self,
        variables: Array,
        samples: Samples,
        n_threads: int = 1,
        draw: tuple[int, int] | None = None,
        training: bool = False,
    ) -> float: ...
    def gradient(
        self,
        variables: Array,
        dtheta: Array,
        samples: Samples,
        n_threads: int = 1,
        draw: tuple[int, int] | None = None,
        training: bool = False,
    ) -> tuple[float, bool]: ...
    def train(
        self,
        variables: Array,
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
