"""The classifier."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d

from cmlp import losses, targets
from cmlp.estimators.base import BaseMLP, alone
from cmlp.model import as_probabilities

VALUED = ("squared_error", "absolute_error", "huber", "log_cosh", "perceptron")  # losses that make no probabilities


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multilayer perceptron that classifies: scikit-learn's MLPClassifier, with more in it and several times as fast.

    Code written for scikit-learn's runs with the import changed. What many set is a parameter; everything else that
    `cmlp.Network` and `cmlp.Network.fit` take goes through the two dicts `network` and `training`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
    activation : str, (str, float), or a list of these, default "relu"
        "identity", "logistic", "tanh", "relu" or any of `cmlp.registry.activations`; a list has one for each hidden layer.
    solver : {"adam", "sgd", "lbfgs", ...} or Optimizer, default "adam"
        Also the name of any optimizer of cmlp, or one with all its settings: ``cmlp.Adam(cmlp.schedules.OneCycle(0.01))``.
    alpha : float, default 0.0001
        L2 penalty; divided by the samples of a batch, as in scikit-learn.
    batch_size : int or "auto", default "auto"
        "auto" is min(200, n_samples); None, all samples.
    learning_rate : {"constant", "invscaling", "adaptive"}, Schedule or callable, default "constant"
        The first three as in scikit-learn, the last two of them for "sgd" alone.
    learning_rate_init, power_t : float, default 0.001, 0.5
    max_iter : int, default 200
        Epochs.
    shuffle : bool, default True
    random_state : int, RandomState or None
        For first weights, order of the samples, dropout and the validation split.
    tol, n_iter_no_change : float, int, default 0.0001, 10
        Training ends after more than so many epochs in a row without progress by more than tol.
    verbose, warm_start : bool, default False
    momentum, nesterovs_momentum : float, bool, default 0.9, True
        Of "sgd".
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        Of "adam".
    early_stopping, validation_fraction : bool, float, default False, 0.1
        Look at the score of a part that is set aside, and end with the best epoch's parameters.
    max_fun : int, default 15000
        Evaluations that "lbfgs" may make.
    loss : str, Loss or callable, optional
        Instead of log_loss (two classes, or several labels at once) and cross_entropy.
    dropout, norm
        As in `cmlp.Network`.
    dtype : {"auto", "float32", "float64"}, default "auto"
        float32, but for "lbfgs" float64.
    scale : {"standard", "quantile"}, optional
        Bring numeric columns to mean 0 and deviation 1, or to a normal distribution; fitted on the training part alone.
    categorical_features : "from_dtype" or sequence of columns, optional
        Which columns are one-hot encoded; "from_dtype" takes those of a data frame that hold text or categories. A category
        that was not there when fitting becomes all zeros, a missing one is a category of its own.
    impute : bool, default False
        Fill missing numbers with the median, and add a column that says so.
    scoring : str or callable, optional
        What early stopping looks at, a scorer of scikit-learn, instead of the accuracy.
    callbacks : list of Callback, optional
        See `cmlp.callbacks`.
    n_threads : int, optional
    network, training : dict, optional
        Further arguments of `cmlp.Network` and `cmlp.Network.fit`: ``network={"residual": 1}``,
        ``training={"average": 0.999, "clip": cmlp.Clip(norm=1.0)}``.
    class_weight : "balanced" or dict, optional

    Attributes
    ----------
    network_ : cmlp.Network
        The trained network, for everything that is not scikit-learn's business: trace, summary, inspection.
    history_ : History
    classes_, n_features_in_, feature_names_in_, coefs_, intercepts_, loss_, loss_curve_, best_loss_, best_validation_score_,
    validation_scores_, n_iter_, t_, n_layers_, n_outputs_, out_activation_
        As scikit-learn's.
    preprocessor_ : ColumnTransformer
        With scale, categorical_features or impute.

    Examples
    --------
    >>> import cmlp
    >>> X, y, X_test, y_test = cmlp.datasets.load_digits(split=True)
    >>> model = cmlp.MLPClassifier((64,), max_iter=30, scale="standard", dropout=0.2, tol=0, random_state=0)
    >>> import warnings; warnings.simplefilter("ignore")              # 30 epochs are not enough to converge
    >>> bool(model.fit(X, y).score(X_test, y_test) > 0.95)
    True
    """

    class_weight: Any = None

    def partial_fit(self, X, y, sample_weight=None, *, classes=None):
        """One epoch over these samples, with the optimizer's memory kept from call to call.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
        classes : array-like, optional
            All labels; needed at the first call if some do not occur in y.

        Returns
        -------
        self
        """
        with alone(self), self._as_before():
            first = not hasattr(self, "classes_")
            if first and classes is not None:
                self._multilabel = type_of_target(self._validated_y(y)) == "multilabel-indicator"
                self.classes_ = np.unique(classes)
            elif not first and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
                )
            self._classes_given = classes is not None or not first
            try:
                return self._partial_fit(X, y, sample_weight)
            finally:
                self.__dict__.pop("_classes_given", None)

    # --- y ----------------------------------------------------------------------------------------------------
    def _validated_y(self, y):
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y

    def _encode(self, y, reset: bool):
        multilabel = type_of_target(y) == "multilabel-indicator"
        if reset and not getattr(self, "_classes_given", False):
            self._multilabel = multilabel
            self.classes_ = np.arange(y.shape[1]) if multilabel else np.unique(y)
            if len(self.classes_) < 2 and not multilabel:
                raise ValueError(f"MLPClassifier needs two classes or more; y holds one class, {self.classes_[0]!r}")
        if multilabel:
            return y
        codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[codes] != y
        if unknown.any():
            raise ValueError(f"y has labels that are not in classes_: {np.unique(y[unknown])[:5]!r}")
        return codes

    def _objective(self):
        several = self._multilabel or len(self.classes_) > 2
        if self.loss is None:
            return losses.resolve("log_loss" if self._multilabel or not several else "cross_entropy"), self._width(several)
        objective = losses.resolve(self.loss)
        if objective.name in targets.VALUE_LOSSES:
            raise ValueError(f"loss {objective.name!r} is for values: use MLPRegressor")
        return objective, self._width(several or not objective.of_classes or objective.name == "cross_entropy")

    def _width(self, several: bool) -> int:
        return len(self.classes_) if several else 1

    def _codes(self):
        return None if self._multilabel else range(len(self.classes_))

    def _stratifies(self) -> bool:
        return not self._multilabel

    def _fit_settings(self, n_samples: int, weight):
        weights = self.class_weight
        if isinstance(weights, dict):
            codes = {label: code for code, label in enumerate(self.classes_.tolist())}
            unknown = [label for label in weights if label not in codes]
            if unknown:
                raise ValueError(f"class_weight names {unknown[0]!r}, which is no class; the classes are {self.classes_[:10]}")
            weights = {codes[label]: weight for label, weight in weights.items()}
        return super()._fit_settings(n_samples, weight) | ({} if weights is None else {"class_weight": weights})

    def _behind(self):
        return {"classes": None if self._multilabel else self.classes_}

    def restore(self, model, classes, multilabel):
        super().restore(model, classes, multilabel)
        width = model.network.n_targets
        if classes is None or len(classes) != (width if multilabel else max(2, width)):
            raise ValueError(f"{'no' if classes is None else len(classes)} classes for {width} outputs")
        codes = model.network.classes
        if not multilabel and (codes is None or codes.tolist() != list(range(len(classes)))):
            raise ValueError("the network of a classifier has the classes 0, 1, 2, ...")
        self.classes_, self._multilabel = classes, bool(multilabel)

    # --- predictions ------------------------------------------------------------------------------------------
    def predict(self, X):
        """The likeliest class of each sample.

        Returns
        -------
        y : ndarray (n_samples,), or (n_samples, n_labels) of 0 and 1
        """
        check_is_fitted(self, "network_")
        return self._predict(self._inputs(X))

    def _predict(self, X):
        codes = self._predictor.predict(X)
        return codes if self._multilabel else self.classes_[codes]

    def _learns_probabilities(self) -> bool:
        """Whether the outputs are probabilities: not with every loss."""
        if hasattr(self, "network_"):
            return self.network_.activations[-1] in ("sigmoid", "softmax") and self.network_.loss not in VALUED
        return self.loss is None or getattr(self.loss, "name", self.loss) not in VALUED

    @available_if(_learns_probabilities)
    def predict_proba(self, X):
        """The probability of each class, where the loss is one of probabilities: log_loss, cross_entropy.

        Returns
        -------
        probabilities : ndarray (n_samples, n_classes)
        """
        return self._probabilities(self._inputs(X))

    def _probabilities(self, X):
        outputs = self._predictor.forward(X)
        return as_probabilities(outputs, "labels" if self._multilabel else "classes", self.network_.loss)

    @available_if(_learns_probabilities)
    def predict_log_proba(self, X):
        """Its logarithm."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X):
        """The raw scores Z of the last layer.

        Returns
        -------
        scores : ndarray (n_samples,) for two classes, else (n_samples, n_classes)
        """
        X = self._inputs(X)
        scores = self._predictor.scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
