"""How ``cmlp train`` trains: early stopping, penalties, schedules, logs, JSON, Ctrl-C, mistakes of its own."""

import csv
import json
import re

import numpy as np
import pytest
from cli_data import FEW, INPUTS, KINDS, LEARNS, VALUES, metric, split_of, write_csv
from numpy.testing import assert_array_equal

import cmlp
from cmlp.callbacks import Callback
from cmlp.cli import settings, training
from cmlp.data import Table


@pytest.fixture
def kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_csv("kinds.csv", KINDS)


TRAIN = ["train", "kinds.csv", "--target", "y"]


@pytest.fixture
def arguments(monkeypatch):
    """The arguments of the last call of Network.fit by the command line."""
    given = {}
    fit = cmlp.Network.fit

    def noting(self, X, y, **how):
        given.clear()
        given.update(how)
        return fit(self, X, y, **how)

    monkeypatch.setattr(cmlp.Network, "fit", noting)
    return given


# --- options --------------------------------------------------------------------------------------------------------------
def test_early_stopping(kinds, succeeds, arguments):
    out = succeeds(*TRAIN, "--hidden", 8, "--learning-rate", 0.1, "--patience", 3, "--save", "m.st")
    assert split_of(out) == [43, 5, 12]
    assert (arguments["epochs"], arguments["stopping"]) == (200, cmlp.Stopping("val_loss", 3))
    history = cmlp.load("m.st").network.history
    assert history.stopped == "patience"
    assert history.best_epoch == history.epoch[-1] - 3 == int(np.argmin(history.val_loss)) + 1
    assert f"stopped after epoch {history.epoch[-1]}; the weights are those of epoch {history.best_epoch}" in out


def test_validation_without_early_stopping(kinds, succeeds, arguments):
    out = succeeds(*TRAIN, *FEW, "--validation-fraction", 0.25)
    assert split_of(out) == [36, 12, 12]
    assert "val_loss" in out
    assert arguments["stopping"] is None


def test_penalties_clipping_and_class_weights(kinds, succeeds, arguments):
    succeeds(*TRAIN, *FEW, "--weight-decay", 0.25, "--l2", 0.5, "--clip-norm", 2, "--class-weight", "balanced")
    assert arguments["regularization"] == cmlp.Regularization(l2=0.5, weight_decay=0.25)
    assert (arguments["clip_norm"], arguments["class_weight"]) == (2.0, "balanced")
    succeeds(*TRAIN, *FEW)
    assert [arguments[name] for name in ("regularization", "clip_norm", "class_weight")] == [None] * 3


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("linear", cmlp.schedules.Linear(0.5, 0.0)),
        ("cosine", cmlp.schedules.Cosine(0.5)),
        ("one-cycle", cmlp.schedules.OneCycle(0.5)),
        ("warm-up", cmlp.schedules.WarmUp(cmlp.schedules.Cosine(0.5))),
        ("plateau", cmlp.schedules.ReduceOnPlateau(0.5, 0.3, 2)),
    ],
)
def test_schedules(name, schedule, kinds, succeeds, arguments):
    more = ["--patience", 4] if name == "plateau" else []
    succeeds(*TRAIN, *FEW, "--schedule", name, "--learning-rate", 0.5, *more)
    assert arguments["optimizer"] == cmlp.Adam(schedule)
    assert name in settings.SCHEDULES


def test_a_schedule_begins_at_the_rate_of_the_optimizer(kinds, succeeds, arguments):
    succeeds(*TRAIN, *FEW, "--schedule", "cosine", "--optimizer", "momentum")
    assert arguments["optimizer"] == cmlp.Momentum(cmlp.schedules.Cosine(cmlp.Momentum().learning_rate))


