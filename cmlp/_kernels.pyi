from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

skips_zeros: bool

def gemm(kind: str, A: Array, B: Array, C: Array, S: Array | None = None, skip_zeros: bool = False) -> None: ...
def activation_forward(name: str, Z: Array, A: Array, parameter: float | None = None) -> None: ...
def activation_backward(name: str, Z: Array, A: Array, dZ: Array, parameter: float | None = None) -> None: ...
def loss_gradient(
    name: str,
    P: Array,
    Y: Array,
    dP: Array,
    sample_weight: Array | None = None,
    scale: float = 1.0,
    hyper: tuple[float, ...] = (),
) -> float: ...
def optimizer_change(name: str, change: Array, state: Array, hyper: tuple[float, ...], t: int) -> None: ...
def permutation(n: int, seed: int, epoch: int) -> Array: ...
