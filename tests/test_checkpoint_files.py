"""Checkpoints that are damaged, or made to do harm: refused, or the same training."""

import json

import numpy as np
import pytest
from hostile import changed, damaged, parts, refused, signed
from numpy.testing import assert_array_equal

import cmlp
from cmlp.callbacks import Checkpoint, EarlyStopping


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.safetensors"


def small(path):
    X, y = np.arange(6.0)[:, None], np.arange(6.0)
    settings = {
        "batch_size": 4,
        "epochs": 2,
        "ema_decay": 0.9,
        "validation_data": (X, y),
        "stopping": cmlp.Stopping(patience=None),
    }
    net = cmlp.Network([1, 1], loss="squared_error")
    net.fit(X, y, **settings, callbacks=[EarlyStopping(), Checkpoint(path)])

    def go_on():
        other = cmlp.Network([1, 1], loss="squared_error", seed=3)
        other.fit(X, y, **settings | {"epochs": 3}, callbacks=[EarlyStopping(), Checkpoint(path, resume=True)])
        return other

    return net, go_on


@pytest.mark.slow
def test_flips_and_truncations(path):
    _, go_on = small(path)
    content, expected = path.read_bytes(), go_on().variables
    same = 0
    for given in damaged(content, np.random.default_rng(0), every=11):
        path.write_bytes(given)
        try:
            variables = go_on().variables
        except ValueError:
            continue
        same += 1
        assert_array_equal(variables, expected)
    assert same < 40


def state(**changes):
    def edit(saved):
        saved["state"]["dict"] = [[key, value] for key, value in (dict(saved["state"]["dict"]) | changes).items()]

    return changed("training", edit)


def cursor(**changes):
    whole = {"t": 4, "epoch": 2, "batch": 0, "epoch_loss": 0.0, "epoch_change": 0.0} | changes
    return state(cursor={"dict": [[key, value] for key, value in whole.items()]})


def with_tensor(name, array):
    def change(header, data):
        entry = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        return signed(header | {name: entry}, data + array.tobytes())

    return change


def without(name):
    def change(header, data):
        return signed({{name: name + "x"}.get(key, key): value for key, value in header.items()}, data)

    return change


def callback_state(**changes):
    """Of the first callback; 0 takes an entry away."""

    def edit(saved):
        callbacks = dict(saved["state"]["dict"])["callbacks"]["list"]
        items = dict(callbacks[0]["list"][1]["dict"]) | changes
        callbacks[0]["list"][1] = {"dict": [[key, value] for key, value in items.items() if value != 0 or key not in changes]}

    return changed("training", edit)


def in_double(name):
    """The tensor with numbers of twice the size."""

    def change(header, data):
        entries = {key: value for key, value in header.items() if key != "__metadata__"}
        made, content = {"__metadata__": header["__metadata__"]}, b""
        for key, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"][0]):
            start, stop = entry["data_offsets"]
            part, dtype = data[start:stop], entry["dtype"]
            if key == name:
                part, dtype = np.frombuffer(part, "<f4").astype("<f8").tobytes(), "F64"
            made[key] = entry | {"dtype": dtype, "data_offsets": [len(content), len(content) + len(part)]}
            content += part
        return signed(made, content)

    return change


MALICIOUS = {
    "more steps than epochs": (state(steps=99), "99 steps.*2 epochs.*0 batches"),
    "steps below 0": (state(steps=-1), "steps.*-1"),
    "text for steps": (state(steps="__import__('os')"), "steps.*__import__"),
    "a batch beyond the epoch": (cursor(batch=7), "4 steps.*2 epochs.*7 batches"),
    "a huge t": (cursor(t=2**80), f"cursor.*t.*{2**80}"),
    "t missing": (state(cursor={"dict": []}), "cursor.*t, epoch, batch"),
    "early stopping of text": (
        state(watch={"dict": [["best", "x"], ["without", 1], ["best_epoch", 1], ["values", {"list": []}]]}),
        "best.*early stopping.*'x'",
    ),
    "another optimizer": (state(optimizer="sgd"), "optimizer.*'sgd'"),
    "callbacks.*LearningRateMonitor": (state(callbacks={"list": []}), r"callbacks.*\[\]"),
    "an unknown kind": (state(callbacks={"kind": "Popen", "fields": {}}), "'Popen'"),
    "no optimizer state": (without("training.slots"), "slots.*4.*float32"),
    "no moving average": (without("training.ema"), "ema.*2.*float32"),
    "optimizer state of another dtype": (in_double("training.slots"), "slots.*4.*float32"),
    "kept of another length": (in_double("training.callback0.kept0"), "best weights.*early stopping"),
    "a best of text": (callback_state(best="x"), "best.*'x'"),
    "no best": (callback_state(best=0), "'best'"),
    "a factor of 7": (state(plateau={"dict": [["factor", 7.0], ["best", None], ["without", 0]]}), "factor.*plateau.*7"),
    "no best weights": (without("training.watch.kept0"), "moving average|best weights"),
    "a column of the history": (with_tensor("history.x", np.ones(2, "f")), r"history.*\bx\b"),
    "deep nesting": (state(plateau=json.loads("[" * 900 + "]" * 900)), "list"),
}


@pytest.mark.parametrize("name", MALICIOUS)
def test_malicious_files(name, path):
    make, message = MALICIOUS[name]
    _, go_on = small(path)
    path.write_bytes(make(*parts(path.read_bytes())))
    with refused(path, message):
        go_on()


def test_a_checkpoint_without_its_training(path):
    _, go_on = small(path)
    header, data = parts(path.read_bytes())
    del header["__metadata__"]["training"]
    path.write_bytes(signed(header, data))
    with refused(path, "'training'"):
        go_on()