def test_options_that_do_not_fit(kinds, fails):
    write_csv("values.csv", VALUES)
    fails(2, "--class-weight.*classes", "train", "values.csv", "--class-weight", "balanced")
    fails(2, "--schedule plateau.*--patience", *TRAIN, "--schedule", "plateau")
    fails(2, "--schedule.*'never'", *TRAIN, "--schedule", "never")
    fails(2, "--patience.*'0'", *TRAIN, "--patience", 0)
    fails(2, "--clip-norm.*'0'", *TRAIN, "--clip-norm", 0)
    fails(1, "--validation-fraction 0.001", *TRAIN, "--validation-fraction", 0.001)
    fails(2, "different files", *TRAIN, "--save", "m.st", "--checkpoint", "m.st")
    fails(2, "kinds.csv", *TRAIN, "--log", "kinds.csv")


def test_a_log_of_the_epochs(kinds, succeeds):
    command = [*TRAIN, "--hidden", 4, "--log", "log.csv", "--resume", "run.st", "--validation-fraction", 0.2]
    succeeds(*command, "--epochs", 3)
    succeeds(*command, "--epochs", 5)
    with open("log.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5"]
    history = cmlp.load("run.st").network.history
    assert [float(row["val_loss"]) for row in rows] == history.val_loss


# --- for machines ---------------------------------------------------------------------------------------------------------
def test_json_of_classes(kinds, run):
    code, out, err = run(*TRAIN, *LEARNS, "--json", "--save", "m.st")
    assert code == 0
    found = json.loads(out)
    assert metric("test accuracy", err) == pytest.approx(found["metrics"]["accuracy"], abs=1e-4)
    assert (found["task"], found["classes"], found["target"]) == ("classification", ["high", "low"], "y")
    assert (found["n_train"], found["n_test"], found["n_inputs"], found["n_parameters"]) == (48, 12, 2, 3)
    assert (found["epochs"], found["stopped"], found["saved"]) == (60, "epochs", "m.st")
    assert found["settings"]["learning_rate"] == 0.1
    assert len(found["history"]["loss"]) == 60
    code, out, err = run("evaluate", "m.st", "kinds.csv", "--json")
    evaluated = json.loads(out)
    assert metric("test accuracy", err) == pytest.approx(evaluated["metrics"]["accuracy"], abs=1e-4)
    assert evaluated["n_samples"] == 60


