"""The types of arguments that several signatures share."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Protocol, runtime_checkable

from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Path = str | PathLike[str]


@runtime_checkable
class Sparse(Protocol):
    """A sparse matrix of scipy, in any format."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def tocsr(self) -> Any: ...


@runtime_checkable
class Frame(Protocol):
    """A data frame of pandas, polars, ...: columns by their names."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, name: Any, /) -> Any: ...


@runtime_checkable
class Predictor(Protocol):
    """A network, a model, an estimator: what predicts labels or values of X."""

    def predict(self, X: Any, /) -> Any: ...


Matrix = ArrayLike | Sparse | Frame
"""X: arrays, nested lists, sparse matrices, data frames."""

Labels = ArrayLike | Frame
"""y: arrays, lists, columns of data frames."""

Weights = ArrayLike
ClassWeight = str | Mapping[Any, float]

OneSet = tuple[Matrix, Labels] | tuple[Matrix, Labels, Weights | None]
ValidationData = OneSet | Mapping[str, OneSet]
"""Held-out samples: (X, y) or (X, y, sample_weight), or several of these by name."""
