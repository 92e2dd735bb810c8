"""From the arguments of `Network.fit` to a training: everything is checked before anything changes."""

import numpy as np

from cmlp import optimizers, progress, rules, schedules, scores, targets, validation
from cmlp.callbacks import Callbacks
from cmlp.callbacks import check as check_callbacks
from cmlp.lbfgs import LBFGSTraining
from cmlp.samples import make_samples
from cmlp.stopping import Stopping
from cmlp.training import Training


def prepare(
    network,
    X,
    y,
    *,
    optimizer,
    batch_size,
    epochs,
    shuffle,
    sample_weight,
    class_weight,
    penalty,
    clip,
    rates,
    average,
    accumulate,
    dropout,
    validation_data,
    threshold,
    tol,
    n_iter_no_change,
    monitor,
    restore_best,
    n_threads,
    verbose,
    callbacks,
) -> Training | LBFGSTraining:
    """A training that is ready to run; the arguments are those of `Network.fit`."""
    samples, meaning = make_samples(network, X, y, sample_weight, class_weight=class_weight)
    network.check_learns()
    chunk = validation.check_batch_size(batch_size, samples.n_samples)
    batch_size = min(chunk * validation.check_integer("accumulate", accumulate, 1), samples.n_samples)
    shuffled = validation.check_flag("shuffle", shuffle) and batch_size < samples.n_samples
    report, report_every = progress.reporting(verbose)
    called = Callbacks(check_callbacks(callbacks))
    kept = mean_for(network, average)
    evaluate = evaluation(network, validation_data, meaning, kept, n_threads)
    stopping = Stopping(
        **validation.check_stopping(threshold, tol, n_iter_no_change, monitor, restore_best, evaluate is not None)
    )
    optimizer = optimizers.resolve(optimizer)
    if isinstance(optimizer, optimizers.LBFGS) or optimizer.name == "rprop":
        validation.check_whole_gradients(type(optimizer).__name__, batch_size, samples.n_samples)
    validation.check_theta(network.theta)
    validation.check_batches_for_norm(network.layers, chunk)
    dropout = rate_of_dropout(network, dropout)
    epochs = validation.check_integer("epochs", epochs, 1)
    updates = rules.resolve(
        network.tables[1],
        validation.check_kind("penalty", penalty, rules.Penalty),
        validation.check_kind("clip", clip, rules.Clip),
        rates,
        getattr(optimizer, "weight_decay", 0.0),
        kept,
        average,
    )
    if isinstance(optimizer, optimizers.LBFGS):
        disturbed = network.architecture.input_noise or network.architecture.input_dropout
        blocks = None if updates is None else updates.blocks
        validation.check_for_lbfgs(clip, rates, average, blocks, network.layers, bool(disturbed))
        lbfgs = LBFGSTraining(
            network, samples, meaning, optimizer, epochs, updates, stopping, evaluate, report, report_every, n_threads,
            called,
        )  # fmt: skip
        called.call("on_prepare", lbfgs)
        return lbfgs
    training = Training(
        network,
        samples,
        meaning,
        optimizer,
        batch_size,
        chunk,
        epochs,
        np.empty(samples.n_samples, dtype=np.intp) if shuffled else None,
        updates,
        dropout,
        stopping,
        evaluate,
        report,
        report_every,
        n_threads,
        called,
    )
    called.call("on_prepare", training)
    return training


def rate_of_dropout(network, dropout):
    """The rate, or its schedule, that the hidden layers with dropout have in this training; None: each its own."""
    if dropout is None:
        return None
    if not any(layer.dropout for layer in network.layers):
        raise ValueError("no hidden layer has dropout, so its rate cannot be set: Network(..., dropout=0.5)")
    schedules.refuse_plateau("dropout", dropout)
    if not schedules.is_scheduled(dropout):
        validation.check_share("dropout", dropout)
    return dropout


def mean_for(network, average):
    """The running mean of the variables that this training goes on with; None without one."""
    if average is None:
        return None
    if validation.check_share("average", average) == 0:
        raise ValueError("average must be in (0, 1): at 0 the mean is theta itself")
    return network.variables.copy() if network.mean is None else network.mean.copy()


def evaluation(network, validation_data, meaning: targets.Targets, variables, n_threads: int | None):
    """A function that returns (loss, score) on the validation data, with other variables if given; None without any data."""
    given = validation.check_validation_data(validation_data)
    if given is None:
        return None
    X, y, weight = given
    samples, _ = make_samples(network, X, y, weight, known=meaning)  # the classes of y hold for the validation data
    y, weight = np.asarray(y), validation.check_sample_weight(weight, samples.n_samples)

    def evaluate() -> tuple[float, float]:
        outputs = network.outputs(samples, meaning.task != "values", n_threads, variables)
        predicted = targets.middle(targets.decode(outputs, meaning, network.objective), network.objective)
        return network.mean_loss(samples, n_threads, variables), scores.score(y, predicted, meaning, weight)

    evaluate.samples = samples  # type: ignore[attr-defined]
    return evaluate
