"""The network: it owns the parameters and says what to compute; the arithmetic is in the compiled core."""

import copy
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from cmlp import _core, architecture, initializers, scores, summary, targets, threads, validation, version
from cmlp.engines import Engines
from cmlp.layers import Array, Layer
from cmlp.learner import Learner
from cmlp.losses import Loss
from cmlp.memory import Memory
from cmlp.norms import Norm
from cmlp.samples import make_inputs, make_samples
from cmlp.trace import Trace, trace_step
from cmlp.training import History

AT_ONCE = 1 << 16  # samples whose outputs are held while they are made into labels


class Network(Learner):
    """A multilayer perceptron: ``A_l = f_l(A_(l-1) . W_l + b_l)``, with ``A_(-1) = input_scale X``.

    Between Z and A a layer may be normalised; what it hands on may be thinned out by dropout, and joined by what an earlier
    layer puts out (residual connections): see `cmlp.layers.Layer`.

    Parameters
    ----------
    sizes : sequence of int (n_layers + 1,)
        Widths: of the input, of each hidden layer, of the output. ``[n, 1]`` has no hidden layer: with squared_error it is
        linear regression, with log_loss logistic regression, with perceptron Rosenblatt's.
    activation : str, (str, float), or a sequence (n_hidden,) of these, default "relu"
        One for all hidden layers, or one for each: any of `cmlp.registry.activations` that can stand in a hidden layer, or with
        its parameter, as in ``("leaky_relu", 0.2)``.
    loss : str, Loss or callable, default "cross_entropy"
        Any of `cmlp.losses`, by its name or with its parameters, or a function of your own (`cmlp.losses.Custom`).
        "cross_entropy" (one class of several), "log_loss" (a yes or no for each output), "perceptron", "poisson", "gamma" and
        "gaussian" set the output function themselves.
        "squared_error" is half the squared distance summed over the outputs, as in the textbooks: n_outputs / 2 times the mean
        squared error of other libraries; the other losses of values are summed too.
    output : str or (str, float), optional
        Output function, where the loss leaves it free; "identity" unless given.
    norm : {"batch", "layer"}, BatchNorm, LayerNorm, or a sequence (n_hidden,) of these, optional
        Normalisation of Z, over the batch or over the layer; None for none. A layer with batch normalisation has no b.
    dropout : float or sequence of float (n_hidden,), default 0.0
        Rate at which units of the hidden layers are put to 0 in training, the others being divided by 1 - rate (Srivastava et
        al., JMLR 2014); rounded to 1/65536.
    residual : {0, 1, 2} or sequence of int (n_hidden,), default 0
        Layers in a block whose input is added to its output (He, Zhang, Ren and Sun, CVPR 2016), where their widths differ
        through a learned projection P. The first hidden layer stands before the first block. A list says for each layer how
        many layers back that input is, 0 for none.
    input_dropout, input_noise : float, default 0.0
        Rate of dropout on the inputs; standard deviation of normal noise added to them, in training, after input_scale.
    bias : bool or sequence of bool (n_layers,), default True
    init, bias_init : str, Initializer, array, or a sequence (n_layers,) of these, optional
        How W and b begin; None for W is He's initialisation in front of relu and leaky_relu, Glorot's uniform one else. See
        `cmlp.initializers`.
    input_scale : float, default 1.0
        Every input is multiplied by it: 1/255 for 8-bit images.
    dtype : {"float32", "float64"}
    seed : int, numpy.random.Generator or None, default 0
        For the initial parameters and the order of the samples; None takes it from the system.
    classes : sequence, optional
        All labels, if some may be missing in the first y; else they are fixed by the first fit.

    Attributes
    ----------
    theta : ndarray (n_params,)
        All parameters, W_0 b_0 W_1 b_1 ..., in one buffer, 64-byte aligned; assigning to it writes into the buffer.
    variables : ndarray (n_variables,)
        The whole buffer: theta and, behind it, the running means and variances of batch normalisation.
    layers : list of Layer
        Views of variables: ``net.layers[0].W`` (fan_in, fan_out), ``net.layers[0].b`` (fan_out,).
    n_params : int
        Numbers in theta.
    tables : (ndarray, ndarray)
        The structured arrays `cmlp.layers.LAYER` and `cmlp.layers.PARAM` that describe theta.
    classes : ndarray or None
        The labels that predict returns.
    history : History or None
        Of the last fit, also of one that was interrupted.
    mean : ndarray (n_variables,) or None
        The running mean of variables, where `fit(average=...)` keeps one.

    Raises
    ------
    ValueError
        If an argument is out of its range or names something unknown; the message lists what is known.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.logic("xor")
    >>> net = cmlp.Network([2, 8, 1], activation="tanh", loss="log_loss", dtype="float64")
    >>> history = net.fit(X, y, optimizer=cmlp.Adam(0.05), batch_size=None, epochs=500)
    >>> net.predict(X).tolist()
    [0, 1, 1, 0]
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "relu",
        loss: str | Loss | Callable[..., Any] = "cross_entropy",
        *,
        output: str | None = None,
        norm: str | Norm | Sequence[str | Norm | None] | None = None,
        dropout: float | Sequence[float] = 0.0,
        residual: int | Sequence[int] = 0,
        input_dropout: float = 0.0,
        input_noise: float = 0.0,
        bias: bool | Sequence[bool] = True,
        init: Any = None,
        bias_init: Any = "zeros",
        input_scale: float = 1.0,
        dtype: Any = "float32",
        seed: int | np.random.Generator | None = 0,
        classes: Sequence[Any] | None = None,
    ) -> None:
        self.architecture = architecture.describe(
            sizes,
            activation,
            loss,
            output=output,
            norm=norm,
            dropout=dropout,
            residual=residual,
            bias=bias,
            input_noise=input_noise,
            input_dropout=input_dropout,
        )
        self.dtype = validation.check_dtype(dtype)
        self.input_scale = validation.check_input_scale(input_scale, self.dtype)
        self.targets = targets.initial(self.objective, self.n_targets, classes)
        self.initial = initializers.resolve_both(init, bias_init, self.activations)
        self._seed = seed
        self._allocate()
        self.reset()

    # --- what it consists of --------------------------------------------------------------------------------
    @property
    def sizes(self) -> list[int]:
        return list(self.architecture.sizes)

    @property
    def activations(self) -> list[str]:
        return list(self.architecture.activations)

    @property
    def objective(self) -> Loss:
        return self.architecture.objective

    @property
    def loss(self) -> str:
        return self.objective.name

    @property
    def n_params(self) -> int:
        return self.architecture.n_params

    @property
    def n_targets(self) -> int:
        return self.architecture.n_targets

    @property
    def variables(self) -> Array:
        return self._variables

    @variables.setter
    def variables(self, values: Any) -> None:
        self._variables[:] = validation.check_given(np.asarray(values), self._variables.shape, "variables")

    @property
    def theta(self) -> Array:
        return self._theta

    @theta.setter
    def theta(self, values: Any) -> None:
        self._theta[:] = validation.check_given(np.asarray(values), self._theta.shape, "theta")

    @property
    def tables(self) -> tuple[Array, Array]:
        layers, params = self.architecture.tables
        return layers.copy(), params.copy()

    @property
    def layers(self) -> list[Layer]:
        return self.architecture.layers_of(self._variables)

    @property
    def seed(self) -> int | None:
        """What the network was made with; None for a Generator, or the system's entropy."""
        return self._seed if isinstance(self._seed, (int, np.integer)) else None

    @property
    def classes(self) -> Array | None:
        return None if self.targets is None else self.targets.classes

    def reset(self, seed: int | np.random.Generator | None = None) -> "Network":
        """Begin again: draw the parameters anew and forget the optimizer's memory; classes stay.

        Parameters
        ----------
        seed : int or Generator, optional
            A new one; without it, the seed that the network was made with (a Generator goes on drawing).
        """
        with self._alone():
            return self._reset(seed)

    def _reset(self, seed: int | np.random.Generator | None) -> "Network":
        rng = validation.check_seed(self._seed if seed is None else seed)
        shuffle_seed = int(rng.integers(2**63))
        variables = np.empty_like(self._variables)
        self.architecture.fill(variables, *self.initial, rng)
        self._variables[:] = variables
        self.shuffle_seed = shuffle_seed
        self._seed = self._seed if seed is None else seed
        self.memory: Memory | None = None
        self.mean: Array | None = None
        self.history: History | None = None
        return self

    @contextmanager
    def _alone(self):
        """Held by what changes the network."""
        if not self._training.acquire(blocking=False):
            raise RuntimeError("this network is being trained, by another thread or around this call; take a copy: net.copy()")
        try:
            yield
        finally:
            self._training.release()

    def copy(self) -> "Network":
        """An independent network with the same parameters, optimizer memory, classes and settings."""
        twin = object.__new__(type(self))
        twin.__setstate__(copy.deepcopy(self.__getstate__()))
        return twin

    def astype(self, dtype: Any) -> "Network":
        """A copy in another dtype, without the optimizer's memory."""
        state = copy.deepcopy(self.__getstate__())
        state |= {"dtype": validation.check_dtype(dtype), "memory": None}
        state["mean"] = None if self.mean is None else self.mean.astype(dtype)
        twin = object.__new__(type(self))
        twin.__setstate__(state)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key not in ("engines", "_training", "_theta", "memory")}
        state["memory"] = None if self.memory is None else self.memory.parts()
        return state | {"version": version.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        version.check_pickle("Network", state.pop("version", None))
        self.__dict__.update(state)
        self._allocate()
        self._variables[:] = state["_variables"]
        self.memory = None if state["memory"] is None else Memory.of(*state["memory"])

    def _allocate(self) -> None:
        """What is the network's own and not copied."""
        self._variables = _core.aligned_empty(self.architecture.n_variables, self.dtype)
        self._theta = self._variables[: self.architecture.n_params]
        self.engines = Engines(self.architecture, self.dtype)
        self._training = threading.Lock()

    def restore(self, shuffle_seed: int, task: str | None, init: list, bias_init: list) -> None:
        """What a saved network knows besides its numbers: the key of its orders and masks, what y means, how it would begin."""
        self.initial = initializers.resolve_both(init, bias_init, self.activations)
        self.shuffle_seed = validation.check_integer("shuffle_seed", shuffle_seed, 0, 2**64 - 1)
        self.targets = None if task is None else targets.restored(task, self.classes)

    def summary(self) -> str:
        """A table of the layers: shapes, functions, numbers of parameters."""
        return summary.table(self)

    def __repr__(self) -> str:
        return f"<Network {'-'.join(map(str, self.sizes))}, {', '.join(self.activations)}, {self.loss}, {self.dtype}>"

    # --- what it computes -----------------------------------------------------------------------------------
    def forward(self, X: Any, *, passes: int | None = None, n_threads: int | None = None) -> Array:
        """The outputs: A of the last layer.

        Parameters
        ----------
        X : array_like or scipy.sparse matrix (n_samples, n_features)
            Any real dtype and strides.
        passes : int, optional
            Monte-Carlo dropout (Gal and Ghahramani, ICML 2016): as many passes with dropout on, each with masks of its own,
            the same ones in every call. Their mean over axis 0 is the prediction, their spread how sure the network is.
        n_threads : int, optional
            As in `fit`.

        Returns
        -------
        A : ndarray (n_samples, n_outputs), or (passes, n_samples, n_outputs), the network's dtype
            Probabilities with cross_entropy and log_loss, -1 and +1 with perceptron, means with poisson and gamma, mean and
            variance of each target with gaussian, values else.

        Examples
        --------
        >>> import cmlp
        >>> net = cmlp.Network([2, 100, 1], loss="squared_error", dropout=0.5)
        >>> net.forward([[1.0, 2.0]], passes=20).shape
        (20, 1, 1)
        """
        samples = make_inputs(self, X)
        if passes is None:
            return self.outputs(samples, False, n_threads)
        draws = [(self.shuffle_seed, k) for k in range(validation.check_integer("passes", passes, 1))]
        return np.stack([self.outputs(samples, False, n_threads, draw=draw) for draw in draws])

    def scores(self, X: Any, *, n_threads: int | None = None) -> Array:
        """Z of the last layer, (n_samples, n_outputs), where the loss takes that (cross_entropy, log_loss, ...); else its A."""
        return self.outputs(make_inputs(self, X), True, n_threads)

    def predict(self, X: Any, *, n_threads: int | None = None) -> Array:
        """Labels for classification, values for regression.

        Returns
        -------
        y : ndarray (n_samples,) or (n_samples, n_outputs)
            The likeliest class of each sample (a score of exactly 0, probability one half, counts as the second of two); with
            several labels at once a matrix of 1 and 0 (-1 with perceptron); else the values of `forward`, with gaussian the
            means alone.
        """
        meaning = self.targets or targets.assumed(self.objective, self.architecture.sizes[-1])
        if not hasattr(X, "shape") or len(X.shape) != 2 or X.shape[0] <= AT_ONCE:
            return self._predicted(make_inputs(self, X), meaning, n_threads)
        X = X.tocsr() if hasattr(X, "tocsr") else X
        first = self._predicted(make_inputs(self, X[:AT_ONCE]), meaning, n_threads)
        predicted = np.empty((X.shape[0], *first.shape[1:]), first.dtype)
        predicted[:AT_ONCE] = first
        for start in range(AT_ONCE, X.shape[0], AT_ONCE):
            block = X[start : start + AT_ONCE]
            predicted[start : start + AT_ONCE] = self._predicted(make_inputs(self, block), meaning, n_threads)
        return predicted

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, n_threads: int | None = None) -> float:
        """Accuracy for classes (with several labels at once: all of a sample's right), R2 for values, averaged over outputs.

        With the quantile loss, R2 of the quantile nearest to one half.
        """
        samples, meaning = make_samples(self, X, y, sample_weight)
        predicted = targets.middle(self._predicted(samples, meaning, n_threads), self.objective)
        weight = validation.check_sample_weight(sample_weight, samples.n_samples)
        return scores.score(np.asarray(y), predicted, meaning, weight)

    def cost(self, X: Any, y: Any, sample_weight: Any = None, *, training: bool = False, n_threads: int | None = None) -> float:
        """The mean loss over the samples, ``1/n sum_i sample_weight_i loss_i`` with weights of mean 1.

        training: as the next update would see all of X, in one batch: with its dropout masks and noise, and normalised by its
        own means and variances.
        """
        return self.mean_loss(make_samples(self, X, y, sample_weight)[0], n_threads, training=training)

    def gradient(
        self, X: Any, y: Any, sample_weight: Any = None, *, training: bool = False, n_threads: int | None = None
    ) -> tuple[float, Array]:
        """(cost, dtheta): the mean loss and its gradient, laid out as theta is; see `cmlp.layers.views` to cut it up.

        training: as in `cost`.

        Raises
        ------
        FloatingPointError
            If the loss of a sample is not finite.
        """
        samples, _ = make_samples(self, X, y, sample_weight)
        self.check_learns()
        dtheta = np.empty_like(self.theta)
        with self.engines.take(samples.n_samples, training=training, sparse=samples.sparse, with_loss=True) as engine:
            team = threads.resolve_for(engine, samples.n_samples, n_threads)
            total, finite = engine.gradient(self._variables, dtheta, samples, team, **self.mode(training))
        if not finite:
            raise FloatingPointError("the loss of these samples is not finite, so it has no gradient: look at theta and X")
        return total / samples.n_samples, dtheta

    def trace(self, X: Any, y: Any, sample_weight: Any = None, *, training: bool = True) -> Trace:
        """One forward and backward pass laid open: Z, A, dZ, dW, db of every layer. Nothing of the network changes.

        training: as the next update would see X, in one batch, with its dropout masks, noise and batch statistics; else as
        `forward` sees it.

        Returns
        -------
        Trace
            Print it for a table; ``trace.layers[0].dW`` or ``trace["dW0"]`` are the arrays.

        Examples
        --------
        >>> import cmlp
        >>> net = cmlp.Network([3, 1], loss="squared_error", bias=False, init="constant", dtype="float64")
        >>> net.theta[:] = 1
        >>> print(net.trace([[0.1, 0.2, 0.4]], [1.0]))
                           shape  values
        X                  1 x 3  [[0.1, 0.2, 0.4]]
        Y                  1 x 1  [[1.]]
        layer 0: identity
          W0               3 x 1  [[1.], [1.], [1.]]
          Z0               1 x 1  [[0.7]]
          A0               1 x 1  [[0.7]]
          dZ0              1 x 1  [[-0.3]]
          dW0              3 x 1  [[-0.03], [-0.06], [-0.12]]
        cost (squared_error): 0.045
        """
        self.check_learns()
        X = validation.as_array(X, "X")
        return trace_step(self, make_samples(self, X, y, sample_weight)[0], training)

    # --- inside ---------------------------------------------------------------------------------------------
    def mode(self, training: bool) -> dict[str, Any]:
        """What an engine is told of the pass it is to make: as the next update would be, or as in prediction."""
        if not training:
            return {}
        draw = (self.shuffle_seed, 1 if self.memory is None else self.memory.cursor.t + 1)
        return {"training": True, "draw": draw if self.architecture.is_random else None}

    def outputs(
        self,
        samples,
        as_scores: bool,
        n_threads: int | None,
        variables: Array | None = None,
        draw: tuple[int, int] | None = None,
    ) -> Array:
        """A of the last layer for bound samples or, as scores, its Z where the loss takes that."""
        out = np.empty((samples.n_samples, self.architecture.sizes[-1]), self.dtype)
        with self.engines.take(samples.n_samples, sparse=samples.sparse) as engine:
            team = threads.resolve_for(engine, samples.n_samples, n_threads)
            engine.forward(self._variables if variables is None else variables, samples, out, as_scores, team, draw)
        return out

    def _predicted(self, samples, meaning: targets.Targets, n_threads: int | None) -> Array:
        outputs = self.outputs(samples, meaning.task != "values", n_threads)
        validation.check_outputs(outputs)
        return targets.decode(outputs, meaning, self.objective)

    def mean_loss(self, samples, n_threads: int | None, variables: Array | None = None, *, training: bool = False) -> float:
        """The mean of the losses of bound samples."""
        with self.engines.take(samples.n_samples, training=training, sparse=samples.sparse, with_loss=True) as engine:
            team = threads.resolve_for(engine, samples.n_samples, n_threads)
            variables = self._variables if variables is None else variables
            return engine.cost(variables, samples, team, **self.mode(training)) / samples.n_samples
