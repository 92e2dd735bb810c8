"""The loop over calls of the core: how far each may go, what is watched between them, when to stop.

It receives the network and imports nothing of it.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cmlp import profile, schedules, threads, validation
from cmlp.pace import Pace
from cmlp.stopping import Patience, Plateau

logger = logging.getLogger("cmlp")

TABLE_STEPS = 16_384  # in one call where a hyper-parameter has a schedule: so many rows are computed for it
MOST_EPOCHS = 100_000  # in one call: it returns an array that long


class DivergenceError(FloatingPointError):
    """Training met a loss or an update that is not finite; the network holds the last finite parameters."""


@dataclass
class History:
    """What happened, by epoch: lists of equal length.

    Attributes
    ----------
    epoch : list of int
        Counted from 1 over all calls of fit.
    loss : list of float
        Mean loss of the training samples, each before its own update.
    largest_change : list of float
        The furthest that any W or b was moved by any update of the epoch.
    learning_rate : list of float
    time : list of float
        Seconds since fit began; interpolated where one call of the core ran several epochs.
    val_loss, val_score : list of float
        After the epoch, on validation_data: mean loss, and accuracy or R2. Empty without it.
    stopped : str
        Why it ended: "epochs", "threshold", "tol", or "interrupted".
    best_epoch : int or None
        The one whose parameters are kept, with restore_best.
    """

    epoch: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    largest_change: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_score: list[float] = field(default_factory=list)
    stopped: str = ""
    best_epoch: int | None = None

    def to_dict(self) -> dict[str, list]:
        """Column -> list; the validation columns only if there was validation data."""
        columns = ["epoch", "loss", "largest_change", "learning_rate", "time", "val_loss", "val_score"]
        return {name: list(getattr(self, name)) for name in columns if len(getattr(self, name)) == len(self.epoch)}

    def to_frame(self):
        """A pandas DataFrame, one row an epoch.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("a frame needs pandas: pip install pandas; to_dict() does without") from None
        return pd.DataFrame(self.to_dict())

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        end = f", loss {self.loss[-1]:.6g}, {self.time[-1]:.3g} s" if self.epoch else ""
        return f"<History: {len(self)} epochs{end}, stopped by {self.stopped or 'nothing yet'}>"


def _check_decay(name: str, value: float) -> float:
    return validation.check_number(name, value, least=0)


def log_begin(network, n_samples: int, optimizer, n_threads: int) -> None:
    logger.info("training %r on %d samples with %r, at most %d threads", network, n_samples, optimizer, n_threads)


def log_epochs(history: History, n: int) -> None:
    """The last n epochs."""
    if n and logger.isEnabledFor(logging.DEBUG):
        for epoch, loss in zip(history.epoch[-n:], history.loss[-n:]):
            logger.debug("epoch %d: loss %.6g", epoch, loss)


def log_end(history: History) -> None:
    loss = history.loss[-1] if history.loss else float("nan")
    logger.info("ended by %s after %d epochs, loss %.6g", history.stopped, len(history), loss)


