"""The command line: what it trains, what it prints, and its exit codes."""

import io
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from cli_data import FEW, INPUTS, KINDS, LEARNS, VALUES, metric, split_of, without_times, write_csv, write_images
from common import HIDDEN, environment, slow

import cmlp
from cmlp import optimizers
from cmlp.cli import main
from cmlp.runtime import registry
from cmlp.training import progress


# --- demo, info, help ---------------------------------------------------------------------------------------
def test_demo_shows_progress_accuracy_a_table_and_the_time(succeeds):
    out = succeeds("demo", "--epochs", 12)
    lines = out.splitlines()
    assert any(re.match(r"epoch +1/12 .*\bloss \d\.\d{6}\b", line) for line in lines)
    rows = [line.split() for line in lines if re.fullmatch(r" *\d( +(\d+|\.)){10}", line)]
    table = np.array([[int(n.replace(".", "0")) for n in row[1:]] for row in rows])
    assert [row[0] for row in rows] == list("0123456789")
    accuracy = metric("test accuracy", out)
    assert table.sum() == 359
    assert accuracy == pytest.approx(np.trace(table) / 359, abs=1e-4)
    assert accuracy > 0.9
    assert f"{359 - np.trace(table)} of 359" in out
    assert re.search(r"\d\.\d\d s$", lines[-1])


def test_a_seed_and_any_number_of_threads_give_the_same_demo(succeeds):
    one = succeeds("demo", "--epochs", 2, "--seed", 5, "--threads", 1)
    assert without_times(one) == without_times(succeeds("demo", "--epochs", 2, "--seed", 5, "--threads", 2))
    assert without_times(one) != without_times(succeeds("demo", "--epochs", 2, "--seed", 6, "--threads", 2))


def test_info_and_version(succeeds):
    assert cmlp.__version__ in succeeds("info")
    assert succeeds("--version") == f"cmlp {cmlp.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["train"], ["info"]])
def test_help(succeeds, command):
    assert succeeds(*command, "--help").startswith("usage: cmlp")


# --- training -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("activation", ["relu", *slow(*(name for name in HIDDEN if name != "relu"))])
def test_activations(succeeds, activation):
    write_csv("kinds.csv", KINDS)
    out = succeeds("train", "kinds.csv", "--target", "y", "--activation", activation, *FEW)
    assert re.search(rf"\b{activation}\b", out)
    assert 0 <= metric("test accuracy", out) <= 1


@pytest.mark.parametrize("optimizer", ["adam", *slow(*sorted(optimizers.BY_NAME.keys() - {"adam", "rprop", "lbfgs"}))])
def test_optimizers(succeeds, optimizer):
    write_csv("kinds.csv", KINDS)
    out = succeeds("train", "kinds.csv", "--target", "y", "--optimizer", optimizer, "--learning-rate", 0.125, *FEW)
    assert repr(optimizers.BY_NAME[optimizer](0.125)) in out


@pytest.mark.parametrize("loss", [loss for loss in registry.losses if "classification" in cmlp.losses.BY_NAME[loss].tasks])
@pytest.mark.parametrize("kinds", [KINDS, ["abc"[i % 3] for i in range(60)]], ids=["two", "three"])
def test_losses_on_classes(succeeds, loss, kinds):
    write_csv("kinds.csv", kinds)
    out = succeeds("train", "kinds.csv", "--target", "y", "--loss", loss, "--dtype", "float64", *FEW)
    assert re.search(rf"\b{loss}\b.*\bfloat64\b", out)
    assert 0 <= metric("test accuracy", out) <= 1


@pytest.mark.parametrize("loss", [loss for loss in registry.losses if cmlp.losses.BY_NAME[loss].tasks[0] == "regression"])
def test_losses_on_values(succeeds, loss):
    write_csv("values.csv", [value - min(VALUES) + 0.5 for value in VALUES])
    out = succeeds("train", "values.csv", "--target", "y", "--loss", loss, "--dtype", "float64", *FEW)
    assert re.search(rf"\b{loss}\b.*\bfloat64\b", out)
    assert metric("test R2", out) <= 1


