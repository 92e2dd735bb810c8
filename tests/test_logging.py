"""What a training says to logging."""

import logging

import numpy as np
import pytest

import cmlp


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_what_is_logged(optimizer, caplog):
    X, y = np.random.default_rng(0).normal(size=(20, 3)), [0, 1] * 10
    net = cmlp.Network([3, 2])
    with caplog.at_level(logging.INFO, "cmlp"):
        net.fit(X, y, optimizer=optimizer, batch_size=None, epochs=3)
    begin, end = (record.getMessage() for record in caplog.records)
    assert begin.startswith("training <Network 3-2, softmax, cross_entropy, float32> on 20 samples with ")
    assert end == f"ended by epochs after 3 epochs, loss {net.history.loss[-1]:.6g}"
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "cmlp"):
        net.fit(X, y, optimizer=optimizer, batch_size=None, epochs=2)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert said == [f"epoch {epoch}: loss {loss:.6g}" for epoch, loss in zip(net.history.epoch, net.history.loss)]


def test_nothing_is_printed(capsys):
    cmlp.Network([2, 2]).fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    assert capsys.readouterr() == ("", "")
