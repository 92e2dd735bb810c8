"""The classifier."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from cmlp import activations, losses, validation
from cmlp._typing import ClassWeight, Labels, Matrix, Weights
from cmlp.data import probabilities, targets
from cmlp.data.targets import Targets
from cmlp.estimators.base import BaseMLP
from cmlp.estimators.fitted import available_if
from cmlp.estimators.inputs import Part
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.validation import answer_misnamed


@answer_misnamed
@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, BaseMLP):
    """Classification by a multilayer perceptron: scikit-learn's MLPClassifier, with more in it and several times as fast.

    Code written for scikit-learn's runs with the import changed. What many set is a parameter; everything else that
    `cmlp.Network` and `cmlp.Network.fit` take goes through the two dicts `network` and `training`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
    activation : str, Activation, or a list of these, default "relu"
        "identity", "logistic", "tanh", "relu" or any of `cmlp.activations`; a list has one for each hidden layer.
    solver : {"adam", "sgd", "lbfgs", ...} or Optimizer, default "adam"
        Also the name of any optimizer of cmlp, or one with all its settings: ``cmlp.Adam(cmlp.schedules.OneCycle(0.01))``.
    alpha : float, default 0.0001
        L2 penalty; divided by the samples of a batch, as in scikit-learn.
    batch_size : int or "auto", default "auto"
        "auto" is min(200, n_samples), and all samples with "lbfgs" and "rprop"; None, all samples.
    learning_rate : {"constant", "invscaling", "adaptive"}, Schedule or callable, default "constant"
        The first three as in scikit-learn, the last two of them for "sgd" alone. A schedule goes on over calls of `partial_fit`
        and warm starts; "adaptive" begins anew in a warm start.
    learning_rate_init, power_t : float, default 0.001, 0.5
    max_iter : int, default 200
        Epochs.
    shuffle : bool, default True
    random_state : int, RandomState or None
        For initial weights, order of the samples, dropout and the validation split.
    tol, n_iter_no_change : float, int, default 0.0001, 10
        Training ends after more than so many epochs in a row without an improvement by more than tol.
    verbose : bool, default False
    warm_start : bool, default False
        Continue from the last fit. Classes, columns and the parameters that say what the network is must stay the same:
        hidden_layer_sizes, activation, loss, dropout, norm, dtype, network, scale, categorical_features, impute; the others
        may change.
    momentum, nesterovs_momentum : float, bool, default 0.9, True
        Of "sgd".
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        Of "adam".
    early_stopping, validation_fraction : bool, float, default False, 0.1
        Watch the score of a held-out part, and restore the weights of the best epoch.
    max_fun : int, default 15000
        Evaluations that "lbfgs" may make.
    loss : str, Loss or callable, optional
        Instead of log_loss (binary, multilabel) and cross_entropy (multiclass).
    dropout, norm
        As in `cmlp.Network`.
    dtype : {"auto", "float32", "float64"}, default "auto"
        float32, but for "lbfgs" float64.
    scale : {"standard", "robust", "quantile"}, optional
        Scale numbers: to mean 0 and standard deviation 1, to median 0 and interquartile range 1, or to a normal distribution by
        ranks; fitted on the training part alone, with the weights of its samples.
    categorical_features : "from_dtype" or sequence of columns, optional
        Which columns are one-hot encoded: "from_dtype" takes those that hold strings or categories; else names, indices or a
        mask. A category that was unknown in fit becomes all zeros, a missing one is a category of its own if fit had any.
    impute : bool or {"median", "mean"}, default False
        Fill missing numbers, and add an indicator of them; True is the median.
    max_categories, min_frequency : int, int or float, optional
        Merge rare categories into one, as scikit-learn's OneHotEncoder does.
    dates : bool, default False
        Calendar features of dates: year, month, day of the week, hour; dates are days since 1970-01-01 in any case.
    extra_columns : {"raise", "ignore"} or list of str, default "raise"
        What happens in predictions to columns that fit did not have; those with these names are ignored.
    scoring : str or callable, optional
        What early stopping monitors, a scorer of scikit-learn, instead of the accuracy.
    callbacks : list of Callback, optional
        See `cmlp.callbacks`.
    n_threads : int, optional
    network, training : dict, optional
        Further arguments of `cmlp.Network` and `cmlp.Network.fit`: ``network={"residual": 1}``,
        ``training={"ema_decay": 0.999, "clip_norm": 1.0}``. `set_params` and searches reach single ones by two underscores:
        ``{"network__residual": [0, 1]}``.
    class_weight : "balanced" or dict, optional
        Multiplies sample_weight, also in the strength of the penalty: alpha is divided by the sum of the weights of a batch.

    Attributes
    ----------
    network_ : cmlp.Network
        The trained network, for what scikit-learn's interface does not have: trace, summary, inspection.
    history_ : History
    classes_, n_features_in_, feature_names_in_, coefs_, intercepts_, loss_, loss_curve_, best_loss_, best_validation_score_,
    validation_scores_, n_iter_, t_, n_layers_, n_outputs_, out_activation_
        As scikit-learn's.
    columns_ : cmlp.data.Columns or None
        What each column of a table is and becomes: ``print(model.columns_)``; None for arrays that are used as they are.

    Notes
    -----
    A y of one class is accepted, as rare folds of a cross-validation and `MultiOutputClassifier` give it. The network is that
    of two classes, trained as usual, of which the second never occurs, so everything that a fit leaves is there; the one class
    is always predicted, with probability 1, whatever the network has learned.

    Examples
    --------
    >>> import cmlp
    >>> X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
    >>> model = cmlp.MLPClassifier((64,), max_iter=30, scale="standard", dropout=0.2, tol=0, random_state=0)
    >>> import warnings; warnings.simplefilter("ignore")              # 30 epochs are not enough to converge
    >>> bool(model.fit(X, y).score(X_test, y_test) > 0.95)
    True
    """

    class_weight: ClassWeight | None = field(default=None, kw_only=True)
    saved_as: ClassVar[str] = "MLPClassifier"

    @available_if(BaseMLP._learns_by_batches)
    @answer_misnamed
    def partial_fit(self, X: Matrix, y: Labels, sample_weight: Weights | None = None, classes: ArrayLike | None = None) -> Self:
        """One epoch over these samples; the optimizer state is kept from call to call, and schedules go on.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
        classes : array-like, optional
            All labels; needed at the first call if some do not occur in y.

        Returns
        -------
        self

        Raises
        ------
        AttributeError
            With L-BFGS, whose steps need all samples.
        ValueError
            If the network is to be another than at the last call or fit, as with `warm_start`.
        """
        with self._learner() as learner:
            first = not hasattr(self, "classes_")
            if first and classes is not None:
                learner.classes_ = np.unique(classes)
            elif not first and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
                )
            learner._classes_given, learner._by_parts = classes is not None, True
            try:
                learner._partial_fit(X, y, sample_weight, self.__dict__.get("_fitted", self))
            finally:
                del learner._classes_given, learner._by_parts
        return self

    # --- y ----------------------------------------------------------------------------------------------------
    def _tasks(self) -> tuple[str, ...]:
        return ("classification", "multilabel")

    def _checked_y(self, y: Any) -> Any:
        y = y.toarray() if hasattr(y, "toarray") else validation.as_array(y, "y")
        if y.dtype.kind == "c":
            raise ValueError(f"Complex data not supported: y must hold labels, got dtype {y.dtype}")
        if y.ndim == 1:
            validation.check_labels(y, "y")
        if y.dtype.kind == "O" and y.size and {type(label) for label in y.flat} <= {bool, np.bool_, int}:
            y = np.array(y.tolist())
        check_classification_targets(y)
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y: Any) -> None:
        self._multilabel = type_of_target(y) == "multilabel-indicator"
        if self._multilabel:
            self.classes_ = np.arange(y.shape[1])
        elif not getattr(self, "_classes_given", False):
            self.classes_ = np.unique(y)
            if len(self.classes_) == 1 and getattr(self, "_by_parts", False):
                raise ValueError(
                    f"classes must be given at the first call of partial_fit, whose y has one, {self.classes_[0]!r}"
                )

    def _check_targets(self, y: Any) -> None:
        found = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
        if (y.ndim == 2) != self._multilabel or set(found.tolist()) != set(self.classes_.tolist()):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously got "
                f"{self.classes_}, `y` has {found}: use warm_start=False"
            )

    def _encoded(self, y: Any, weight: Any = None) -> Any:
        return y

    def _stratify(self, y: Any) -> Any:
        return None if self._multilabel else y

    def _resolve_loss(self) -> tuple[losses.Loss, int]:
        n_classes = len(self.classes_)
        if self.loss is None:
            binary = self._multilabel or n_classes <= 2
            loss = losses.resolve("log_loss" if binary else "cross_entropy")
        else:
            loss = losses.resolve(self.loss)
        if "classification" not in loss.tasks:
            raise ValueError(f"loss {loss.name!r} is for regression: use MLPRegressor")
        return loss, n_classes if self._multilabel else loss.outputs_for(max(2, n_classes))

    def _network_classes(self) -> Any:
        return None if self._multilabel else self.classes_

    def _weights(self, part: Part) -> Any:
        if self.class_weight is None:
            return part.weight
        if self._multilabel:
            raise ValueError("class_weight needs y as a vector of classes, got multilabel indicators: give sample_weight")
        codes = targets.codes_of(part.y, self.classes_)
        return targets.weigh_classes(self.class_weight, codes, Targets("classification", self.classes_), part.weight)

    def _target(self) -> dict[str, Any]:
        return {"classes": None if self._multilabel else self.classes_}

    def _restore(self, model: Model, classes: Array | None, multilabel: bool) -> None:
        super()._restore(model, classes, multilabel)
        width = model.network.n_targets
        if classes is None or (multilabel and len(classes) != width):
            raise ValueError(f"{'no' if classes is None else len(classes)} classes for {width} outputs")
        known = model.network.classes
        if not multilabel and (known is None or known.tolist() != classes.tolist()):
            raise ValueError("the network of a classifier must have its classes")
        self.classes_, self._multilabel = classes, bool(multilabel)

    # --- predictions ------------------------------------------------------------------------------------------
    def predict(self, X: Matrix) -> Array:
        """The most probable class of each sample.

        Returns
        -------
        y : ndarray (n_samples,), or (n_samples, n_labels) of 0 and 1
        """
        fitted = self._last_fit()
        return fitted._predictor.predict(fitted._inputs(X), n_threads=fitted._n_threads)

    def _learns_probabilities(self) -> bool:
        """Whether the outputs are probabilities: not with every loss."""
        fitted = self.__dict__.get("_fitted", self)
        if hasattr(fitted, "network_"):
            return fitted.network_._architecture.gives_probabilities
        if self.loss is None:
            return True
        loss = losses.resolve(self.loss)
        output: Any = loss.link or (self.network or {}).get("output") or "identity"
        return loss.gives_probabilities(activations.resolve(output, "output"))

    @available_if(_learns_probabilities)
    def predict_proba(self, X: Matrix) -> Array:
        """The probability of each class, with log_loss or cross_entropy.

        Returns
        -------
        probabilities : ndarray (n_samples, n_classes)
            float32 where X is an array of float32, else float64; so are logarithms and logits.
        """
        return probabilities.of(*self._logits_of_probabilities(X))

    @available_if(_learns_probabilities)
    def predict_log_proba(self, X: Matrix) -> Array:
        """The natural logarithm of `predict_proba`, computed from the logits: exact where a probability rounds to 0 or 1.

        Returns
        -------
        logs : ndarray (n_samples, n_classes)
        """
        return probabilities.logs(*self._logits_of_probabilities(X))

    def decision_function(self, X: Matrix) -> Array:
        """The logits: Z of the last layer; of two outputs for two classes, the second less the first.

        Returns
        -------
        logits : ndarray (n_samples,) for two classes or one, else (n_samples, n_classes)
        """
        fitted = self._last_fit()
        inputs = fitted._inputs(X)
        logits = fitted._predictor.logits(inputs, n_threads=fitted._n_threads)
        logits = logits.astype(fitted._answer_dtype(X), copy=False)
        if logits.shape[1] == 2 and not fitted._multilabel:
            return logits[:, 1] - logits[:, 0]
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def _logits_of_probabilities(self, X: Any) -> tuple[Array, Targets, str]:
        """What `cmlp.data.probabilities` takes."""
        fitted = self._last_fit()
        inputs = fitted._inputs(X)
        logits, meaning, output = fitted._predictor._logits_of_probabilities(inputs, fitted._n_threads)
        return logits.astype(fitted._answer_dtype(X), copy=False), meaning, output

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
