"""The regressor."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from scipy.stats import norm as normal
from sklearn.base import RegressorMixin

from cmlp import losses, validation
from cmlp._typing import Labels, Matrix, Weights
from cmlp.data import scaling, targets
from cmlp.data.kinds import NUMERIC, numbers_of
from cmlp.estimators.base import BaseMLP
from cmlp.estimators.fitted import available_if
from cmlp.estimators.inputs import Part
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.validation import answer_misnamed

MOST_SPREAD = 100.0  # standard deviation of a target that the default learning rate reaches in the default number of epochs


@answer_misnamed
@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, BaseMLP):
    """Regression by a multilayer perceptron: scikit-learn's MLPRegressor, with more in it and several times as fast.

    Parameters
    ----------
    loss : str, Loss or callable, default "squared_error"
        "poisson", "gamma", "huber", ...: any regression loss of `cmlp.losses`. ``cmlp.losses.Quantile((0.05, 0.5, 0.95))``
        and "gaussian" learn prediction intervals: see `predict_quantiles` and `predict_interval`.
    scale : {"standard", "robust", "quantile"}, optional
        As in `MLPClassifier`; the targets are standardized too, and predictions brought back (not with poisson and gamma, whose
        targets are counts and sizes).
    others
        As those of `MLPClassifier`, but class_weight. `scoring` is R2 unless given.

    Attributes
    ----------
    network_, history_, ...
        As those of `MLPClassifier`, without the classes.
    target_mean_, target_scale_ : ndarray (n_targets,) or None
        With scale.

    Notes
    -----
    The biases of the last layer start as the best constant prediction of the training part: the mean, median or quantiles of
    the targets, the logarithm of their mean with poisson and gamma; ``network={"bias_init": "glorot_uniform"}`` starts them as
    scikit-learn does.

    The loss of several outputs is summed over them, as its gradient is; scikit-learn's squared loss is their mean, while its
    gradient is that of the sum. So `loss_` is n_outputs times scikit-learn's, and the trained networks are of the same kind.

    Examples
    --------
    >>> import numpy as np, cmlp
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-2, 2, (500, 1))
    >>> y = 100 + 10 * np.sin(2 * X[:, 0]) + rng.normal(size=500)
    >>> model = cmlp.MLPRegressor((50,), "tanh", loss="gaussian", solver=cmlp.Adam(0.01), scale="standard", random_state=0)
    >>> low, high = model.fit(X, y).predict_interval(X, coverage=0.9).T
    >>> bool(0.8 < ((low < y) & (y < high)).mean() < 0.97)
    True
    """

    saved_as: ClassVar[str] = "MLPRegressor"

    @available_if(BaseMLP._learns_by_batches)
    @answer_misnamed
    def partial_fit(self, X: Matrix, y: Labels, sample_weight: Weights | None = None) -> Self:
        """One epoch over these samples; the optimizer state is kept from call to call, and schedules go on."""
        with self._learner() as learner:
            learner._partial_fit(X, y, sample_weight, self.__dict__.get("_fitted", self))
        return self

    # --- y ----------------------------------------------------------------------------------------------------
    def _tasks(self) -> tuple[str, ...]:
        return ("regression",)

    def _checked_y(self, y: Any) -> Any:
        y = validation.as_array(y, "y")
        if y.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: y must hold real numbers, got dtype {y.dtype}")
        if y.dtype.kind == "O":
            y = np.stack([numbers_of(column, NUMERIC, "y") for column in np.atleast_2d(y.T)], axis=-1).reshape(y.shape)
        if y.dtype.kind not in "biuf":
            raise TypeError(f"y must hold real numbers, got dtype {y.dtype}")
        validation.check_all_finite(y, "y")
        return y

    def _learn_targets(self, y: Any) -> None:
        self._n_targets = 1 if y.ndim == 1 else y.shape[1]
        self.target_mean_: Array | None = None
        self.target_scale_: Array | None = None
        loss, _ = self._resolve_loss()
        self._standardizes = self.scale is not None and loss.standardizes

    def _check_targets(self, y: Any) -> None:
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        if n_targets != self._n_targets:
            raise ValueError(
                f"y must have {self._n_targets} columns as in the last fit, which warm_start=True continues, got {n_targets}: "
                "use warm_start=False"
            )

    def _encoded(self, y: Any, weight: Any = None) -> Any:
        y = y[:, None] if y.ndim == 1 else y
        if self.target_scale_ is None and self._standardizes:
            self.target_mean_, self.target_scale_ = scaling.standard_columns(y, weight, "y")
        return y if self.target_scale_ is None else (y - self.target_mean_) / self.target_scale_

    def _start(self, part: Part) -> None:
        """The biases of the outputs are the best constant predictions, unless the user chose them."""
        net, given = self.network_, self.network or {}
        last, loss = net.layers[-1], net.loss_function
        if last.b is None or "bias_init" in given or not (loss.takes_logits or net.activations[-1] == "identity"):
            return
        start = loss.start(np.asarray(self._encoded(part.y, part.weight), np.float64), part.weight)
        if start is not None and (np.abs(start) < np.finfo(net.dtype).max).all():
            last.b[:] = start

    def _hint(self, part: Part) -> str:
        spread = float(np.std(np.asarray(part.y, np.float64), axis=0).max())
        if self._standardizes or not self.network_.loss_function.standardizes or spread <= MOST_SPREAD:
            return ""
        return f"; y has a standard deviation of {spread:.3g}: scale='standard' standardizes it, and X"

    def _resolve_loss(self) -> tuple[losses.Loss, int]:
        loss = losses.resolve("squared_error" if self.loss is None else self.loss)
        if loss.classifies:
            raise ValueError(f"loss {loss.name!r} is for classification: use MLPClassifier")
        return loss, self._n_targets * loss.outputs_per_target

    def _target(self) -> dict[str, Any]:
        return {} if self.target_scale_ is None else {"mean": self.target_mean_, "scale": self.target_scale_}

    def _restore(self, model: Model, classes: Array | None, multilabel: bool) -> None:
        super()._restore(model, classes, multilabel)
        self._n_targets, self._standardizes = model.network.n_targets, model.scale is not None
        self.target_mean_, self.target_scale_ = model.mean, model.scale

    # --- predictions ------------------------------------------------------------------------------------------
    def _back(self, values: Array, factor_only: bool = False) -> Array:
        """Values of each target, (..., n_targets), from what the network learned to those of y."""
        if self.target_scale_ is None:
            return values
        return values * self.target_scale_ if factor_only else values * self.target_scale_ + self.target_mean_

    def _shaped(self, values: Array) -> Array:
        return values[:, 0] if self._n_targets == 1 else values

    @overload
    def predict(self, X: Matrix, *, return_std: Literal[False] = ...) -> Array: ...

    @overload
    def predict(self, X: Matrix, *, return_std: Literal[True]) -> tuple[Array, Array]: ...

    def predict(self, X: Matrix, *, return_std: bool = False) -> Array | tuple[Array, Array]:
        """Values; with the quantile loss the quantile nearest to one half, with gaussian the means.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
        return_std : bool, default False
            With loss="gaussian": (means, standard deviations).

        Returns
        -------
        y : ndarray (n_samples,) or (n_samples, n_targets)
            float32 where X is an array of float32, else float64; so are quantiles and intervals.
        """
        fitted = self._last_fit()
        inputs = fitted._inputs(X)
        kind = fitted._answer_dtype(X)
        if not return_std:
            return fitted._predict(inputs, fitted._n_threads).astype(kind, copy=False)
        means, deviations = fitted._means_and_deviations(inputs, fitted._n_threads)
        return fitted._shaped(means).astype(kind, copy=False), fitted._shaped(deviations).astype(kind, copy=False)

    def _predict(self, inputs: Any, n_threads: int | None) -> Array:
        predicted = self._predictor.predict(inputs, n_threads=n_threads).astype(np.float64)
        predicted = targets.central(predicted, self.network_.loss_function)
        predicted = predicted[:, None] if predicted.ndim == 1 else predicted
        return self._shaped(self._back(predicted))

    def _quantiles(self) -> tuple[float, ...]:
        loss = self.network_.loss_function
        if not isinstance(loss, losses.Quantile):
            raise ValueError(f"quantiles need loss=cmlp.losses.Quantile(...), this model has {loss.name!r}")
        return loss.each

    def _means_and_deviations(self, inputs: Any, n_threads: int | None) -> tuple[Array, Array]:
        if not isinstance(self.network_.loss_function, losses.Gaussian):
            raise ValueError(f"standard deviations need loss='gaussian', this model has {self.network_.loss!r}")
        outputs = self._predictor.forward(inputs, n_threads=n_threads).astype(np.float64)
        return self._back(outputs[:, ::2]), self._back(np.sqrt(outputs[:, 1::2]), factor_only=True)

    def predict_quantiles(self, X: Matrix) -> Array:
        """All quantiles of the quantile loss.

        Returns
        -------
        quantiles : ndarray (n_samples, n_quantiles), or (n_samples, n_targets, n_quantiles)
        """
        fitted = self._last_fit()
        inputs, n_quantiles = fitted._inputs(X), len(fitted._quantiles())
        outputs = fitted._predictor.forward(inputs, n_threads=fitted._n_threads).astype(np.float64)
        outputs = outputs.reshape(-1, fitted._n_targets, n_quantiles)
        quantiles = np.moveaxis(fitted._back(np.moveaxis(outputs, 1, 2)), 2, 1)
        quantiles = quantiles[:, 0] if fitted._n_targets == 1 else quantiles
        return quantiles.astype(fitted._answer_dtype(X), copy=False)

    def predict_interval(self, X: Matrix, coverage: float | None = None) -> Array:
        """Prediction intervals: low and high values between which y is expected.

        Quantiles are learned each by itself, so far from the data, or with few of them, a low one may lie above a high one.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
        coverage : float in (0, 1), optional
            With gaussian, the probability of the interval, 0.9 unless given. With quantiles it is what lies between the lowest
            and the highest, and need not be given.

        Returns
        -------
        interval : ndarray (n_samples, 2), or (n_samples, n_targets, 2)
        """
        fitted = self._last_fit()
        if isinstance(fitted.network_.loss_function, losses.Quantile):
            each = fitted._quantiles()
            if len(each) < 2 or (coverage is not None and abs(each[-1] - each[0] - coverage) > 1e-9):
                raise ValueError(f"the quantiles {each} have no interval of coverage {coverage}: train with other quantiles")
            return fitted.predict_quantiles(X)[..., [0, -1]]
        share = validation.check_share("coverage", 0.9 if coverage is None else coverage)
        inputs = fitted._inputs(X)
        means, deviations = fitted._means_and_deviations(inputs, fitted._n_threads)
        width = normal.ppf((1 + share) / 2) * deviations
        interval = np.stack([means - width, means + width], axis=-1)
        interval = interval[:, 0] if fitted._n_targets == 1 else interval
        return interval.astype(fitted._answer_dtype(X), copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
