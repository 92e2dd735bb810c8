from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

def aligned_empty(n: int, dtype: Any) -> Array: ...
def largest(array: Array) -> float: ...
def usable_as_it_is(X: Any, width: int, dtype: Any) -> bool: ...

class Samples:
    n_samples: int
    sparse: bool
    given: tuple[Any, Array | None, Array | None]
    def __init__(
        self,
        X: Any,
        Y: Array | None = None,
        sample_weight: Array | None = None,
        input_scale: float = 1.0,
        off: float = 0.0,
    ) -> None: ...
    def rows(self, start: int, out: Array, targets: bool = False) -> None: ...
