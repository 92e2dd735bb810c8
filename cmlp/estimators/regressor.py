"""The regressor."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm as normal
from sklearn.base import RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from cmlp import losses, targets, validation
from cmlp.estimators.base import BaseMLP, alone

UNSCALED = ("poisson", "gamma")  # whose targets must stay what they are


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, BaseMLP):
    """A multilayer perceptron that predicts values: scikit-learn's MLPRegressor, with more in it and several times as fast.

    Parameters
    ----------
    loss : str, Loss or callable, default "squared_error"
        "poisson", "gamma", "huber", ...: any of `cmlp.losses` that takes values. ``cmlp.losses.Quantile((0.05, 0.5, 0.95))``
        and "gaussian" learn intervals: see `predict_quantiles` and `predict_interval`.
    scale : {"standard", "quantile"}, optional
        As in `MLPClassifier`; the targets are brought to mean 0 and deviation 1 too, and predictions back (not with poisson and
        gamma, whose targets are counts and sizes).
    others
        As those of `MLPClassifier`, but class_weight. `scoring` is R2 unless given.

    Attributes
    ----------
    network_, history_, ...
        As those of `MLPClassifier`, without the classes.
    target_scaler_ : StandardScaler
        With scale.

    Notes
    -----
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

    def partial_fit(self, X, y, sample_weight=None):
        """One epoch over these samples, with the optimizer's memory kept from call to call."""
        with alone(self), self._as_before():
            return self._partial_fit(X, y, sample_weight)

    # --- y ----------------------------------------------------------------------------------------------------
    def _values(self) -> bool:
        return True

    def _validated_y(self, y):
        y = np.asarray(y)
        if y.dtype.kind not in "biuf":
            y = y.astype(np.float64)
        validation.check_all_finite(y, "y")
        return y

    def _encode(self, y, reset: bool):
        y = y[:, None] if y.ndim == 1 else y
        if reset:
            self._n_targets = y.shape[1]
            self.target_scaler_: StandardScaler | None = None
        return y

    def _objective(self):
        objective = losses.resolve("squared_error" if self.loss is None else self.loss)
        if objective.name in targets.CLASS_LOSSES:
            raise ValueError(f"loss {objective.name!r} is for classes: use MLPClassifier")
        return objective, self._n_targets * objective.outputs_per_target

    def _scaled_target(self, Y):
        objective, _ = self._objective()
        if self.scale is None or objective.name in UNSCALED:
            return Y
        scaler = self.target_scaler_ or StandardScaler().fit(Y)
        self.target_scaler_ = scaler
        return scaler.transform(Y)

    def _behind(self):
        scaler = self.target_scaler_
        return {} if scaler is None else {"mean": scaler.mean_, "scale": scaler.scale_}

    def restore(self, model, classes, multilabel):
        super().restore(model, classes, multilabel)
        self._n_targets, self.target_scaler_ = model.network.n_targets, None
        if model.scale is not None:
            scaler = StandardScaler().fit(np.zeros((2, len(model.scale))))
            scaler.mean_, scaler.scale_, scaler.var_ = model.mean, model.scale, model.scale**2
            self.target_scaler_ = scaler

    # --- predictions ------------------------------------------------------------------------------------------
    def _back(self, values, factor_only: bool = False):
        """Values of each target, (..., n_targets), from what the network learned to those of y."""
        scaler = self.target_scaler_
        if scaler is None:
            return values
        return values * scaler.scale_ if factor_only else values * scaler.scale_ + scaler.mean_

    def _shaped(self, values):
        return values[:, 0] if self._n_targets == 1 else values

    def predict(self, X, *, return_std: bool = False):
        """Values; with the quantile loss the quantile nearest to one half, with gaussian the means.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
        return_std : bool, default False
            With loss="gaussian": (means, standard deviations).

        Returns
        -------
        y : ndarray (n_samples,) or (n_samples, n_targets)
        """
        X = self._inputs(X)
        if not return_std:
            return self._predict(X)
        means, deviations = self._means_and_deviations(X)
        return self._shaped(means), self._shaped(deviations)

    def _predict(self, X):
        predicted = self._predictor.predict(X).astype(np.float64)
        predicted = targets.middle(predicted, self.network_.objective)
        predicted = predicted[:, None] if predicted.ndim == 1 else predicted
        return self._shaped(self._back(predicted))

    def _quantiles(self) -> tuple[float, ...]:
        objective = self.network_.objective
        if not isinstance(objective, losses.Quantile):
            raise ValueError(f"quantiles are learned with cmlp.losses.Quantile; this one has {objective.name!r}")
        return objective.each

    def _means_and_deviations(self, X):
        if self.network_.loss != "gaussian":
            raise ValueError(f"standard deviations are learned with loss='gaussian'; this one has {self.network_.loss!r}")
        outputs = self._predictor.forward(X).astype(np.float64)
        return self._back(outputs[:, ::2]), self._back(np.sqrt(outputs[:, 1::2]), factor_only=True)

    def predict_quantiles(self, X):
        """All quantiles of the quantile loss.

        Returns
        -------
        quantiles : ndarray (n_samples, n_quantiles), or (n_samples, n_targets, n_quantiles)
        """
        X = self._inputs(X)
        n_quantiles = len(self._quantiles())
        outputs = self._predictor.forward(X).astype(np.float64)
        outputs = outputs.reshape(-1, self._n_targets, n_quantiles)
        quantiles = np.moveaxis(self._back(np.moveaxis(outputs, 1, 2)), 2, 1)
        return quantiles[:, 0] if self._n_targets == 1 else quantiles

    def predict_interval(self, X, coverage: float | None = None):
        """Low and high values between which y is expected.

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
        check_is_fitted(self, "network_")
        if self.network_.loss == "quantile":
            each = self._quantiles()
            if len(each) < 2 or (coverage is not None and abs(each[-1] - each[0] - coverage) > 1e-9):
                raise ValueError(f"the quantiles {each} give no interval of coverage {coverage}; train with other quantiles")
            return self.predict_quantiles(X)[..., [0, -1]]
        share = validation.check_share("coverage", 0.9 if coverage is None else coverage)
        means, deviations = self._means_and_deviations(self._inputs(X))
        width = normal.ppf((1 + share) / 2) * deviations
        interval = np.stack([means - width, means + width], axis=-1)
        return interval[:, 0] if self._n_targets == 1 else interval

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
