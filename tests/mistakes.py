"""A small problem, networks for it, and that a refused call leaves them as they were."""

from contextlib import contextmanager

import numpy as np
import pytest

import cmlp

NAN, INF = float("nan"), float("inf")

X = np.linspace(-1, 1, 36).reshape(12, 3)
Y = np.arange(12) % 3
X.flags.writeable = Y.flags.writeable = False
ONE_HOT = np.eye(3)[Y]

TAKE_Y = ["fit", "step", "gradient", "cost", "score", "trace"]
TAKE_X = [*TAKE_Y, "forward", "predict"]


def classifier(**settings):
    return cmlp.Network([3, 4, 3], "tanh", **settings)


def regressor(**settings):
    return cmlp.Network([3, 4, 1], "tanh", "squared_error", **settings)


def trained(net=None, X=X, y=Y):
    net = net or classifier()
    net.fit(X, y, epochs=1)
    return net


def state(net):
    """Everything of a network that a refused call must leave alone."""
    memory = net._optimizer_state and (
        net._optimizer_state.name,
        net._optimizer_state.slots.tobytes(),
        net._optimizer_state.cursor.t,
        net._optimizer_state.cursor.epoch,
    )
    return net.theta.tobytes(), memory, net._targets and net._targets.task, str(net.classes), repr(net.history)


@contextmanager
def refused(net, exception, message):
    """An exception of this kind with this message, after which the network is as it was, and trains."""
    before = state(net)
    with pytest.raises(exception, match=message):
        yield
    assert state(net) == before


def at(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


def first_key(value):
    """How pytest shows a case of settings."""
    return next(iter(value)) if isinstance(value, dict) else None
