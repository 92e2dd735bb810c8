"""``cmlp train --resume``: the options that a checkpoint needs again."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from cmlp.network import Network
from cmlp.persistence.checkpoints import MismatchError

OPTIONS = {
    "sizes": "--hidden and the same columns of DATA",
    "activation": "--activation and --hidden",
    "loss": "--loss",
    "output": "--output",
    "norm": "--norm",
    "dropout": "--dropout",
    "residual": "--residual",
    "dtype": "--dtype",
    "input_scale": "DATA",
    "optimizer": "--optimizer, --learning-rate and --schedule",
    "batch_size and gradient_accumulation_steps": "--batch-size, --test-fraction, --validation-fraction and --patience",
    "regularization, clipping, lr_multipliers and ema_decay": "--weight-decay, --l2 and --clip-norm",
    "stopping": "--patience",
    "validation_data": "--validation-fraction, --patience, --seed, --scale and DATA",
    "X, y and weights": "DATA, --target, --drop, --categorical, --missing, --scale, --test, --test-fraction, "
    "--validation-fraction, --patience, --class-weight and --seed",
}  # by what a checkpoint calls the setting


@contextlib.contextmanager
def in_options() -> Iterator[None]:
    """Name the options of the command line where a checkpoint does not fit."""
    try:
        yield
    except MismatchError as error:
        options = OPTIONS.get(error.setting)
        raise ValueError(f"{error.problem}: give the same {options} as before" if options else str(error)) from None


def begins_anew(path: str | None) -> str | None:
    """A line for a checkpoint that does not exist yet."""
    return f"{path} does not exist yet: training starts from the beginning" if path and not Path(path).exists() else None


def left_over(path: str | None, net: Network, epochs: int) -> str | None:
    """A line for a checkpoint of more epochs than were asked for."""
    done = net.history.epoch[-1] if net.history and net.history.epoch else 0
    if path is None or done <= epochs:
        return None
    return f"{path} holds {done} epochs, more than --epochs {epochs}: nothing was trained; give {done + 1} or more to go on"
