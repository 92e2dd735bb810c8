"""From the arguments of `Network.fit` to a training: everything is checked before anything changes."""

from typing import Any

from cmlp import optimizers, regularization, schedules, validation
from cmlp.data.samples import Meanings, columns_of, make_samples
from cmlp.layers import Array
from cmlp.optimizers import LBFGS
from cmlp.regularization import Regularization
from cmlp.training import evaluation, hooks, progress
from cmlp.training.lbfgs import LBFGSTraining
from cmlp.training.loop import Training
from cmlp.training.settings import FitArguments, Settings
from cmlp.training.stopping import NEVER, Stopping


def prepare(network: Any, X: Any, y: Any, given: FitArguments) -> Training | LBFGSTraining:
    """A training that is ready to run."""
    columns = columns_of(network, X)
    samples, meaning = make_samples(network, X, y, given.sample_weight, class_weight=given.class_weight, columns=columns)
    settings = resolve(network, samples, Meanings(meaning, columns), given)
    kind = LBFGSTraining if isinstance(settings.optimizer, LBFGS) else Training
    training = kind(network, samples, settings)
    settings.callbacks.call("on_prepare", training)
    return training


def resolve(network: Any, samples: Any, meaning: Meanings, given: FitArguments) -> Settings:
    """The arguments checked against the network and the data."""
    network._architecture.check_learns()
    n_samples = samples.n_samples
    optimizer = optimizers.resolve(given.optimizer)
    batch_size = validation.check_batch_size(given.batch_size, n_samples, optimizer.needs_full_batch)
    accumulated = validation.check_integer("gradient_accumulation_steps", given.gradient_accumulation_steps, 1)
    update_size = min(batch_size * accumulated, n_samples)
    epochs = validation.check_integer("epochs", given.epochs, 1)
    report, report_every = progress.reporting(given.verbose, epochs)
    callbacks = hooks.Callbacks(hooks.check(given.callbacks))
    ema = ema_for(network, given.ema_decay)
    evaluate = evaluation.resolve(network, given.validation_data, given.metrics, meaning, ema, given.n_threads)
    validation.check_full_batch(optimizer, update_size, n_samples)
    validation.check_theta(network.theta)
    validation.check_batches_for_norm(network.layers, batch_size)
    if given.n_threads is not None:
        validation.check_n_threads(given.n_threads)
    return Settings(
        targets=meaning.targets,
        columns=meaning.columns,
        optimizer=optimizer,
        batch_size=batch_size,
        update_size=update_size,
        epochs=epochs,
        shuffle=validation.check_flag("shuffle", given.shuffle) and update_size < n_samples,
        rules=rules_for(network, optimizer, given, ema),
        dropout=rate_of_dropout(network, given.dropout),
        evaluate=evaluate,
        stopping=validation.check_kind("stopping", given.stopping, Stopping) or NEVER,
        n_threads=given.n_threads,
        report=report,
        report_every=report_every,
        callbacks=callbacks,
    )


def rules_for(network: Any, optimizer: Any, given: FitArguments, ema: Array | None) -> regularization.UpdateRules | None:
    """What an update does besides the optimizer's step; None for nothing."""
    rules = regularization.resolve(
        network.tables[1],
        regularization=validation.check_kind("regularization", given.regularization, Regularization),
        clip_norm=given.clip_norm,
        clip_value=given.clip_value,
        clip_by_block=given.clip_by_block,
        lr_multipliers=given.lr_multipliers,
        weight_decay=getattr(optimizer, "weight_decay", 0.0),
        ema=ema,
        ema_decay=given.ema_decay,
    )
    if isinstance(optimizer, LBFGS):
        names = ("clip_norm", "clip_value", "lr_multipliers", "ema_decay")
        architecture = network._architecture
        disturbed = bool(architecture.input_noise or architecture.input_dropout)
        blocks = None if rules is None else rules.blocks
        validation.check_for_lbfgs({name: getattr(given, name) for name in names}, blocks, network.layers, disturbed)
    return rules


def rate_of_dropout(network: Any, dropout: Any) -> Any:
    """The rate, or its schedule, that the hidden layers with dropout have in this training; None: each its own."""
    if dropout is None:
        return None
    if not any(layer.dropout for layer in network.layers):
        raise ValueError("dropout cannot be set in fit: no hidden layer has dropout; use Network(..., dropout=0.5)")
    schedules.refuse_plateau("dropout", dropout)
    if not schedules.is_scheduled(dropout):
        validation.check_share("dropout", dropout)
    return dropout


def ema_for(network: Any, ema_decay: Any) -> Array | None:
    """The moving average of the variables that this training goes on with; None without one."""
    if ema_decay is None:
        return None
    validation.check_inside_unit("ema_decay", ema_decay)
    return network.variables.copy() if network.ema is None else network.ema.copy()
