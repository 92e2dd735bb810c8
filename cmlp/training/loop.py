"""The loop over calls of the core: how far each may go, and what becomes of what it returns.

It receives the network and imports nothing of it.
"""

import time
from typing import Any

import numpy as np

from cmlp import schedules, validation
from cmlp.layers import Array
from cmlp.runtime import neighbours, threads
from cmlp.training import profile
from cmlp.training.epochs import BaseTraining
from cmlp.training.history import CallEnding, DivergenceError, Ending, History, log_begin, log_end, log_epochs
from cmlp.training.optimizer_state import OptimizerState
from cmlp.training.pace import Pace
from cmlp.training.settings import Settings

TABLE_STEPS = 16_384  # in one call where a hyperparameter has a schedule: so many rows are computed for it
MOST_EPOCHS = 100_000  # in one call: it returns an array that long


class Training(BaseTraining):
    """One call of fit with the core's own optimizers; the optimizer state and its cursor move.

    Attributes
    ----------
    state : OptimizerState
    start : Network or None
        The network of the training that this one resumes.
    """

    def __init__(self, network: Any, samples: Any, settings: Settings) -> None:
        super().__init__(network, samples, settings)
        self.optimizer, rules = settings.optimizer, settings.rules
        self.rules = rules
        self.order = np.empty(samples.n_samples, dtype=np.intp) if settings.shuffle else None
        self.state: OptimizerState = network._state_for(self.optimizer)
        # where a failed call goes back to: with the variables, the optimizer state and dtheta, all that a training allocates
        self.variables_before = np.empty_like(network.variables)
        self.slots_before = np.empty_like(self.state.slots)
        self.ema = None if rules is None else rules.ema
        self.ema_before = np.empty(0) if self.ema is None else np.empty_like(self.ema)
        self.steps = 0
        self.steps_per_epoch = -(-samples.n_samples // settings.update_size)
        self.schedules_at, self.schedule_length = (
            0,
            self.epochs,
        )  # the step where schedules begin, and how many epochs they last
        self.table: Any = None  # the optimizer's hyperparameters for the next steps; one row if they never change
        self.start: Any = None
        self.seconds_before = 0.0  # that it took
        self._hyper(self._steps_at_once())  # a schedule that leaves its range is refused before anything changes

    def run(self) -> History:
        """Train to the end; on an exception, the network holds the best epoch, where that is kept, or the last whole step."""
        settings, batch_size = self.settings, self.settings.batch_size
        self.began = time.perf_counter() - self.seconds_before
        taken = self.network._engines.take(batch_size, training=True, sparse=self.samples.sparse, with_loss=True)
        with taken as engine:
            self.engine = engine
            self.n_threads = threads.for_training(engine, self.samples, batch_size, settings.n_threads)
            engine.prepare(self.n_threads)
            log_begin(self.network, self.samples.n_samples, self.optimizer, self.n_threads)
            split = settings.update_size > engine.capacity or (self.rules is not None and self.rules.clip_norm < np.inf)
            self.dtheta = np.empty_like(self.network.theta) if split else None
            self._begin()
            engine.clocks = self.profile.clocks if self.profile else None
            try:
                self.callbacks.call("on_fit_begin", self)
                while not self.history.stopped:
                    self._call()
            except KeyboardInterrupt:
                self.history.stopped = Ending.INTERRUPTED
                raise
            finally:
                self.watch.restore(self)
                self.close()
                engine.clocks = None
                if self.profile:
                    self.profile.report()
        log_end(self.history)
        return self.history

    def _begin(self) -> None:
        """There is memory for everything: only now does the network change."""
        network = self.network
        if self.start is None:
            self.state.cursor.new_epoch()
        else:
            network.variables, network.shuffle_seed, network.ema = (
                self.start.variables,
                self.start.shuffle_seed,
                self.start.ema,
            )
        network._begin_training(self.settings, self.history, self.state)
        self.profile = profile.Profile(self.n_threads) if profile.wanted() else None
        network.ema = self.ema if self.ema is not None else network.ema
        fixed = self.profile is not None or threads.is_long(self.engine, self.samples, self.settings.batch_size)
        self.pace = Pace(self.n_threads, fixed, neighbours.idle_processors)

    def _call(self) -> None:
        """One call of the core, and what follows it."""
        done, every = len(self.history), self.settings.report_every if self.settings.report else MOST_EPOCHS
        until_report = every - done % every
        most = 1 if self.by_epoch else min(self.epochs - done, until_report, self.watch.patience.left(), MOST_EPOCHS)
        if self.state.cursor.batch == 0:
            self.callbacks.call("on_epoch_begin", self)
        losses, changes = self._advance(most)
        self._note(losses, changes)
        self.finish_epochs(len(losses))

    def _advance(self, most_epochs: int) -> tuple[Array, Array]:
        """Run the core for one call; losses and changes of the epochs that ended. Go back if it met what is not finite."""
        began = time.perf_counter()
        self._keep()
        copying = time.perf_counter() - began
        before = self.state.cursor.copy()
        n_threads, seconds = self.pace.next(copying)
        hyper = self._hyper(self._steps_at_once())
        most_steps = np.iinfo(np.intp).max if len(hyper) == 1 else len(hyper)
        most_steps = 1 if self.callbacks.by_step else most_steps
        threshold = self.settings.stopping.threshold
        began = time.perf_counter()
        ending, steps, losses, changes, exception = self._train(
            hyper, most_steps, most_epochs, seconds, -1.0 if threshold is None else threshold, n_threads
        )
        self.steps += steps
        self.pace.note(n_threads, steps, time.perf_counter() - began)
        neighbours.note_region(n_threads)
        if ending == CallEnding.COMPLETE:
            return losses, changes
        if ending == CallEnding.INTERRUPTED:
            self._note(losses, changes)
            raise exception
        cursor = self.state.cursor
        epoch_was_noted = ending == CallEnding.CHANGE_NOT_FINITE and cursor.batch == 0
        failed_epoch = int(cursor.epoch) + (0 if epoch_was_noted else 1)
        if ending == CallEnding.CHANGE_NOT_FINITE:  # the same steps again, less the last: the same bits
            self._go_back()
            self.state.cursor, steps = before, steps - 1
            losses, changes = np.empty(0), np.empty(0)
            if steps:
                losses, changes = self._train(hyper, steps, most_epochs, np.inf, -1.0, n_threads)[2:4]
        self._note(losses, changes)
        raise DivergenceError(self._explain(ending, failed_epoch))

    def _keep(self) -> None:
        """Copies of all that a call may change."""
        np.copyto(self.variables_before, self.network.variables)
        np.copyto(self.slots_before, self.state.slots)
        if self.ema is not None:
            np.copyto(self.ema_before, self.ema)

    def _go_back(self) -> None:
        np.copyto(self.network.variables, self.variables_before)
        np.copyto(self.state.slots, self.slots_before)
        if self.ema is not None:
            np.copyto(self.ema, self.ema_before)

    def _steps_at_once(self) -> int:
        return min(TABLE_STEPS, self.epochs * self.steps_per_epoch - self.steps)

    def _hyper(self, most_steps: int) -> Array:
        """For the next steps, one row for each, or one row if nothing changes: the optimizer's hyperparameters, the rate of
        dropout or -1, the decay that follows a schedule."""
        if self.table is None or len(self.table) > 1:
            when = (self.schedules_at + self.steps, most_steps, self.steps_per_epoch, self.schedule_length)
            table = self.optimizer.table(*when)
            rate = -1.0 if self.settings.dropout is None else self.settings.dropout
            dropout = schedules.table("dropout", rate, *when, validation.check_share)
            decay = 0.0 if self.rules is None else self.rules.decay
            decays = schedules.table("weight_decay", decay, *when, validation.check_non_negative)
            n = max(len(table), len(dropout), len(decays))
            self.table = np.hstack([np.broadcast_to(part, (n, part.shape[1])) for part in (table, dropout, decays)])
        values = self.table.copy()
        values[:, 0] *= self.plateau.factor
        return values

    def continue_schedules(self, epochs: int, length: int) -> None:
        self.schedules_at, self.schedule_length, self.table = epochs * self.steps_per_epoch, length, None
        self._hyper(self._steps_at_once())  # refused here, where they leave their range

    def learning_rates(self, steps: Any) -> list[float]:
        """In these steps of this call of fit, counted from 0."""
        steps = [self.schedules_at + step for step in steps]
        rates = self.optimizer.learning_rates(steps, self.steps_per_epoch, self.schedule_length)
        return [self.plateau.factor * rate for rate in rates] if self.plateau.active else rates

    def _train(self, hyper, max_steps, max_epochs, max_seconds, threshold, n_threads) -> Any:
        result = self.engine.train(
            self.network.variables,
            self.dtheta,
            self.state.slots,
            self.samples,
            self.state.cursor,
            optimizer=self.optimizer.name,
            hyper=hyper,
            batch_size=self.settings.update_size,
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

    def _note(self, losses: Array, changes: Array) -> None:
        """Write the epochs of one call into the history."""
        history, n = self.history, len(losses)
        began = history.time[-1] if history.time else 0.0
        now = time.perf_counter() - self.began
        last = int(self.state.cursor.epoch)
        history.epoch += range(last - n + 1, last + 1)
        history.loss += map(float, losses)
        log_epochs(history, n)
        history.largest_change += map(float, changes)
        every, ended = self.steps_per_epoch, len(history.epoch)
        last_steps = range((ended - n + 1) * every - 1, ended * every, every)
        history.learning_rate += self.learning_rates(last_steps)
        history.time += [began + (now - began) * (k + 1) / n for k in range(n)]

    def _explain(self, ending: str, epoch: int) -> str:
        what = "the loss" if ending == CallEnding.LOSS_NOT_FINITE else "an update"
        return (
            f"{what} became NaN or infinite in epoch {epoch}, step {self.state.cursor.t + 1}, at learning rate "
            f"{self.learning_rates([self.steps])[0]:g} ({type(self.optimizer).__name__}); the network holds the last finite "
            "parameters. Use a smaller learning rate, standardize the inputs and targets, or start from smaller weights"
        )