def test_layers_with_more_than_an_activation(succeeds, fails):
    write_csv("values.csv", VALUES)
    settings = ("--hidden", "8,8,8", "--norm", "batch", "--dropout", 0.1, "--residual", 1)
    out = succeeds("train", "values.csv", "--target", "y", *FEW, *settings)
    assert re.search(r"batch.*relu.*dropout.*0\.1.*layer 1", out)
    fails(2, "--dropout.*'1.5'", "train", "values.csv", "--dropout", 1.5)


def test_a_loss_of_values_refuses_classes(fails):
    write_csv("kinds.csv", KINDS)
    fails(2, "--loss.*poisson", "train", "kinds.csv", "--target", "y", "--loss", "poisson")


def test_values(succeeds):
    """The errors are in the units of the file, and fit together."""
    write_csv("values.csv", VALUES)
    out = succeeds("train", "values.csv", "--target", "y", "--test", "values.csv", *LEARNS)
    assert re.search(rf"{min(VALUES):g}.*{max(VALUES):g}", out)
    r2, rms = metric("test R2", out), metric("root mean squared error", out)
    assert r2 > 0.99
    assert r2 == pytest.approx(1 - rms**2 / np.var(VALUES), abs=1e-4)
    assert metric("mean absolute error", out) <= rms < np.std(VALUES) / 10


def test_classes(succeeds):
    write_csv("kinds.csv", KINDS)
    out = succeeds("train", "kinds.csv", "--target", "y", "--test-fraction", 0.25, *LEARNS)
    assert re.search(r"kinds\.csv.*2 inputs.*\by\b.*2 classes", out)
    assert split_of(out) == [45, 15]
    assert metric("test accuracy", out) > 0.85
    assert out.count(" x ") == 1  # no hidden layer


def test_accuracy_stands_beside_that_of_the_most_frequent_class(succeeds):
    write_csv("train.csv", ["yes"] * 40 + ["no"] * 20)
    write_csv("test.csv", ["yes"] * 15 + ["no"] * 45)
    out = succeeds("train", "train.csv", "--test", "test.csv", "--target", "y", *FEW)
    assert re.search(r"test accuracy.*\byes\b.*0\.2500", out)


def test_the_target_by_name_by_number_and_by_default(succeeds):
    write_csv("kinds.csv", KINDS, header="a,b,label")
    named = without_times(succeeds("train", "kinds.csv", "--target", "label", *FEW)).splitlines()
    for target in (["--target", 2], ["--target", -1], ["--target=-1"], []):
        assert without_times(succeeds("train", "kinds.csv", *target, *FEW)).splitlines()[1:] == named[1:]


