"""How an estimator's network is made and trained, and what is noted of it; the estimators are those of ``base``."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from cmlp import validation
from cmlp.callbacks import EarlyStopping
from cmlp.estimators import held_out, nested, settings
from cmlp.estimators.inputs import Part
from cmlp.network import Network
from cmlp.training import evaluation, hooks
from cmlp.training.history import DivergenceError, Ending


def make_network(estimator: Any, n_inputs: int) -> None:
    """A new network, and no epochs yet."""
    loss, width = estimator._resolve_loss()
    own: dict[str, Any] = settings.FIRST_WEIGHTS | nested.checked(estimator, "network")
    estimator.network_ = Network(
        [n_inputs, *settings.sizes(estimator.hidden_layer_sizes), width],
        settings.activation(estimator.activation),
        loss,
        dropout=estimator.dropout,
        norm=estimator.norm,
        dtype=settings.dtype(estimator),
        seed=int(check_random_state(estimator.random_state).randint(np.iinfo(np.int32).max)),
        classes=estimator._network_classes(),
        **own,
    )
    estimator.n_iter_ = estimator.t_ = 0
    estimator.loss_curve_ = []
    estimator.validation_scores_ = [] if estimator.early_stopping else None


def fit_settings(estimator: Any, n_samples: int, weight: Any, monitor: str = "loss") -> dict[str, Any]:
    """Arguments of `Network.fit` that do not depend on how long it is to last; monitor: what "adaptive" rates follow."""
    batch = settings.batch_size(estimator, n_samples)
    mean_weight = 1.0 if weight is None else float(np.mean(weight)) or 1.0
    return {
        "optimizer": settings.optimizer(estimator, n_samples, monitor),
        "batch_size": batch,
        "shuffle": validation.check_flag("shuffle", estimator.shuffle),
        "regularization": settings.regularization(estimator, batch, n_samples, mean_weight),
        "n_threads": estimator.n_threads,
    }


def one_epoch(estimator: Any, part: Part) -> None:
    """What `partial_fit` does."""
    estimator._n_threads = estimator._threads()
    n_samples = len(part.y)
    part = part._replace(weight=estimator._weights(part))
    arguments = fit_settings(estimator, n_samples, part.weight) | nested.checked(estimator, "training")
    X, y, done = estimator._transformed(part.X), estimator._encoded(part.y, part.weight), len(estimator.loss_curve_)
    max_iter = validation.check_integer("max_iter", estimator.max_iter, 1)
    arguments.pop("metrics", None)  # there is nothing held out
    goes_on = settings.GoesOn(done, max_iter, getattr(estimator, "_plateau", None))
    called = [goes_on, *hooks.check(estimator.callbacks)]
    with noting(estimator, n_samples, epochs_before=estimator.n_iter_):
        try:
            estimator.network_.fit(X, y, epochs=1, sample_weight=part.weight, callbacks=called, **arguments)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
    estimator._plateau = goes_on.plateau


def train(estimator: Any, part: Part, held: dict[str, Part], fresh: bool) -> None:
    """What `fit` does; held: sets of samples to evaluate, of which early stopping follows the first."""
    estimator._n_threads = estimator._threads()
    part = part._replace(weight=estimator._weights(part))
    X, y, n_samples = estimator._transformed(part.X), estimator._encoded(part.y, part.weight), len(part.y)
    sets = {name: Part(estimator._transformed(each.X), estimator._encoded(each.y), each.weight) for name, each in held.items()}
    max_iter, done = validation.check_integer("max_iter", estimator.max_iter, 1), len(estimator.loss_curve_)
    goes_on, scored = settings.GoesOn(done, done + max_iter), None
    called = [goes_on, *hooks.check(estimator.callbacks)]
    stops = bool(estimator.early_stopping)
    monitor = "loss" if not held else "val_score" if stops and estimator.scoring is None else "val_loss"
    arguments = fit_settings(estimator, n_samples, part.weight, monitor)
    known = [(sets[name].X, sets[name].y, each.y) for name, each in held.items()]
    if stops and estimator.scoring is not None:
        scored = scored_stopping(estimator, sets["val"], known)
        called.append(scored)
    elif settings.is_adaptive(estimator):
        called.append(settings.EndOfAdaptive(settings.patience(estimator)))
    if scored is None:
        arguments["stopping"] = settings.stopping(estimator, monitor, stops)
    arguments |= nested.checked(estimator, "training")
    metrics = evaluation.check_metrics(held_out.as_functions(arguments.get("metrics")))
    arguments["metrics"] = {name: held_out.metric(estimator, scorer, known) for name, scorer in metrics.items()}
    if not fresh:
        estimator.network_._optimizer_state = None
    with noting(estimator, n_samples, stops, scored):
        try:
            estimator.network_.fit(
                X,
                y,
                epochs=max_iter,
                sample_weight=part.weight,
                validation_data=sets or None,
                verbose=say if estimator.verbose else 0,
                callbacks=called,
                **arguments,
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
    estimator._plateau = goes_on.plateau
    if estimator.history_.stopped == Ending.EPOCHS:
        warnings.warn(
            f"Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet: raise max_iter, or tol"
            + estimator._hint(part),
            ConvergenceWarning,
            stacklevel=4,
        )


def scored_stopping(estimator: Any, held: Part, known: list[tuple[Any, Any, Any]]) -> EarlyStopping:
    """Early stopping on `scoring`."""
    score = held_out.metric(estimator, held_out.as_function(estimator.scoring), known)
    weights = {} if held.weight is None else {"sample_weight": held.weight}

    def monitor(network: Network) -> float:
        return float(score(network, held.X, held.y, **weights))

    return EarlyStopping(monitor, settings.patience(estimator), max(float(estimator.tol), 0.0))


@contextmanager
def noting(
    estimator: Any, n_samples: int, stops: bool = False, scored: EarlyStopping | None = None, epochs_before: int = 0
) -> Iterator[None]:
    """Keep scikit-learn's attributes of what happens in a training, also if it ends by an exception once it has begun.

    stops: with early stopping; scored: the one of `scoring`; epochs_before: that `n_iter_` counts too.
    """
    before = estimator.network_.history
    try:
        yield
    except DivergenceError as error:
        remedy = "" if estimator.scale else ": scale='standard' standardizes them"
        raise DivergenceError(f"{error}{remedy}") from None
    finally:
        if estimator.network_.history is not before:
            note(estimator, n_samples, stops, scored.values if scored else None)
            estimator.n_iter_ = epochs_before + len(estimator.network_.history)


def note(estimator: Any, n_samples: int, stops: bool, scores: list[float] | None) -> None:
    network, history = estimator.network_, estimator.network_.history
    estimator._predictor = network if network.ema is None else network.ema_network()
    estimator.loss_curve_ = estimator.loss_curve_ + history.loss
    estimator.loss_ = estimator.loss_curve_[-1] if estimator.loss_curve_ else np.inf
    estimator.t_ += len(history) * n_samples
    if stops:
        before = estimator.validation_scores_ or []
        estimator.validation_scores_ = before + (history.val_score if scores is None else scores)
        estimator.best_validation_score_, estimator.best_loss_ = max(estimator.validation_scores_, default=None), None
    else:
        estimator.best_validation_score_, estimator.best_loss_ = None, min(estimator.loss_curve_, default=np.inf)


def say(history: Any, epochs: int) -> None:
    print(f"Iteration {len(history)}, loss = {history.loss[-1]:.8f}", flush=True)
    if history.val_score:
        print(f"Validation score: {history.val_score[-1]:f}", flush=True)
