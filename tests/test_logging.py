"""What a training says to logging."""

import logging
import re

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
    assert repr(net) in begin
    assert "20" in begin
    assert re.search(rf"epochs.*\b3\b.*{re.escape(f'{net.history.loss[-1]:.6g}')}", end)
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "cmlp"):
        net.fit(X, y, optimizer=optimizer, batch_size=None, epochs=2)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    for line, epoch, loss in zip(said, net.history.epoch, net.history.loss, strict=True):
        assert re.search(rf"{epoch}.*{re.escape(f'{loss:.6g}')}", line)


def test_nothing_is_printed(capsys):
    cmlp.Network([2, 2]).fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    assert capsys.readouterr() == ("", "")