class Training:
    """One call of fit.

    Parameters
    ----------
    network : cmlp.Network
        Its theta is trained in place, its optimizer memory and cursor move.
    samples : _samples.Samples
    targets : Targets
        What they mean; the network's from now on.
    optimizer : Optimizer
    batch_size : int
        Samples for one update.
    chunk : int
        Of these, how many go through the network at a time.
    epochs : int
    order : ndarray (n_samples,) of intp or None
        Room for the shuffled order; None takes the samples as they come.
    rules : Rules or None
    dropout : float, Schedule, callable or None
        The rate of the hidden layers that have dropout; None: each its own.
    stopping : Stopping
    evaluate : callable or None
        Returns (loss, score) on the validation data.
    report : callable or None
        ``report(history, epochs)``, called after every ``report_every`` epochs.
    n_threads : int or None
    callbacks : Callbacks
    """

    def __init__(
        self,
        network,
        samples,
        targets,
        optimizer,
        batch_size,
        chunk,
        epochs,
        order,
        rules,
        dropout,
        stopping,
        evaluate,
        report,
        report_every,
        n_threads,
        callbacks,
    ) -> None:
        self.network = network
        self.samples = samples
        self.targets = targets
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.chunk = chunk
        self.epochs = epochs
        self.order = order
        self.rules = rules
        self.dropout = dropout
        self.stopping = stopping
        self.evaluate = evaluate
        self.report = report
        self.report_every = report_every if report else MOST_EPOCHS
        self.n_threads = n_threads
        self.callbacks = callbacks
        self.memory = network.memory_for(optimizer)
        # where a failed call goes back to: with the variables, the optimizer's memory and dtheta, all that a training allocates
        self.variables_before = np.empty_like(network.variables)
        self.state_before = np.empty_like(self.memory.state)
        self.mean = None if rules is None else rules.average
        self.mean_before = np.empty(0) if self.mean is None else np.empty_like(self.mean)
        self.best: list = []  # the variables and the running mean of the best epoch
        self.history = History()
        self.steps = 0  # made by this call of fit
        self.steps_per_epoch = -(-samples.n_samples // batch_size)
        self.table: Any = None  # the optimizer's hyper-parameters for the next steps; one row if they never change
        self.patience = Patience(stopping)
        self.plateau = Plateau(optimizer.learning_rate)
        self.start: Any = None  # the network of the training that this one goes on with
        self.seconds_before = 0.0  # that it took
        self._hyper(self._steps_at_once())  # a schedule that leaves its range is refused before anything changes
        self.watching = stopping.tol is not None or stopping.restore_best

    def run(self) -> History:
        """Train to the end; on an exception, the network holds the last whole step."""
        self.began = time.perf_counter() - self.seconds_before
        with self.network.engines.take(self.chunk, training=True, sparse=self.samples.sparse, with_loss=True) as engine:
            self.engine = engine
            self.n_threads = threads.resolve_for(engine, self.chunk, self.n_threads)
            self.engine.prepare(self.n_threads)
            log_begin(self.network, self.samples.n_samples, self.optimizer, self.n_threads)
            split = self.batch_size > engine.capacity or (self.rules is not None and self.rules.clip_norm < np.inf)
            self.dtheta = np.empty_like(self.network.theta) if split else None
            # there is memory for everything: only now does the network change
            if self.start is None:
                self.memory.cursor.new_epoch()
            else:
                self.network.variables, self.network.shuffle_seed = self.start.variables, self.start.shuffle_seed
                self.network.mean = self.start.mean
            self.network.memory, self.network.targets, self.network.history = self.memory, self.targets, self.history
            self.profile = profile.Profile(self.n_threads) if profile.wanted() else None
            self.network.mean = self.mean if self.mean is not None else self.network.mean
            self.pace = Pace(self.n_threads, fixed=self.profile is not None)
            engine.clocks = self.profile.clocks if self.profile else None
            try:
                self.callbacks.call("on_fit_begin", self)
                while not self.history.stopped:
                    self._call()
                for kept, best in zip((self.network.variables, self.mean), self.best):
                    kept[:] = best
            except KeyboardInterrupt:
                self.history.stopped = "interrupted"
                raise
            finally:
                self.callbacks.call("on_fit_end", self)
                engine.clocks = None
                if self.profile:
                    self.profile.report()
        log_end(self.history)
        return self.history

    def stop(self, reason: str) -> None:
        """End the training; for callbacks."""
        self.history.stopped = str(reason)

    def _call(self) -> None:
        """One call of the core, and what follows it."""
        done, patience = len(self.history), self.patience
        until_report = self.report_every - done % self.report_every
        each = self.evaluate or self.plateau.watches or self.stopping.restore_best or self.callbacks.by_epoch
        most = 1 if each else min(self.epochs - done, until_report, patience.left(), MOST_EPOCHS)
        if self.memory.cursor.batch == 0:
            self.callbacks.call("on_epoch_begin", self)
        losses, changes = self._advance(most)
        self._note(losses, changes)
        watched = losses
        if len(losses) and self.evaluate:
            loss, score = self.evaluate()
            self.history.val_loss.append(loss)
            self.history.val_score.append(score)
            watched = [-score if self.stopping.monitor == "score" else loss]
        for value in watched if self.watching else ():
            if patience.see(value) and self.stopping.restore_best:
                self.history.best_epoch = self.history.epoch[-1]
                self.best = [kept.copy() for kept in (self.network.variables, self.mean) if kept is not None]
        if self.callbacks.by_step:
            self.callbacks.call("on_step_end", self)
        if len(losses) and self.callbacks.by_epoch:
            self.callbacks.call("on_epoch_end", self)
        for value in watched if self.plateau.watches else ():
            self.plateau.see(value)
        done = len(self.history)
        if not self.history.stopped:
            self.history.stopped = "epochs" if done == self.epochs else self.ended() if len(losses) else ""
        if self.report and len(losses) and (done % self.report_every == 0 or self.history.stopped):
            self.report(self.history, self.epochs)
        self.callbacks.call("on_pause", self)

    def ended(self) -> str:
        """Why it ends after this epoch, though there could be more; empty if it does not."""
        threshold, changes = self.stopping.threshold, self.history.largest_change
        if self.patience.left() <= 0:
            return "tol"
        return "threshold" if threshold is not None and changes and changes[-1] <= threshold else ""

    def elapsed(self) -> float:
        """Seconds of training."""
        return time.perf_counter() - self.began

    def _advance(self, most_epochs: int):
        """Run the core for one call; losses and changes of the epochs that ended. Go back if it met what is not finite."""
        variables, state, cursor = self.network.variables, self.memory.state, self.memory.cursor
        began = time.perf_counter()
        np.copyto(self.variables_before, variables)
        np.copyto(self.state_before, state)
        if self.mean is not None:
            np.copyto(self.mean_before, self.mean)
        copying = time.perf_counter() - began
        before = cursor.copy()
        threshold = -1.0 if self.stopping.threshold is None else self.stopping.threshold
        n_threads, seconds = self.pace.next(copying)
        hyper = self._hyper(self._steps_at_once())
        most_steps = np.iinfo(np.intp).max if len(hyper) == 1 else len(hyper)
        most_steps = 1 if self.callbacks.by_step else most_steps
        began = time.perf_counter()
        ending, steps, losses, changes, exception = self._train(
            cursor, hyper, most_steps, most_epochs, seconds, threshold, n_threads
        )
        self.steps += steps
        self.pace.note(n_threads, steps, time.perf_counter() - began)
        if ending == "complete":
            return losses, changes
        if ending == "interrupted":
            self._note(losses, changes)
            raise exception
        epoch_was_noted = ending == "change not finite" and cursor.batch == 0
        failed_epoch = int(cursor.epoch) + (0 if epoch_was_noted else 1)
        if ending == "change not finite":  # the same steps again, less the last: the same bits
            np.copyto(variables, self.variables_before)
            np.copyto(state, self.state_before)
            if self.mean is not None:
                np.copyto(self.mean, self.mean_before)
            steps -= 1
            self.memory.cursor = before
            if steps:
                losses, changes = self._train(before, hyper, steps, most_epochs, np.inf, -1.0, n_threads)[2:4]
            else:
                losses, changes = [], []
        self._note(losses, changes)
        raise DivergenceError(self._explain(ending, failed_epoch))

    def _steps_at_once(self) -> int:
        return min(TABLE_STEPS, self.epochs * self.steps_per_epoch - self.steps)

    def _hyper(self, most_steps: int):
        """For the next steps, one row for each, or one row if nothing changes: the optimizer's hyper-parameters, the rate of
        dropout or -1, the decay that follows a schedule."""
        if self.table is None or len(self.table) > 1:
            when = (self.steps, most_steps, self.steps_per_epoch, self.epochs)
            table = self.optimizer.table(*when)
            dropout = schedules.table("dropout", -1.0 if self.dropout is None else self.dropout, *when, validation.check_share)
            decay = schedules.table("weight_decay", 0.0 if self.rules is None else self.rules.decay, *when, _check_decay)
            n = max(len(table), len(dropout), len(decay))
            self.table = np.hstack([np.broadcast_to(part, (n, part.shape[1])) for part in (table, dropout, decay)])
        values = self.table.copy()
        values[:, 0] *= self.plateau.factor
        return values

    def learning_rates(self, steps) -> list[float]:
        """In these steps of this call of fit, counted from 0."""
        rates = self.optimizer.learning_rates(steps, self.steps_per_epoch, self.epochs)
        return [self.plateau.factor * rate for rate in rates] if self.plateau.watches else rates

    def _train(self, cursor, hyper, max_steps, max_epochs, max_seconds, threshold, n_threads):
        result = self.engine.train(
            self.network.variables,
            self.dtheta,
            self.memory.state,
            self.samples,
            cursor,
            optimizer=self.optimizer.name,
            hyper=hyper,
            batch_size=self.batch_size,
            order=self.order,
            seed=self.network.shuffle_seed,
            rules=self.rules,
            max_steps=max_steps,
            max_epochs=max_epochs,
            max_seconds=max_seconds,
            threshold=threshold,
            n_threads=n_threads,
        )
        if self.profile:
            self.profile.n_steps += result[1]
        return result

    def _note(self, losses, changes) -> None:
        """Write the epochs of one call into the history."""
        began = self.history.time[-1] if self.history.time else 0.0
        now = time.perf_counter() - self.began
        last = int(self.memory.cursor.epoch)
        self.history.epoch += range(last - len(losses) + 1, last + 1)
        self.history.loss += map(float, losses)
        log_epochs(self.history, len(losses))
        self.history.largest_change += map(float, changes)
        every, ended = self.steps_per_epoch, len(self.history.epoch)
        last_steps = range((ended - len(losses) + 1) * every - 1, ended * every, every)
        self.history.learning_rate += self.learning_rates(last_steps)
        self.history.time += [began + (now - began) * (k + 1) / len(losses) for k in range(len(losses))]

    def _explain(self, ending: str, epoch: int) -> str:
        what = "the loss" if ending == "loss not finite" else "an update"
        return (
            f"{what} became nan or infinite in epoch {epoch}, step {self.memory.cursor.t + 1}, at learning rate "
            f"{self.learning_rates([self.steps])[0]:g} ({type(self.optimizer).__name__}); the network holds the last finite "
            "parameters. Use a smaller learning rate, scale the inputs and targets to about 1, or start from smaller weights"
        )
