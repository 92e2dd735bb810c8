"""From the options of the command line to the arguments of `Network.fit`."""

from pathlib import Path
from typing import Any

from cmlp import optimizers, persistence, schedules
from cmlp.callbacks import Callback, CSVLogger
from cmlp.cli.sources import UsageError
from cmlp.model import Model
from cmlp.optimizers import Optimizer
from cmlp.regularization import Regularization
from cmlp.training.stopping import Stopping

SCHEDULES = ("linear", "cosine", "one-cycle", "warm-up", "plateau")


def optimizer_of(options) -> Optimizer:
    """The optimizer with its learning rate or schedule."""
    kind: Any = optimizers.BY_NAME[options.optimizer]
    rate = options.learning_rate
    if options.schedule is None:
        return kind() if rate is None else kind(rate)
    if options.schedule == "plateau" and not options.validation_fraction:
        raise UsageError("--schedule plateau needs --patience or --validation-fraction, for a validation loss to follow")
    return kind(schedule_of(options, kind().learning_rate if rate is None else rate))


def schedule_of(options, rate: float) -> schedules.Schedule:
    """The schedule of this name, whose highest value is the learning rate."""
    patience = max(1, (options.patience or 10) // 2)
    made: dict[str, Any] = {
        "linear": lambda: schedules.Linear(rate, 0.0),
        "cosine": lambda: schedules.Cosine(rate),
        "one-cycle": lambda: schedules.OneCycle(rate),
        "warm-up": lambda: schedules.WarmUp(schedules.Cosine(rate)),
        "plateau": lambda: schedules.ReduceOnPlateau(rate, 0.3, patience),
    }
    return made[options.schedule]()


def fit_arguments(options, is_classification: bool) -> dict[str, Any]:
    """The arguments of `Network.fit` but data, optimizer and callbacks."""
    if options.class_weight and not is_classification:
        raise UsageError("--class-weight needs a target of classes, got values")
    regularization = Regularization(l2=options.l2, weight_decay=options.weight_decay)
    return {
        "batch_size": options.batch_size,
        "epochs": options.epochs,
        "n_threads": options.threads,
        "class_weight": options.class_weight,
        "regularization": regularization if options.l2 or options.weight_decay else None,
        "clip_norm": options.clip_norm,
        "stopping": Stopping("val_loss", options.patience) if options.patience else None,
    }


def callbacks_of(options, model: Model | None) -> list[Callback]:
    """The checkpoint and the log, if any; --resume without --checkpoint keeps writing to its file."""
    path = options.checkpoint or options.resume
    if path is None and options.checkpoint_every is not None:
        raise UsageError("--checkpoint-every needs --checkpoint FILE")
    made: list[Callback] = [CSVLogger(options.log)] if options.log else []
    if path is not None:
        resume = options.resume if options.resume and Path(options.resume).exists() else False
        made.append(persistence.Checkpoint(path, options.checkpoint_every or 1, resume=resume, around=model))
    return made