def test_json_of_values(run, tmp_path):
    write_csv(tmp_path / "values.csv", VALUES)
    write_csv(tmp_path / "one.csv", VALUES[:1])
    code, out, _ = run("train", "values.csv", "--test", "one.csv", *LEARNS, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["metrics"]["r2"] is None
    assert found["metrics"]["mean_absolute_error"] == found["metrics"]["root_mean_squared_error"] > 0
    assert found["task"] == "regression"


def test_no_json_after_an_error(kinds, run):
    code, out, err = run(*TRAIN, "--json", "--drop", "z")
    assert (code, out) == (1, "")
    assert re.fullmatch("cmlp: [^\n]*'z'[^\n]*\n", err)


# --- Ctrl-C ---------------------------------------------------------------------------------------------------------------
class CtrlC(Callback):
    """As if Ctrl-C were pressed at the end of an epoch; holds the weights after each."""

    def __init__(self, epoch):
        self.epoch, self.weights = epoch, []

    def state(self):
        return {}

    def on_epoch_end(self, training):
        self.weights.append(training.network.variables.copy())
        if len(training.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def ctrl_c(monkeypatch):
    """ctrl_c(epoch) interrupts the next training; returns the callback that does."""
    callbacks_of = settings.callbacks_of

    def at(epoch):
        callback = CtrlC(epoch)
        monkeypatch.setattr(training, "callbacks_of", lambda *given: [callback, *callbacks_of(*given)])
        return callback

    yield at
    monkeypatch.setattr(training, "callbacks_of", callbacks_of)


def test_ctrl_c_saves_the_last_step(kinds, fails, succeeds, ctrl_c):
    callback = ctrl_c(3)
    command = [*TRAIN, "--hidden", 4, "--epochs", 50, "--save", "m.st"]
    fails(130, "interrupted after epoch 3; the weights of the last step are saved to m.st; with --checkpoint", *command)
    assert_array_equal(cmlp.load("m.st").network.variables, callback.weights[-1])
    assert "test accuracy" in succeeds("evaluate", "m.st", "kinds.csv")


def test_ctrl_c_saves_the_best_epoch_with_early_stopping(kinds, fails, ctrl_c):
    callback = ctrl_c(12)
    command = [*TRAIN, "--hidden", 8, "--learning-rate", 0.3, "--patience", 40, "--batch-size", 8]
    fails(130, r"interrupted after epoch 12; the weights of epoch \d+ are saved", *command, "--save", "m.st")
    model = cmlp.load("m.st")
    best = model.network.history.best_epoch
    assert best == int(np.argmin(model.network.history.val_loss)) + 1 < 12
    assert_array_equal(model.network.variables, callback.weights[best - 1])


def test_ctrl_c_says_how_to_resume(kinds, run, succeeds, monkeypatch):
    command = [*TRAIN, "--hidden", 4, "--epochs", 6]
    succeeds(*command, "--save", "whole.st")
    with monkeypatch.context() as patch:
        callback, callbacks_of = CtrlC(4), settings.callbacks_of
        patch.setattr(training, "callbacks_of", lambda *given: [*callbacks_of(*given), callback])
        patch.setattr(CtrlC, "settings", lambda self: {})
        code, _, err = run(*command, "--checkpoint", "run.st")
        assert (code, err) == (130, "cmlp: interrupted after epoch 4; to resume, give the same command with --resume run.st\n")
    monkeypatch.setattr(training, "callbacks_of", lambda *given: [*callbacks_of(*given), CtrlC(99)])
    out = succeeds(*command, "--resume", "run.st", "--save", "m.st")
    assert "epoch 6/6" in out
    assert "epoch 2/6" not in out
    assert_array_equal(cmlp.load("m.st").network.variables, cmlp.load("whole.st").network.variables)


def test_a_second_ctrl_c_ends_at_once(kinds, run, ctrl_c, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    ctrl_c(2)
    monkeypatch.setattr(training.persistence, "save", interrupted)
    code, _, err = run(*TRAIN, "--hidden", 4, "--save", "m.st")
    assert (code, err) == (130, "cmlp: interrupted\n")


def test_resuming_what_does_not_exist_says_so(kinds, succeeds):
    assert "run.st does not exist yet" in succeeds(*TRAIN, *FEW, "--resume", "run.st")
    assert "does not exist" not in succeeds(*TRAIN, *FEW, "--resume", "run.st")


# --- mistakes of the program ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "error",
    [TypeError("len"), IndexError("list index"), ZeroDivisionError("0"), AssertionError(), KeyError("x")],
    ids=repr,
)
def test_a_bug_is_one_sentence(kinds, fails, run, monkeypatch, error):
    def broken(*given):
        raise error

    monkeypatch.setattr(training, "read", broken)
    fails(1, f"internal error, {type(error).__name__}.*bug.*report.*--traceback", *TRAIN)
    code, _, err = run(*TRAIN, "--traceback")
    assert code == 1
    assert err.startswith("Traceback")
    assert err.splitlines()[-1].startswith("cmlp: internal error")


def test_memory_that_there_is_not(kinds, fails, monkeypatch):
    def broken(*given):
        raise MemoryError

    monkeypatch.setattr(training, "read", broken)
    fails(1, "not enough memory", *TRAIN)


def test_exit_codes_are_documented(succeeds):
    for arguments in (["--help"], ["train", "--help"]):
        text = " ".join(succeeds(*arguments).split())
        assert "exit codes: 0 if all went well, 1 after an error, 2 for invalid arguments, 130 after Ctrl-C" in text


def test_tables_of_the_library_and_of_the_command_line_agree(kinds, succeeds):
    succeeds(*TRAIN, *LEARNS, "--save", "m.st")
    model = cmlp.load("m.st")
    rows = succeeds("predict", "m.st", "kinds.csv").splitlines()[1:]
    assert model.predict(Table(list(np.array(INPUTS).T), ["a", "b"])).tolist() == rows
