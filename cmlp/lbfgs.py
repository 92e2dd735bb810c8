"""L-BFGS on the flat buffer of parameters: scipy's optimizer, cmlp's gradient, the same history as any other training."""

import time

import numpy as np

from cmlp import threads
from cmlp.optimizers import LBFGS
from cmlp.pace import Pace
from cmlp.rules import Rules
from cmlp.stopping import Patience, Stopping
from cmlp.training import DivergenceError, History, log_begin, log_end, log_epochs


class _Ended(Exception):
    """Thrown through scipy when a training is to stop."""


class LBFGSTraining:
    """One call of fit with `cmlp.LBFGS`; an epoch is an iteration. Parameters as those of `cmlp.training.Training`."""

    def __init__(self, network, samples, targets, optimizer: LBFGS, epochs, rules: Rules | None, stopping: Stopping,
                 evaluate, report, report_every, n_threads, callbacks) -> None:  # fmt: skip
        self.network, self.samples, self.targets, self.optimizer = network, samples, targets, optimizer
        self.epochs, self.rules, self.stopping, self.evaluate = epochs, rules, stopping, evaluate
        self.report, self.report_every, self.n_threads = report, report_every if report else epochs, n_threads
        self.callbacks, self.steps_per_epoch = callbacks, 1
        self.dtheta = np.empty_like(network.theta)
        self.history = History()
        self.patience = Patience(stopping)

    def run(self) -> History:
        """Train to the end; on an exception, the network holds the last iterate."""
        from scipy.optimize import minimize

        network, self.began = self.network, time.perf_counter()
        self.last, self.best, self.evaluated = network.theta.astype(np.float64), None, False
        taken = network.engines.take(self.samples.n_samples, sparse=self.samples.sparse, with_loss=True)
        # one BLAS thread: scipy's small products would wake OpenBLAS's, which wait for ours, and ours for them
        with taken as engine, threads.one_blas_thread:
            self.engine, self.team = engine, threads.resolve_for(engine, self.samples.n_samples, self.n_threads)
            self.pace = Pace(self.team)
            self._begin_turn()
            network.memory, network.targets, network.history = None, self.targets, self.history
            log_begin(network, self.samples.n_samples, self.optimizer, self.team)
            options = {
                "maxiter": self.epochs,
                "maxcor": self.optimizer.memory,
                "gtol": self.optimizer.gradient_tol,
                "ftol": 0.0,
                "maxfun": self.optimizer.max_evaluations or 20 * self.epochs,
            }
            try:
                self.callbacks.call("on_fit_begin", self)
                self.callbacks.call("on_epoch_begin", self)
                result = minimize(self._cost, self.last, jac=True, method="L-BFGS-B", callback=self._note, options=options)
                self.history.stopped = self.history.stopped or ("epochs" if result.status == 1 else "converged")
            except _Ended:
                pass
            except KeyboardInterrupt:
                self.history.stopped = "interrupted"
                raise
            finally:
                network.theta[:] = self.last
                self.callbacks.call("on_fit_end", self)
        if self.best is not None:
            network.theta[:] = self.best
        log_end(self.history)
        return self.history

    @property
    def steps(self) -> int:
        """Iterations made."""
        return len(self.history)

    def learning_rates(self, steps) -> list[float]:
        """There are none."""
        return [np.nan] * len(steps)

    def stop(self, reason: str) -> None:
        """End the training; for callbacks."""
        self.history.stopped = str(reason)

    def _begin_turn(self) -> None:
        """A turn is as many evaluations as fill what `Pace` calls one call: alone they are too short to be timed."""
        (self.n_now, self.turn), self.spent, self.made = self.pace.next(), 0.0, 0

    def _gradient(self) -> tuple[float, bool]:
        """(total loss, whether it is finite); dtheta becomes the gradient."""
        began = time.perf_counter()
        found = self.engine.gradient(self.network.variables, self.dtheta, self.samples, self.n_now)
        self.spent, self.made = self.spent + time.perf_counter() - began, self.made + 1
        if self.spent >= self.turn:
            self.pace.note(self.n_now, self.made, self.spent)
            self._begin_turn()
        return found

    def _cost(self, theta):
        """(cost, gradient) at theta, penalties included."""
        self.network.theta[:] = theta
        total, finite = self._gradient()
        cost, gradient = total / self.samples.n_samples, self.dtheta.astype(np.float64)
        finite = finite and bool(np.isfinite(gradient).all())
        if not finite and not self.evaluated:
            raise DivergenceError("the loss is not finite at the first parameters: look at the scale of X and of the weights")
        self.evaluated = True
        if not finite:
            return np.inf, np.zeros_like(gradient)  # the line search takes a shorter step
        if self.rules is not None:
            for block, row in zip(self.network.tables[1], self.rules.blocks):
                piece = slice(block["offset"], block["offset"] + block["rows"] * block["cols"])
                cost += row[2] / 2 * float(theta[piece] @ theta[piece])
                gradient[piece] += row[2] * theta[piece]
        return cost, gradient

    def _note(self, intermediate_result) -> None:
        """What follows an iteration."""
        theta, history = intermediate_result.x, self.history
        history.epoch.append(len(history) + 1)
        history.loss.append(float(intermediate_result.fun))
        log_epochs(history, 1)
        history.largest_change.append(float(np.abs(theta - self.last).max()))
        history.learning_rate.append(np.nan)
        history.time.append(time.perf_counter() - self.began)
        self.last = theta.copy()
        watched = history.loss[-1]
        if self.evaluate:
            self.network.theta[:] = theta
            loss, score = self.evaluate()
            history.val_loss.append(loss)
            history.val_score.append(score)
            watched = -score if self.stopping.monitor == "score" else loss
        if self.patience.see(watched) and self.stopping.restore_best:
            history.best_epoch, self.best = history.epoch[-1], self.last
        self.network.theta[:] = theta
        self.callbacks.call("on_step_end", self)
        self.callbacks.call("on_epoch_end", self)
        threshold = self.stopping.threshold
        if history.stopped:
            pass
        elif self.patience.left() <= 0:
            history.stopped = "tol"
        elif threshold is not None and history.largest_change[-1] <= threshold:
            history.stopped = "threshold"
        if self.report and (len(history) % self.report_every == 0 or history.stopped or len(history) == self.epochs):
            self.report(history, self.epochs)
        if history.stopped:
            raise _Ended
        if len(history) < self.epochs:
            self.callbacks.call("on_epoch_begin", self)
