"""What follows an epoch, whatever computed it: validation, early stopping, callbacks, reports, the end."""

import time
from typing import Any

from cmlp.training.history import Ending, History
from cmlp.training.settings import Settings
from cmlp.training.stopping import Plateau, Watch


class BaseTraining:
    """One call of fit.

    Parameters
    ----------
    network : cmlp.Network
        Its theta is trained in place.
    samples : Samples
    settings : Settings

    Attributes
    ----------
    history : History
    steps_per_epoch, steps : int
        Updates in one epoch, and made by this call of fit.
    ema : ndarray (n_variables,) or None
        The moving average of the variables that this training keeps.
    """

    ema: Any = None
    steps: int
    steps_per_epoch: int
    began: float

    def __init__(self, network: Any, samples: Any, settings: Settings) -> None:
        self.network, self.samples, self.settings = network, samples, settings
        self.callbacks, self.epochs = settings.callbacks, settings.epochs
        self.history = History()
        self.watch = Watch(settings.stopping)
        self.plateau = Plateau(getattr(settings.optimizer, "learning_rate", None))
        self.watch.check(self)
        self.plateau.check(self)

    @property
    def has_validation_data(self) -> bool:
        return self.settings.evaluate is not None

    @property
    def by_epoch(self) -> bool:
        """Whether something is to happen after each single epoch."""
        return self.has_validation_data or self.plateau.active or self.watch.by_epoch or self.callbacks.by_epoch

    def continue_schedules(self, epochs: int, length: int) -> None:
        """Let schedules go on as if so many epochs had been before this call of fit, of ``length`` in all."""

    def learning_rates(self, steps: Any) -> list[float]:
        """In these steps of this call of fit, counted from 0."""
        raise NotImplementedError

    def ending(self) -> str:
        """Why it ends after its last epoch; empty if it goes on."""
        return Ending.EPOCHS if len(self.history) == self.epochs else self.watch.ending(self)

    def stop(self, reason: str) -> None:
        """End the training; for callbacks."""
        self.history.stopped = str(reason)

    def elapsed(self) -> float:
        """Seconds of training."""
        return time.perf_counter() - self.began

    def close(self) -> None:
        """After the last epoch, or an exception."""
        self.callbacks.call("on_fit_end", self)
        close = getattr(self.settings.report, "close", None)
        if close is not None:
            close()

    def finish_epochs(self, n: int) -> None:
        """What follows n epochs; 0 where the core has returned within one."""
        history, settings = self.history, self.settings
        if n and settings.evaluate:
            history.add(settings.evaluate())
        self.watch.see(self, n)
        if self.callbacks.by_step:
            self.callbacks.call("on_step_end", self)
        if n and self.callbacks.by_epoch:
            self.callbacks.call("on_epoch_end", self)
        self.plateau.follow(self, n)
        if n and not history.stopped:
            history.stopped = self.ending()
        done = len(history)
        if n and settings.report and (done % settings.report_every == 0 or history.stopped or done == self.epochs):
            settings.report(history, self.epochs)
        self.callbacks.call("on_pause", self)
