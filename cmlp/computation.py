"""What given parameters compute: outputs, predictions, the cost and its gradient."""

from typing import Any

import numpy as np

from cmlp import validation
from cmlp._typing import Labels, Matrix, Weights
from cmlp.data import metrics, probabilities, targets
from cmlp.data.samples import make_inputs, make_samples
from cmlp.data.tables import Table
from cmlp.layers import Array
from cmlp.parameters import Parameters
from cmlp.runtime import neighbours, threads

AT_ONCE = 1 << 16  # samples whose outputs are held while they are made into labels


class Computation(Parameters):
    """The part of `cmlp.Network` that computes without learning."""

    def forward(self, X: Matrix, *, passes: int | None = None, n_threads: int | None = None) -> Array:
        """The outputs: A of the last layer.

        Parameters
        ----------
        X : array_like or scipy.sparse matrix (n_samples, n_features)
            Any real dtype and strides.
        passes : int, optional
            Monte Carlo dropout (Gal and Ghahramani, ICML 2016): as many passes with dropout on, each with its own masks, the
            same ones in every call. Their mean over axis 0 is the prediction, their spread a measure of uncertainty.
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
            return self._outputs(samples, False, n_threads)
        draws = [(self.shuffle_seed, k) for k in range(validation.check_integer("passes", passes, 1))]
        return np.stack([self._outputs(samples, False, n_threads, draw=draw) for draw in draws])

    def logits(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """Z of the last layer, (n_samples, n_outputs), where the loss takes that (cross_entropy, log_loss, ...); else its A."""
        return self._outputs(make_inputs(self, X), True, n_threads)

    def predict_proba(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """The probability of each class, of both with two classes; with multilabel, of each label.

        Returns
        -------
        probabilities : ndarray (n_samples, n_classes), the network's dtype

        Raises
        ------
        ValueError
            If the loss is neither log_loss nor cross_entropy.

        Examples
        --------
        >>> import cmlp
        >>> net = cmlp.Network([2, 1], loss="log_loss", init="zeros")
        >>> net.predict_proba([[1.0, 2.0]])
        array([[0.5, 0.5]], dtype=float32)
        """
        return probabilities.of(*self._logits_of_probabilities(X, n_threads))

    def predict_log_proba(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """The natural logarithms of `predict_proba`, computed from the logits: exact where a probability rounds to 0 or 1.

        Returns
        -------
        logs : ndarray (n_samples, n_classes), the network's dtype

        Raises
        ------
        ValueError
            As `predict_proba`.

        Examples
        --------
        >>> import cmlp
        >>> net = cmlp.Network([1, 1], loss="log_loss", init=cmlp.initializers.Constant(1))
        >>> net.predict_proba([[200.0]]), net.predict_log_proba([[200.0]])
        (array([[0., 1.]], dtype=float32), array([[-200.,    0.]], dtype=float32))
        """
        return probabilities.logs(*self._logits_of_probabilities(X, n_threads))

    def predict(self, X: Matrix, *, n_threads: int | None = None) -> Array:
        """Labels for classification, values for regression.

        Returns
        -------
        y : ndarray (n_samples,) or (n_samples, n_outputs)
            The most probable class of each sample (a logit of exactly 0, probability one half, counts as the second of two);
            with multilabel a matrix of 1 and 0 (-1 with perceptron); else the values of `forward`, with gaussian the means
            alone.
        """
        meaning = self._meaning()
        X = Table.read(X) if Table.like(X) else X
        if not hasattr(X, "shape") or len(X.shape) != 2 or X.shape[0] <= AT_ONCE:
            return self._predicted(make_inputs(self, X), meaning, n_threads)
        rows: Any = X.tocsr() if hasattr(X, "tocsr") else X
        first = self._predicted(make_inputs(self, rows[:AT_ONCE]), meaning, n_threads)
        predicted = np.empty((rows.shape[0], *first.shape[1:]), first.dtype)
        predicted[:AT_ONCE] = first
        for start in range(AT_ONCE, rows.shape[0], AT_ONCE):
            block = rows[start : start + AT_ONCE]
            predicted[start : start + AT_ONCE] = self._predicted(make_inputs(self, block), meaning, n_threads)
        return predicted

    def score(self, X: Matrix, y: Labels, sample_weight: Weights | None = None, *, n_threads: int | None = None) -> float:
        """Accuracy for classification and multilabel, R2 for regression.

        With multilabel, all labels of a sample must be right; R2 is averaged over the outputs, and with the quantile loss it
        is that of the quantile nearest to one half.
        """
        samples, meaning = make_samples(self, X, y, sample_weight)
        predicted = targets.central(self._predicted(samples, meaning, n_threads), self.loss_function)
        weight = validation.check_sample_weight(sample_weight, samples.n_samples)
        return metrics.score(np.asarray(y), predicted, meaning, weight)

    def cost(
        self,
        X: Matrix,
        y: Labels,
        sample_weight: Weights | None = None,
        *,
        training: bool = False,
        n_threads: int | None = None,
    ) -> float:
        """The mean loss over the samples, ``1/n sum_i sample_weight_i loss_i`` with weights of mean 1.

        training: as the next update would see all of X, in one batch: with its dropout masks and noise, and normalized by its
        own means and variances.
        """
        return self._mean_loss(make_samples(self, X, y, sample_weight)[0], n_threads, training=training)

    def gradient(
        self,
        X: Matrix,
        y: Labels,
        sample_weight: Weights | None = None,
        *,
        training: bool = False,
        n_threads: int | None = None,
    ) -> tuple[float, Array]:
        """(cost, dtheta): the mean loss and its gradient, laid out as theta is; `cmlp.layers.views` cuts it up.

        training: as in `cost`.

        Raises
        ------
        FloatingPointError
            If the loss of a sample is not finite.
        """
        samples, _ = make_samples(self, X, y, sample_weight)
        self._architecture.check_learns()
        dtheta = np.empty_like(self.theta)
        with self._engines.take(samples.n_samples, training=training, sparse=samples.sparse, with_loss=True) as engine:
            team = threads.for_pass(engine, samples, n_threads)
            total, finite = engine.gradient(self._variables, dtheta, samples, team, **self._mode(training))
            neighbours.note_region(team)
        if not finite:
            raise FloatingPointError("the loss of these samples is not finite, so it has no gradient: look at theta and X")
        return total / samples.n_samples, dtheta

    # --- inside ---------------------------------------------------------------------------------------------
    def _logits_of_probabilities(self, X: Matrix, n_threads: int | None) -> tuple[Array, targets.Targets, str]:
        """What `probabilities` takes."""
        meaning, plan = self._meaning(), self._architecture
        probabilities.check(plan.gives_probabilities, meaning.task, plan.loss)
        logits = self.logits(X, n_threads=n_threads)
        validation.check_outputs(logits)
        return logits, meaning, plan.activations[-1].name

    def _meaning(self) -> targets.Targets:
        return self._targets or targets.assumed(self.loss_function, self._architecture.sizes[-1])

    def _mode(self, training: bool) -> dict[str, Any]:
        """What an engine is told of the pass it is to make: as the next update would be, or as in prediction."""
        if not training:
            return {}
        draw = (self.shuffle_seed, 1 if self._optimizer_state is None else self._optimizer_state.cursor.t + 1)
        return {"training": True, "draw": draw if self._architecture.is_random else None}

    def _outputs(
        self,
        samples: Any,
        as_logits: bool,
        n_threads: int | None,
        variables: Array | None = None,
        draw: tuple[int, int] | None = None,
    ) -> Array:
        """A of the last layer for bound samples or, as logits, its Z where the loss takes that."""
        out = np.empty((samples.n_samples, self._architecture.sizes[-1]), self.dtype)
        with self._engines.take(samples.n_samples, sparse=samples.sparse) as engine:
            team = threads.for_pass(engine, samples, n_threads)
            engine.forward(self._variables if variables is None else variables, samples, out, as_logits, team, draw)
            neighbours.note_region(team)
        return out

    def _predicted(self, samples: Any, meaning: targets.Targets, n_threads: int | None) -> Array:
        outputs = self._outputs(samples, meaning.task != "regression", n_threads)
        validation.check_outputs(outputs)
        return targets.decode(outputs, meaning, self.loss_function)

    def _mean_loss(
        self, samples: Any, n_threads: int | None, variables: Array | None = None, *, training: bool = False
    ) -> float:
        """The mean of the losses of bound samples."""
        with self._engines.take(samples.n_samples, training=training, sparse=samples.sparse, with_loss=True) as engine:
            team = threads.for_pass(engine, samples, n_threads)
            variables = self._variables if variables is None else variables
            total = engine.cost(variables, samples, team, **self._mode(training))
            neighbours.note_region(team)
        return total / samples.n_samples
