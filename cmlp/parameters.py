"""The owner of a network's parameters: their buffer, their initialization, copies and pickles of them."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cmlp import initializers, validation, version
from cmlp.architecture import Architecture
from cmlp.data import Columns, targets
from cmlp.data.targets import Targets
from cmlp.layers import Array, Layer
from cmlp.losses import Loss
from cmlp.runtime.compiled import aligned_empty
from cmlp.runtime.engines import Engines
from cmlp.training.history import History
from cmlp.training.optimizer_state import OptimizerState

OWN = ("_engines", "_training", "_theta", "_optimizer_state")  # what is made anew in a copy


class Parameters:
    """The part of `cmlp.Network` that holds what it consists of; `Network` documents the attributes."""

    ema: Array | None
    history: History | None
    shuffle_seed: int

    def __init__(
        self,
        architecture: Architecture,
        dtype: np.dtype,
        input_scale: float,
        known: Targets | None,
        initial: tuple[list[Any], list[Any]],
        seed: int | np.random.Generator | None,
    ) -> None:
        self._architecture = architecture
        self.dtype = dtype
        self.input_scale = input_scale
        self._targets = known
        self._columns: Columns | None = None
        self._initial = initial
        self._seed = seed
        self._allocate()
        self._reset(None)

    # --- what it consists of ------------------------------------------------------------------------------------
    @property
    def sizes(self) -> list[int]:
        return list(self._architecture.sizes)

    @property
    def activations(self) -> list[str]:
        return [activation.name for activation in self._architecture.activations]

    @property
    def loss_function(self) -> Loss:
        return self._architecture.loss

    @property
    def loss(self) -> str:
        return self._architecture.loss.name

    @property
    def n_params(self) -> int:
        return self._architecture.n_params

    @property
    def n_targets(self) -> int:
        return self._architecture.n_targets

    @property
    def variables(self) -> Array:
        return self._variables

    @variables.setter
    def variables(self, values: ArrayLike) -> None:
        self._variables[:] = validation.check_given(np.asarray(values), self._variables.shape, "variables")

    @property
    def theta(self) -> Array:
        return self._theta

    @theta.setter
    def theta(self, values: ArrayLike) -> None:
        self._theta[:] = validation.check_given(np.asarray(values), self._theta.shape, "theta")

    @property
    def tables(self) -> tuple[Array, Array]:
        layers, params = self._architecture.tables
        return layers.copy(), params.copy()

    @property
    def layers(self) -> list[Layer]:
        return self._architecture.layers_of(self._variables)

    @property
    def seed(self) -> int | None:
        seed = self._seed
        return int(seed) if isinstance(seed, (int, np.integer)) else None

    @property
    def classes(self) -> Array | None:
        return None if self._targets is None else self._targets.classes

    @property
    def feature_names(self) -> list[str] | None:
        return None if self._columns is None else self._columns.names

    # --- how it begins ------------------------------------------------------------------------------------------
    def _allocate(self) -> None:
        """What is its own and not copied."""
        self._variables = aligned_empty(self._architecture.n_variables, self.dtype)
        self._theta = self._variables[: self._architecture.n_params]
        self._engines = Engines(self._architecture, self.dtype)
        self._training = threading.Lock()

    def reset(self, seed: int | np.random.Generator | None = None) -> Self:
        """Reinitialize: draw the initial parameters again and forget the optimizer state; classes stay.

        Parameters
        ----------
        seed : int or Generator, optional
            A new one; without it, the seed that the network was made with (a Generator goes on drawing).
        """
        with self._alone():
            self._reset(seed)
        return self

    def _reset(self, seed: int | np.random.Generator | None) -> None:
        rng = validation.check_seed(self._seed if seed is None else seed)
        shuffle_seed = int(rng.integers(2**63))
        variables = np.empty_like(self._variables)
        self._architecture.fill(variables, *self._initial, rng)
        self._variables[:] = variables
        self.shuffle_seed = shuffle_seed
        self._seed = self._seed if seed is None else seed
        self._optimizer_state: OptimizerState | None = None
        self.ema = None
        self.history = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Held by what changes the network."""
        if not self._training.acquire(blocking=False):
            raise RuntimeError("this network is being trained, by another thread or around this call: use a copy, net.copy()")
        try:
            yield
        finally:
            self._training.release()

    # --- copies -------------------------------------------------------------------------------------------------
    def copy(self) -> Self:
        """An independent network with the same parameters, optimizer state, classes and settings."""
        return self._twin(copy.deepcopy(self.__getstate__()))

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy in another dtype, without the optimizer state."""
        state = copy.deepcopy(self.__getstate__())
        state |= {"dtype": validation.check_dtype(dtype), "_optimizer_state": None}
        state["ema"] = None if self.ema is None else self.ema.astype(dtype)
        return self._twin(state)

    def ema_network(self) -> Self:
        """A copy whose weights are the exponential moving average that `fit(ema_decay=...)` has kept.

        Raises
        ------
        ValueError
            If none has been kept.
        """
        if self.ema is None:
            raise ValueError("this network has no moving average of its weights: fit with ema_decay=0.999 or the like")
        twin = self.copy()
        twin.variables = self.ema
        return twin

    def _twin(self, state: dict[str, Any]) -> Self:
        twin = object.__new__(type(self))
        twin.__setstate__(state)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key not in OWN}
        state["_optimizer_state"] = None if self._optimizer_state is None else self._optimizer_state.parts()
        return state | {"version": version.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        version.check_pickle("Network", state.pop("version", None))
        self.__dict__.update(state)
        self._allocate()
        self._variables[:] = state["_variables"]
        slots = state["_optimizer_state"]
        self._optimizer_state = None if slots is None else OptimizerState.of(*slots)

    def _restore(
        self, shuffle_seed: int, task: str | None, columns: Columns | None, init: list[Any], bias_init: list[Any]
    ) -> None:
        """What a saved network knows besides its numbers: the seed of orders and masks, what X and y mean, its initializers."""
        self._columns = columns
        self._initial = resolve_initial(self._architecture, init, bias_init)
        self.shuffle_seed = validation.check_integer("shuffle_seed", shuffle_seed, 0, 2**64 - 1)
        self._targets = None if task is None else targets.restored(task, self.classes)


def resolve_initial(architecture: Architecture, init: Any, bias_init: Any) -> tuple[list[Any], list[Any]]:
    """Initializers, or arrays, of all W and all b."""
    defaults = architecture.default_initializers
    zeros = [initializers.Zeros() for _ in defaults]
    return initializers.resolve("init", init, defaults), initializers.resolve("bias_init", bias_init, zeros)
