"""The protocol of callbacks: Python code that runs between the epochs of a training, or between its steps."""

from collections.abc import Callable, Sequence
from typing import Any

from cmlp import validation

HOOKS = ("on_prepare", "on_fit_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_pause", "on_fit_end")


class Callback:
    """Empty hooks; a subclass fills in those that it needs.

    Each gets the training, whose attributes are

    ``network``
        The one that is trained: look at it, predict with it; it cannot be trained from here.
    ``history``
        What happened so far; in `on_epoch_end` the last entries are this epoch's.
    ``epochs``, ``steps_per_epoch``, ``steps``
        Epochs asked for, updates in one, updates made by this call of fit.
    ``learning_rates(steps)``
        In any steps, counted from 0.
    ``has_validation_data``
        Whether the history has val_loss and val_score.
    ``stop(reason)``
        End after this epoch, or this step; the reason goes into ``history.stopped``.

    `on_prepare` comes when everything is checked and nothing has changed yet: an exception from it refuses the training.
    `on_pause` comes whenever the compiled core has returned, which is several times a second, after whole steps.
    An exception ends the training; the network holds the last whole step, or the best epoch where early stopping restores it.
    `on_fit_end` is called in any case. With a hook
    for epochs there is a call of the compiled core for each epoch; `on_step_end` needs one for each step, and a copy of all
    parameters before it, which is slow.

    Examples
    --------
    >>> import cmlp
    >>> class Watch(cmlp.callbacks.Callback):
    ...     def on_epoch_end(self, training):
    ...         if training.history.loss[-1] < 0.2:
    ...             training.stop("good enough")
    >>> X, y = cmlp.datasets.load_digits()
    >>> net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
    >>> net.fit(X, y, epochs=100, callbacks=[Watch()]).stopped
    'good enough'
    """

    needed_to_resume = True  # False: a training that is resumed may have it or not

    def on_prepare(self, training: Any) -> None: ...

    def on_fit_begin(self, training: Any) -> None: ...

    def on_epoch_begin(self, training: Any) -> None: ...

    def on_step_end(self, training: Any) -> None: ...

    def on_epoch_end(self, training: Any) -> None: ...

    def on_pause(self, training: Any) -> None: ...

    def on_fit_end(self, training: Any) -> None: ...

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold for a training that is to be resumed: numbers, strings, lists of these, arrays, by name.

        A subclass that defines `state` and `restore` can be used beside a `Checkpoint`.
        """
        raise ValueError(
            f"a checkpoint cannot hold the callback {type(self).__name__}: give it the methods state(), which returns "
            "what is to be kept by name, and restore(state)"
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; called after `on_fit_begin`."""

    def check(self, state: dict[str, Any], network: Any) -> None:
        """Raise, before anything changes, if a state that was read does not fit; network: as it was then."""

    def settings(self) -> dict[str, Any]:
        """What must be the same when a training is resumed: numbers and strings by name."""
        return {}


class Callbacks:
    """All callbacks of a training, as one."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.each = callbacks
        self.begun: list[Callback] = []
        self.states: list[dict[str, Any]] | None = None  # of each in the training that this one resumes
        used = {
            hook for callback in callbacks for hook in HOOKS if getattr(type(callback), hook) is not getattr(Callback, hook)
        }
        self.by_step = "on_step_end" in used
        self.by_epoch = self.by_step or bool(used & {"on_epoch_begin", "on_epoch_end"})

    def call(self, hook: str, training: Any) -> None:
        """Call a hook of each; `on_fit_end` of those that have begun."""
        for callback in list(self.begun if hook == "on_fit_end" else self.each):
            if hook == "on_fit_begin":
                self.begun.append(callback)
            getattr(callback, hook)(training)
            if hook == "on_fit_begin" and self.states is not None:
                callback.restore(self.states[len(self.begun) - 1])


def check(callbacks: Any) -> list[Callback]:
    """A list of callbacks, from one, several or None.

    Raises
    ------
    TypeError
    """
    given = [callbacks] if isinstance(callbacks, Callback) else callbacks or []
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"callbacks must be a cmlp.callbacks.Callback or a list of these, got {callbacks!r}")
    for callback in given:
        if not isinstance(callback, Callback):
            validation.check_instance("callbacks", callback)
            raise TypeError(f"callbacks must be instances of cmlp.callbacks.Callback or of its subclasses, got {callback!r}")
    return list(given)


class Monitor:
    """A number that is watched from epoch to epoch, and whether it is to fall or to rise.

    By name: loss, val_loss (lower is better), val_score (higher); or a function of the network (higher is better).
    """

    def __init__(self, monitor: str | Callable[[Any], float]) -> None:
        self.monitor = validation.check_monitor("monitor", monitor)
        self.name = "a function" if callable(monitor) else monitor
        self.sign = 1 if monitor in ("loss", "val_loss") else -1  # times the value: lower is better

    @property
    def by_epoch(self) -> bool:
        """Whether it needs a call of the core for each epoch; the training loss does not."""
        return self.monitor != "loss"

    def check(self, training: Any) -> None:
        """Raise if the training has nothing to be monitored by.

        Raises
        ------
        ValueError
        """
        if self.name in ("val_loss", "val_score") and not training.has_validation_data:
            raise ValueError(
                f"monitor={self.name!r} needs validation_data, which fit was not given: give it, or monitor='loss'"
            )

    def value(self, training: Any) -> float:
        """After the last epoch."""
        if callable(self.monitor):
            return float(self.monitor(training.network))
        return getattr(training.history, self.monitor)[-1]

    def costs(self, training: Any, n: int) -> list[float]:
        """Of the last n epochs, signed so that lower is better."""
        if n == 0:
            return []
        values = training.history.loss[-n:] if self.monitor == "loss" else [self.value(training)]
        return [self.sign * value for value in values]