@pytest.mark.parametrize(
    ("target", "options", "meaning"),
    [
        ([i % 7 for i in range(60)], [], "7 classes"),
        ([i % 7 for i in range(60)], ["--loss", "squared_error"], r"\b0\b.*\b6"),
        ([1000 + 37 * i for i in range(60)], [], r"\b1000\b.*\b3183"),
        ([i // 2 * 5 for i in range(60)], [], "30 classes"),
        ([i // 2 * 5 for i in range(60)], ["--loss", "absolute_error"], r"\b0\b.*\b145"),
        ([i / 4 for i in range(60)], [], r"\b0\b.*\b14\.75"),
        ([float(i % 2) for i in range(60)], ["--loss", "cross_entropy"], "2 classes"),
        ([f"kind {i % 13}" for i in range(60)], [], "13 classes"),
    ],
)
def test_what_the_target_means(succeeds, target, options, meaning):
    write_csv("data.csv", target)
    out = succeeds("train", "data.csv", "--test", "data.csv", "--target", "y", *options, *FEW)
    assert re.search(rf"\by\b.*{meaning}$", out, re.MULTILINE)


def test_many_classes_get_a_list_in_place_of_a_table(succeeds):
    kinds = [f"kind {int(a > 0)}" for a, _ in INPUTS[13:]]
    write_csv("train.csv", [f"kind {i}" for i in range(13)] + kinds)
    write_csv("test.csv", ["kind 12"] * 60)
    out = succeeds("train", "train.csv", "--test", "test.csv", "--target", "y", *LEARNS)
    assert "kind 5" not in out
    assert re.search(r"kind 12.*kind [01].*\d", out)


def test_a_table_is_no_wider_for_long_names(succeeds):
    write_csv("kinds.csv", ["very " * 20 + kind for kind in KINDS])
    out = succeeds("train", "kinds.csv", "--target", "y", *FEW)
    table = out[out.index("true \\") - 10 : out.index("test accuracy")]
    assert max(map(len, table.splitlines())) < 80


def test_a_table_keeps_long_names_apart(succeeds):
    for common, heading in (("kind of: ", r"kind of: h +kind of: l"), ("another kind of: ", r"\(1\) +\(2\)")):
        write_csv("kinds.csv", [common + kind for kind in KINDS])
        out = succeeds("train", "kinds.csv", "--target", "y", *FEW)
        assert re.search(rf"true \\ predicted +{heading}\n", out)
    assert re.search(r"\n *\(1\) another kind of: high +[\d.]+ +[\d.]+\n *\(2\) another kind of: low ", out)


def test_labels_that_only_the_test_file_has(succeeds):
    write_csv("train.csv", [i % 2 for i in range(60)])
    write_csv("test.csv", ["no label" if i == 7 else i % 2 for i in range(60)])
    for train, test in (("train.csv", "test.csv"), ("test.csv", "train.csv")):
        out = succeeds("train", train, "--test", test, "--target", "y", *FEW)
        assert bool(re.search(r"3 classes.*\b1 ", out)) == (train == "train.csv")


def test_labels_are_text_if_one_file_needs_it(succeeds):
    write_csv("train.csv", [int(kind == "low") for kind in KINDS])
    write_csv("test.csv", [*(int(kind == "low") for kind in KINDS[:-1]), "x"])
    out = succeeds("train", "train.csv", "--test", "test.csv", "--target", "y", *LEARNS)
    assert metric("test accuracy", out) > 0.85


def test_constant_columns(succeeds):
    """0.1 has no exact mean in float64, which must not make a column of it that is not constant."""
    write_csv("train.csv", VALUES, [[0.1, a, b] for a, b in INPUTS], "c,a,b,y")
    write_csv("test.csv", VALUES, [[0.2, a, b] for a, b in INPUTS], "c,a,b,y")
    out = succeeds("train", "train.csv", "--test", "test.csv", "--target", "y", "--dtype", "float64", *LEARNS)
    assert metric("test R2", out) > 0.9


def test_one_sample_to_test_on_has_no_r2(succeeds):
    write_csv("train.csv", VALUES)
    write_csv("test.csv", VALUES[:1])
    out = succeeds("train", "train.csv", "--test", "test.csv", "--target", "y", *FEW)
    assert re.search(r"test R2 [^\d-]*root mean squared error \d", out)


def test_columns_are_scaled_before_they_are_rounded(succeeds):
    """What float32 could not hold, and what it could not tell apart."""
    write_csv("large.csv", KINDS, [[a * 1e60, 1.6e9 + b] for a, b in INPUTS])
    for dtype in ("float64", "float32"):
        out = succeeds("train", "large.csv", "--target", "y", "--dtype", dtype, "--save", "m.st", *LEARNS)
        assert dtype in out
        assert "test accuracy 0.9" in succeeds("evaluate", "m.st", "large.csv")


def test_names_that_the_terminal_cannot_show(run, monkeypatch):
    write_csv("späce ü.csv", [kind.replace("o", "ø") for kind in KINDS])
    assert "späce ü.csv: 2 inputs" in run("train", "späce ü.csv", "--target", "y", *FEW)[1]
    ascii_terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_terminal)
    assert main(["train", "späce ü.csv", "--target", "y", "--epochs", "1"]) == 0
    assert b"sp\\xe4ce" in ascii_terminal.buffer.getvalue()


def test_without_stdout_and_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["demo", "--epochs", "1"]) == 0
    assert main(["train", "nothing.csv"]) == 1


# --- IDX files ----------------------------------------------------------------------------------------------
def test_a_folder_of_idx_files(succeeds):
    write_images("train-images-idx3-ubyte.gz", 30)
    write_images("t10k-images-idx3-ubyte", 12)
    out = succeeds("train", ".", *LEARNS)
    assert re.search(r"train-images-idx3-ubyte\.gz.*9 inputs.*3 classes", out)
    assert split_of(out) == [30, 12]
    assert "0.00392157" in out
    assert "test accuracy 1.0000" in out


def test_idx_files_by_name(succeeds):
    write_images("some images-idx3", 30)
    write_images("more images-idx3", 12)
    out = succeeds("train", "some images-idx3", *FEW)
    assert split_of(out) == [24, 6]
    out = succeeds("train", "some images-idx3", "--test", "more images-idx3", *FEW)
    assert split_of(out) == [30, 12]
    os.rename("more images-idx3", "more.idx")
    out = succeeds("train", "more.idx", "--labels", "more labels-idx1", "--test", "some images-idx3", *FEW)
    assert split_of(out) == [12, 30]


def test_idx_labels_with_a_fraction_are_values(succeeds):
    write_images("images-idx3", 30, labels=np.linspace(0, 1, 30))
    assert "classes" not in succeeds("train", "images-idx3", "--test", "images-idx3", *FEW)


# --- progress -----------------------------------------------------------------------------------------------
def test_about_ten_lines_on_a_pipe(succeeds, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", float("inf"))
    write_csv("kinds.csv", KINDS)
    out = succeeds("train", "kinds.csv", "--target", "y", "--epochs", 57)
    assert [int(n) for n in re.findall(r"epoch +(\d+)/57", out)] == [*range(5, 57, 5), 57]


def test_a_line_after_a_long_silence(succeeds, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    assert len(re.findall(r"epoch +\d+/57", succeeds("demo", "--epochs", 57))) == 57


def test_a_bar_on_a_terminal(run, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    code, out, err = run("demo", "--epochs", 3)
    assert code == 0
    assert "3/3" in err
    assert "loss=" in err
    assert "epoch" not in out


def test_lines_on_a_terminal_without_tqdm(succeeds, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert "epoch 3/3" in succeeds("demo", "--epochs", 3)


# --- processes ----------------------------------------------------------------------------------------------
def start(folder, *arguments, **how):
    command = [sys.executable, "-P", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True, **how)


@pytest.mark.slow
def test_the_module_exits_with_the_code(tmp_path):
    process = start(tmp_path, "-m", "cmlp", "train", "nothing.csv")
    assert process.communicate()[1].startswith("cmlp: nothing.csv")
    assert process.returncode == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_with_one_line(tmp_path):
    # a shell that started the tests in the background may have had SIGINT ignored, here too
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); import cmlp.cli; "
        "sys.exit(cmlp.cli.main(['demo', '--epochs', '1000000000']))"
    )
    process = start(tmp_path, "-c", program, stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1] == "cmlp: interrupted\n"
    assert process.returncode == 130


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_that_nobody_reads_is_no_noise(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(tmp_path, "-m", "cmlp", "demo", stdout=writer)
    os.close(writer)
    assert process.communicate()[1] == ""
    assert process.returncode == 1


# --- real data ----------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_mnist(succeeds, data_folder):
    out = succeeds("train", data_folder / "mnist", "--epochs", 1, "--hidden", 32)
    assert split_of(out) == [60_000, 10_000]
    assert metric("test accuracy", out) > 0.88
    out = succeeds("train", data_folder / "mnist" / "t10k-images-idx3-ubyte.gz", "--epochs", 1)
    assert split_of(out) == [8_000, 2_000]
