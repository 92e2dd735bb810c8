"""L-BFGS on the flat buffer of parameters: scipy's optimizer, cmlp's gradient, the same history as any other training."""

import time
from typing import Any

import numpy as np

from cmlp.runtime import neighbours, threads
from cmlp.training.epochs import BaseTraining
from cmlp.training.history import DivergenceError, Ending, History, log_begin, log_end, log_epochs
from cmlp.training.pace import Pace
from cmlp.training.settings import Settings


class _Ended(Exception):
    """Thrown through scipy when a training is to stop."""


class LBFGSTraining(BaseTraining):
    """One call of fit with `cmlp.LBFGS`; an epoch is an iteration."""

    steps_per_epoch = 1

    def __init__(self, network: Any, samples: Any, settings: Settings) -> None:
        super().__init__(network, samples, settings)
        self.optimizer = settings.optimizer
        self.dtheta = np.empty_like(network.theta)

    def run(self) -> History:
        """Train to the end; on an exception, the network holds the best iterate, where that is kept, or the last."""
        network, self.began = self.network, time.perf_counter()
        self.last, self.evaluated = network.theta.astype(np.float64), False
        taken = network._engines.take(self.samples.n_samples, sparse=self.samples.sparse, with_loss=True)
        # one BLAS thread: scipy's small products would wake OpenBLAS's, which wait for ours, and ours for them
        with taken as engine, threads.one_blas_thread:
            self.engine = engine
            load = (engine, self.samples, self.samples.n_samples)
            self.team = threads.for_training(*load, self.settings.n_threads)
            self.pace = Pace(self.team, threads.is_long(*load), neighbours.idle_processors)
            self._begin_turn()
            network._begin_training(self.settings, self.history, None)
            log_begin(network, self.samples.n_samples, self.optimizer, self.team)
            try:
                self.callbacks.call("on_fit_begin", self)
                self.callbacks.call("on_epoch_begin", self)
                self._minimize()
            except _Ended:
                pass
            except KeyboardInterrupt:
                self.history.stopped = Ending.INTERRUPTED
                raise
            finally:
                network.theta[:] = self.last
                self.watch.restore(self)
                self.close()
        log_end(self.history)
        return self.history

    def _minimize(self) -> None:
        from scipy.optimize import minimize

        options = {
            "maxiter": self.epochs,
            "maxcor": self.optimizer.history_size,
            "gtol": self.optimizer.tolerance_grad,
            "ftol": 0.0,
            "maxfun": self.optimizer.max_eval or 20 * self.epochs,
        }
        result = minimize(self._cost, self.last, jac=True, method="L-BFGS-B", callback=self._note, options=options)
        self.history.stopped = self.history.stopped or (Ending.EPOCHS if result.status == 1 else Ending.CONVERGED)

    @property
    def steps(self) -> int:  # type: ignore[override]
        """Iterations made."""
        return len(self.history)

    def learning_rates(self, steps: Any) -> list[float]:
        """There are none."""
        return [np.nan] * len(steps)

    def ending(self) -> str:
        """That the last iteration is made is scipy's to say."""
        return self.watch.ending(self)

    def _begin_turn(self) -> None:
        """A turn is as many evaluations as fill what `Pace` calls one call: alone they are too short to be timed."""
        (self.n_now, self.turn), self.spent, self.made = self.pace.next(), 0.0, 0

    def _gradient(self) -> tuple[float, bool]:
        """(total loss, whether it is finite); dtheta becomes the gradient."""
        began = time.perf_counter()
        found = self.engine.gradient(self.network.variables, self.dtheta, self.samples, self.n_now)
        self.spent, self.made = self.spent + time.perf_counter() - began, self.made + 1
        neighbours.note_region(self.n_now)
        if self.spent >= self.turn:
            self.pace.note(self.n_now, self.made, self.spent)
            self._begin_turn()
        return found

    def _cost(self, theta):
        """(cost, gradient) at theta, L2 penalty included."""
        self.network.theta[:] = theta
        total, finite = self._gradient()
        cost, gradient = total / self.samples.n_samples, self.dtheta.astype(np.float64)
        finite = finite and bool(np.isfinite(gradient).all())
        if not finite and not self.evaluated:
            raise DivergenceError(
                "the loss is not finite at the initial parameters: standardize X, or use smaller initial weights"
            )
        self.evaluated = True
        if not finite:
            return np.inf, np.zeros_like(gradient)  # the line search takes a shorter step
        if self.settings.rules is not None:
            for block, row in zip(self.network.tables[1], self.settings.rules.blocks):
                piece = slice(block["offset"], block["offset"] + block["rows"] * block["cols"])
                cost += row[2] / 2 * float(theta[piece] @ theta[piece])
                gradient[piece] += row[2] * theta[piece]
        return cost, gradient

    def _note(self, intermediate_result: Any) -> None:
        """What follows an iteration."""
        theta, history = intermediate_result.x, self.history
        history.epoch.append(len(history) + 1)
        history.loss.append(float(intermediate_result.fun))
        log_epochs(history, 1)
        history.largest_change.append(float(np.abs(theta - self.last).max()))
        history.learning_rate.append(np.nan)
        history.time.append(self.elapsed())
        self.last = theta.copy()
        self.network.theta[:] = theta
        self.finish_epochs(1)
        if history.stopped:
            raise _Ended
        if len(history) < self.epochs:
            self.callbacks.call("on_epoch_begin", self)
