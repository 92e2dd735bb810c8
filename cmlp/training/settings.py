"""The arguments of `Network.fit` as one frozen description, before and after they are checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cmlp.data import Columns
from cmlp.data.targets import Targets
from cmlp.optimizers import LBFGS, Optimizer
from cmlp.regularization import Regularization, UpdateRules
from cmlp.schedules import Value
from cmlp.training.evaluation import Evaluations
from cmlp.training.history import History
from cmlp.training.hooks import Callback, Callbacks
from cmlp.training.stopping import Stopping

Report = Callable[[History, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class FitArguments:
    """What was given to `Network.fit`, which documents each."""

    optimizer: str | Optimizer | LBFGS
    batch_size: int | Literal["auto"] | None
    epochs: int
    shuffle: bool
    sample_weight: Any
    class_weight: str | Mapping[Any, float] | None
    regularization: Regularization | None
    clip_norm: float | None
    clip_value: float | None
    clip_by_block: bool
    lr_multipliers: Mapping[str, float] | None
    ema_decay: float | None
    gradient_accumulation_steps: int
    dropout: Value | None
    validation_data: Any
    metrics: Any
    stopping: Stopping | None
    n_threads: int | None
    verbose: int | Report
    callbacks: Callback | Sequence[Callback] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Settings:
    """What a training is to do: the arguments checked and resolved.

    Attributes
    ----------
    targets : Targets
        What y means; for the network from now on.
    columns : Columns or None
        What the columns of frames are; for the network from now on.
    optimizer : Optimizer or LBFGS
    batch_size : int
        Samples that go through the network together.
    update_size : int
        Samples for one update: batch_size times the steps of gradient accumulation.
    epochs : int
    shuffle : bool
    rules : UpdateRules or None
        What an update does besides the optimizer's step.
    dropout : float, Schedule, callable or None
        The rate of the hidden layers that have dropout; None: each its own.
    evaluate : Evaluations or None
        Returns what is computed on the validation data, by name.
    stopping : Stopping
    n_threads : int or None
    report : callable or None
        ``report(history, epochs)``, called after every ``report_every`` epochs.
    report_every : int
    callbacks : Callbacks
    """

    targets: Targets
    columns: Columns | None
    optimizer: Any
    batch_size: int
    update_size: int
    epochs: int
    shuffle: bool
    rules: UpdateRules | None
    dropout: Value | None
    evaluate: Evaluations | None
    stopping: Stopping
    n_threads: int | None
    report: Report | None
    report_every: int
    callbacks: Callbacks
