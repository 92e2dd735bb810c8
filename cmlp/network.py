"""The network: what it is, and how it learns; the arithmetic is in the compiled core."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cmlp import architecture, summary, validation
from cmlp._typing import ClassWeight, Labels, Matrix, ValidationData, Weights
from cmlp.activations import Activation
from cmlp.computation import Computation
from cmlp.data import targets
from cmlp.data.samples import make_samples
from cmlp.initializers import Initial
from cmlp.losses import Loss, LossFunction
from cmlp.norms import Norm
from cmlp.optimizers import LBFGS, Optimizer
from cmlp.parameters import resolve_initial
from cmlp.regularization import Regularization
from cmlp.schedules import Value
from cmlp.trace import Trace, trace_step
from cmlp.training.history import History
from cmlp.training.hooks import Callback
from cmlp.training.optimizer_state import OptimizerState
from cmlp.training.prepare import prepare
from cmlp.training.settings import FitArguments, Settings
from cmlp.training.stopping import Stopping
from cmlp.validation import answer_misnamed, named_after


@named_after
class Network(Computation):
    """A multilayer perceptron: ``A_l = f_l(A_(l-1) . W_l + b_l)``, with ``A_(-1) = input_scale X``.

    Between Z and A a layer may be normalized; to A dropout may be applied, and the output of an earlier layer added (residual
    connections): see `cmlp.layers.Layer`.

    Parameters
    ----------
    sizes : sequence of int (n_layers + 1,)
        Units of the input, of each hidden layer, of the output. ``[n, 1]`` has no hidden layer: with squared_error it is
        linear regression, with log_loss logistic regression, with perceptron Rosenblatt's.
    activation : str, Activation, or a sequence (n_hidden,) of these, default "relu"
        One for all hidden layers, or one for each: a name in `cmlp.activations`, or an instance such as
        ``cmlp.activations.LeakyReLU(0.2)``.
    loss : str, Loss or callable, default "cross_entropy"
        A name in `cmlp.losses`, an instance, or a function of your own (`cmlp.losses.Custom`). "cross_entropy" is multiclass
        classification, "log_loss" binary classification or, with several outputs, multilabel; they, "perceptron", "poisson",
        "gamma" and "gaussian" set the output function themselves. "squared_error" is half the squared distance summed over the
        outputs, as in the textbooks: n_outputs / 2 times the mean squared error of other libraries; the other regression
        losses are summed too.
    output : str or Activation, optional
        Output function, where the loss leaves it free; "identity" unless given.
    norm : {"batch", "layer"}, BatchNorm, LayerNorm, or a sequence (n_hidden,) of these, optional
        Batch or layer normalization of Z; None for none. A layer with batch normalization has no b.
    dropout : float or sequence of float (n_hidden,), default 0.0
        Probability with which units of the hidden layers are zeroed in training, the others being divided by 1 - dropout
        (Srivastava et al., JMLR 2014); rounded to 1/65536.
    residual : {0, 1, 2} or sequence of int (n_hidden,), default 0
        Layers in a block whose input is added to its output (He, Zhang, Ren and Sun, CVPR 2016), where their widths differ
        through a learned projection P. The first hidden layer is in front of the first block. A list says for each layer how
        many layers back that input is, 0 for none.
    input_dropout, input_noise : float, default 0.0
        Dropout of the inputs; standard deviation of normal noise added to them, in training, after input_scale.
    bias : bool or sequence of bool (n_layers,), default True
    init, bias_init : str, Initializer, array, or a sequence (n_layers,) of these, optional
        Initializers of W and b; None for W takes the activation's: He's in front of relu and its kin, Glorot's uniform one
        else. See `cmlp.initializers`.
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
        The whole buffer: theta and, behind it, the running means and variances of batch normalization.
    layers : list of Layer
        Views of variables: ``net.layers[0].W`` (fan_in, fan_out), ``net.layers[0].b`` (fan_out,).
    tables : (ndarray, ndarray)
        The structured arrays `cmlp.layers.LAYER` and `cmlp.layers.PARAM` that describe theta.
    sizes, activations, loss, dtype, input_scale, seed
        What it was made with; activations and loss by their names.
    loss_function : Loss
        The loss with its hyperparameters.
    n_params, n_targets : int
        Numbers in theta; columns of y.
    classes : ndarray or None
        The labels that predict returns.
    feature_names : list of str or None
        The columns of the frame that it was first trained on; those of later frames are found by name, in any order.
    ema : ndarray (n_variables,) or None
        The exponential moving average of variables, where `fit(ema_decay=...)` keeps one.
    history : History or None
        Of the last fit, also of one that was interrupted.
    shuffle_seed : int
        Of the orders of the samples, of dropout and noise.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind, out of its range, or names something unknown; the message lists what is known.

    Examples
    --------
    >>> import cmlp
    >>> X, y = cmlp.datasets.logic("xor")
    >>> net = cmlp.Network([2, 8, 1], activation="tanh", loss="log_loss", dtype="float64")
    >>> history = net.fit(X, y, optimizer=cmlp.Adam(0.05), batch_size=None, epochs=500)
    >>> net.predict(X).tolist()
    [0, 1, 1, 0]
    """

    @answer_misnamed
    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "relu",
        loss: str | Loss | LossFunction = "cross_entropy",
        *,
        output: str | Activation | None = None,
        norm: str | Norm | Sequence[str | Norm | None] | None = None,
        dropout: float | Sequence[float] = 0.0,
        residual: int | Sequence[int] = 0,
        input_dropout: float = 0.0,
        input_noise: float = 0.0,
        bias: bool | Sequence[bool] = True,
        init: Initial | Sequence[Initial | None] | None = None,
        bias_init: Initial | Sequence[Initial | None] | None = "zeros",
        input_scale: float = 1.0,
        dtype: DTypeLike = "float32",
        seed: int | np.random.Generator | None = 0,
        classes: ArrayLike | None = None,
    ) -> None:
        plan = architecture.describe(
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
        kind = validation.check_dtype(dtype)
        scale = validation.check_input_scale(input_scale, kind)
        known = targets.initial(plan.loss, plan.n_targets, classes)
        super().__init__(plan, kind, scale, known, resolve_initial(plan, init, bias_init), seed)

    def summary(self) -> str:
        """A table of the layers: shapes, functions, numbers of parameters."""
        return summary.table(self)

    def __repr__(self) -> str:
        return f"<Network {'-'.join(map(str, self.sizes))}, {', '.join(self.activations)}, {self.loss}, {self.dtype}>"

    def trace(self, X: Matrix, y: Labels, sample_weight: Weights | None = None, *, training: bool = True) -> Trace:
        """Every intermediate of one forward and backward pass: Z, A, dZ, dW, db of each layer. The network does not change.

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
        self._architecture.check_learns()
        if hasattr(X, "tocsr"):
            validation.as_array(X, "X")
        return trace_step(self, make_samples(self, X, y, sample_weight)[0], training)

    # --- how it learns --------------------------------------------------------------------------------------
    @answer_misnamed
    def fit(
        self,
        X: Matrix,
        y: Labels,
        *,
        optimizer: str | Optimizer | LBFGS = "adam",
        batch_size: int | Literal["auto"] | None = "auto",
        epochs: int = 10,
        shuffle: bool = True,
        sample_weight: Weights | None = None,
        class_weight: ClassWeight | None = None,
        regularization: Regularization | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        clip_by_block: bool = False,
        lr_multipliers: Mapping[str, float] | None = None,
        ema_decay: float | None = None,
        gradient_accumulation_steps: int = 1,
        dropout: Value | None = None,
        validation_data: ValidationData | None = None,
        metrics: Mapping[str, Callable[..., float]] | None = None,
        stopping: Stopping | None = None,
        n_threads: int | None = None,
        verbose: int | Callable[[History, int], None] = 0,
        callbacks: Callback | Sequence[Callback] | None = None,
    ) -> History:
        """Train, from where the network is.

        Parameters
        ----------
        X : array_like, scipy.sparse matrix, data frame or dict of columns (n_samples, n_features)
            Of any real dtype, order and strides; batches of it are gathered and converted, an array is never copied whole. Of a
            sparse matrix only what is stored is multiplied; CSR with the network's dtype is used as it is. The columns of a
            frame must be numbers, booleans or dates (days since 1970-01-01): `cmlp.data.Columns` prepares others.
        y : array_like (n_samples,) or (n_samples, n_outputs)
            A vector means classes if the network has several outputs, or if its loss is log_loss, cross_entropy or perceptron:
            integers or strings. A matrix holds values, one-hot rows, or multilabel indicators.
        optimizer : str or Optimizer, default "adam"
            Its state is kept for the next call, until a call with another kind.
        batch_size : int, "auto" or None, default "auto"
            Samples in a mini-batch; None and anything above n_samples mean the full batch. "auto" is 128, but the full batch
            with LBFGS and Rprop, which need it.
        epochs : int, default 10
            Passes over all samples, at most.
        shuffle : bool, default True
            A new order for every epoch, from the seed and the epoch's number; a full batch is not shuffled.
        sample_weight : array_like (n_samples,), optional
            Divided by its mean over the training set; the losses of a batch are divided by its rows.
        class_weight : "balanced" or dict of label to float, optional
            Multiplies sample_weight; "balanced" makes all classes weigh the same together. Labels that are not named: 1.
        regularization : Regularization, optional
            L1 and L2 penalties, decoupled weight decay, max-norm constraint. `History.loss` includes the first two, as they are
            at the end of the epoch.
        clip_norm : float, optional
            Gradient clipping (Pascanu, Mikolov and Bengio, ICML 2013): the gradient of all parameters is rescaled to this norm
            where it is longer.
        clip_value : float, optional
            Instead of clip_norm: each number of the gradient is clipped to [-clip_value, clip_value].
        clip_by_block : bool, default False
            Each W and b is rescaled to clip_norm by itself.
        lr_multipliers : dict of str to float, optional
            Factors of the learning rate, by the names of blocks: ``{"b*": 2, "W0": 0.1}``; 0 freezes a block.
        ema_decay : float in (0, 1), optional
            Keep an exponential moving average of the weights, ``ema = ema_decay ema + (1 - ema_decay) theta`` after each update
            (Polyak and Juditsky 1992): `ema_network` returns it as a network, and the validation data are evaluated with it.
        gradient_accumulation_steps : int, default 1
            Mini-batches whose gradients are summed for one update: as a batch that many times as large, in the memory of one.
        dropout : float, Schedule or callable, optional
            The rate of the hidden layers that have dropout, in this call, instead of their own.
        validation_data : (X, y) or (X, y, sample_weight), or a dict of several by name, optional
            Held-out data, whose mean loss and score are computed after every epoch. Early stopping and schedules follow the
            first of several; those of the others, such as "test", are in ``History.metrics["test_loss"]``, ....
        metrics : dict of str to callable, optional
            Functions of (network, X, y), and of sample_weight where a set has one, that return a number. They are called after
            every epoch for each set of validation_data; ``History.metrics["val_auc"]`` is what "auc" returned for the first.
        stopping : Stopping, optional
            Early stopping; without it all epochs are run.
        n_threads : int, optional
            At most this many; without it, as many as OMP_NUM_THREADS, the affinity and the control group allow. The result is
            bitwise identical for every number.
        verbose : int or callable, default 0
            1 draws a progress bar on a terminal and in notebooks (with tqdm, extra ``cmlp[progress]``), else prints lines;
            k > 1 prints a line every k epochs; a callable is called after every epoch with the history and `epochs`.
        callbacks : Callback or sequence of Callback, optional
            See `cmlp.callbacks`.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            For arguments and data that do not fit, before anything changes.
        DivergenceError
            If the loss or an update becomes NaN or infinite; the network holds the last finite parameters, or those of the best
            epoch where `stopping` restores it.
        MemoryError
            If there is no room for the work space, before anything changes.
        KeyboardInterrupt
            On Ctrl-C; the network holds the last whole step, or the best epoch where `stopping` restores it; ``net.history``
            holds what came before.
        """
        given = {name: value for name, value in locals().items() if name not in ("self", "X", "y", "__class__")}
        with self._alone():
            return prepare(self, X, y, FitArguments(**given)).run()

    def step(
        self,
        X: Matrix,
        y: Labels,
        optimizer: str | Optimizer = "adam",
        sample_weight: Weights | None = None,
        *,
        n_threads: int | None = None,
    ) -> float:
        """One forward pass, backward pass and update, with all of X as one batch.

        Returns
        -------
        cost : float
            The mean loss before the update.
        """
        history = self.fit(
            X, y, optimizer=optimizer, batch_size=None, epochs=1, sample_weight=sample_weight, n_threads=n_threads
        )
        return history.loss[0]

    def _state_for(self, optimizer: Optimizer) -> OptimizerState:
        """The state that an optimizer goes on with: its own, or a fresh one if another kind came before."""
        before = self._optimizer_state
        if before is not None and before.name == optimizer.name:
            return before
        epoch = 0 if before is None else before.cursor.epoch
        return OptimizerState.of(optimizer.name, np.zeros(optimizer.n_slots * self.n_params, self.dtype), 0, epoch)

    def _begin_training(self, settings: Settings, history: History, state: OptimizerState | None) -> None:
        """From now on these are the network's."""
        self._targets, self._columns = settings.targets, settings.columns
        self.history, self._optimizer_state = history, state
