"""How a network learns: whole trainings, single steps, the running mean of the parameters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cmlp import fitting, registry, validation
from cmlp.callbacks import Callback
from cmlp.layers import Array
from cmlp.memory import Memory
from cmlp.optimizers import LBFGS, Optimizer
from cmlp.rules import Clip, Penalty
from cmlp.schedules import Schedule
from cmlp.training import History


class Learner:
    """The part of `cmlp.Network` that changes its parameters."""

    memory: Memory | None
    mean: Array | None
    n_params: Any
    dtype: np.dtype
    objective: Any
    activations: Any
    copy: Callable[[], Any]
    _alone: Callable[[], Any]

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        optimizer: str | Optimizer | LBFGS = "adam",
        batch_size: int | None = 128,
        epochs: int = 10,
        shuffle: bool = True,
        sample_weight: Any = None,
        class_weight: str | Mapping[Any, float] | None = None,
        penalty: Penalty | None = None,
        clip: Clip | None = None,
        rates: Mapping[str, float] | None = None,
        average: float | None = None,
        accumulate: int = 1,
        dropout: float | Schedule | Callable[[int], float] | None = None,
        validation_data: tuple[Any, Any] | None = None,
        threshold: float | None = None,
        tol: float | None = None,
        n_iter_no_change: int = 10,
        monitor: str = "loss",
        restore_best: bool = False,
        n_threads: int | None = None,
        verbose: int | Callable[[History, int], None] = 0,
        callbacks: Callback | Sequence[Callback] | None = None,
    ) -> History:
        """Train, from where the network is.

        Parameters
        ----------
        X : array_like or scipy.sparse matrix (n_samples, n_features)
            Of any real dtype, order and strides; batches of it are gathered and converted, it is never copied whole. Of a
            sparse matrix only what is stored is multiplied; CSR with the network's dtype is used as it is.
        y : array_like (n_samples,) or (n_samples, n_outputs)
            A vector means classes if the network has several outputs, or if its loss is log_loss, cross_entropy or perceptron:
            whole numbers or text. A matrix holds values, one-hot rows, or several labels at once.
        optimizer : str or Optimizer, default "adam"
            Its memory is kept for the next call, until a call with another kind.
        batch_size : int or None, default 128
            Samples in a step; None and anything above n_samples mean all of them.
        epochs : int, default 10
            Times that all samples are seen, at most.
        shuffle : bool, default True
            A new order for every epoch, from the seed and the epoch's number; a batch of all samples is not shuffled.
        sample_weight : array_like (n_samples,), optional
            Divided by its mean over the training set; the losses of a batch are divided by its rows.
        class_weight : "balanced" or dict of label to float, optional
            Multiplies sample_weight; "balanced" makes all classes weigh the same together. Labels that are not named: 1.
        penalty : Penalty, optional
            L1, L2, decoupled weight decay, greatest length of a unit's weights. `History.loss` has the first two in it, as
            they are at the end of the epoch.
        clip : Clip, optional
            Cuts long gradients off.
        rates : dict of str to float, optional
            Factors of the learning rate, by the names of blocks: ``{"b*": 2, "W0": 0.1}``; 0 leaves a block as it is.
        average : float in (0, 1), optional
            Keep a running mean of the parameters, ``mean = average mean + (1 - average) theta`` after each update (Polyak and
            Juditsky 1992): `averaged` returns it as a network, and the validation data are evaluated with it.
        accumulate : int, default 1
            Batches whose gradients are added up for one update: as a batch that many times as large, in the room of one.
        dropout : float, Schedule or callable, optional
            The rate of the hidden layers that have dropout, in this call, instead of their own.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Its mean loss and score are taken after every epoch.
        threshold : float, optional
            Stop after an epoch in which no W or b was moved by more than this in any update.
        tol : float, optional
            Stop when what is monitored has not become better by more than this for n_iter_no_change epochs in a row.
        n_iter_no_change : int, default 10
        monitor : {"loss", "score"}, default "loss"
            Of the validation data, if given; else the loss of training.
        restore_best : bool, default False
            End with the parameters of the best epoch by what is monitored.
        n_threads : int, optional
            At most this many; without it, as many as OMP_NUM_THREADS, the affinity and the control group allow. The result is
            bitwise the same for every number.
        verbose : int or callable, default 0
            k prints a line every k epochs; a callable is called after every epoch with the history and `epochs`.
        callbacks : Callback or sequence of Callback, optional
            See `cmlp.callbacks`.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            For arguments and data that do not fit, before anything changes.
        DivergenceError
            If the loss or an update becomes nan or infinite; the network holds the last finite parameters.
        MemoryError
            If there is no room for the work space, before anything changes.
        KeyboardInterrupt
            On Ctrl-C; the network holds the last whole step, and ``net.history`` what came before.
        """
        with self._alone():
            return fitting.prepare(
                self,
                X,
                y,
                optimizer=optimizer,
                batch_size=batch_size,
                epochs=epochs,
                shuffle=shuffle,
                sample_weight=sample_weight,
                class_weight=class_weight,
                penalty=penalty,
                clip=clip,
                rates=rates,
                average=average,
                accumulate=accumulate,
                dropout=dropout,
                validation_data=validation_data,
                threshold=threshold,
                tol=tol,
                n_iter_no_change=n_iter_no_change,
                monitor=monitor,
                restore_best=restore_best,
                n_threads=n_threads,
                verbose=verbose,
                callbacks=callbacks,
            ).run()

    def averaged(self) -> Any:
        """A copy whose parameters are the running mean that `fit(average=...)` has kept.

        Raises
        ------
        ValueError
            If none has been kept.
        """
        if self.mean is None:
            raise ValueError("no running mean of the parameters has been kept: fit with average=0.999 or the like")
        twin = self.copy()
        twin.variables = self.mean
        return twin

    def step(
        self,
        X: Any,
        y: Any,
        optimizer: str | Optimizer = "adam",
        sample_weight: Any = None,
        *,
        n_threads: int | None = None,
    ) -> float:
        """One forward pass, backward pass and update, with all of X as one batch.

        Returns
        -------
        cost : float
            The mean loss before the update.
        """
        history = self.fit(
            X, y, optimizer=optimizer, batch_size=None, epochs=1, sample_weight=sample_weight, n_threads=n_threads
        )
        return history.loss[0]

    def memory_for(self, optimizer: Optimizer) -> Memory:
        """The memory that an optimizer goes on with: its own, or a fresh one if another kind came before."""
        if self.memory is not None and self.memory.name == optimizer.name:
            return self.memory
        n_slots = registry.optimizers[optimizer.name].n_slots
        epoch = 0 if self.memory is None else self.memory.cursor.epoch
        return Memory.of(optimizer.name, np.zeros(n_slots * self.n_params, self.dtype), 0, epoch)

    def check_learns(self) -> None:
        """Raise if every gradient would be 0."""
        if not self.objective.takes_scores:
            validation.check_learns(self.activations[-1])
