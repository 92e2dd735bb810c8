from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

skips_zeros: bool

def gemm(kind: str, A: Array, B: Array, C: Array, S: Array | None = None, skip_zeros: bool = False) -> None: ...
def activation_forward(name: str, Z: Array, A: Array, parameter: float | Array | None = None) -> None: ...
def activation_backward(
    name: str, Z: Array, A: Array, dZ: Array, parameter: float | Array | None = None, dslope: Array | None = None
) -> None: ...
def norm_forward(
    name: str,
    Z: Array,
    scale: Array,
    shift: Array,
    eps: float,
    mean: Array,
    variance: Array,
    hat: Array,
    N: Array,
    given: bool = False,
) -> None: ...
def norm_backward(
    name: str,
    dN: Array,
    hat: Array,
    scale: Array,
    eps: float,
    variance: Array,
    dscale: Array,
    dZ: Array,
    given: bool = False,
) -> None: ...
def dropout_mask(
    mask: Array, rate: float, seed: int, layer: int, t: int, purpose: int | None = None, row: int = 0, column: int = 0
) -> None: ...
def noise(X: Array, deviation: float, seed: int, t: int, row: int = 0) -> None: ...
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
