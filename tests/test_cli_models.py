"""The command line with models that were saved: from training to a program in C that predicts."""

import csv
import gzip
import io
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from cli_data import FEW, INPUTS, KINDS, LEARNS, VALUES, write_csv, write_images
from common import environment
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp.datasets import read_csv, read_idx

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")


@pytest.fixture
def kinds(succeeds):
    """A model of two classes in kinds.st, and its file."""
    write_csv("kinds.csv", KINDS)
    return succeeds("train", "kinds.csv", "--target", "y", "--save", "kinds.st", *LEARNS)


@pytest.fixture
def values(succeeds):
    write_csv("values.csv", VALUES)
    return succeeds("train", "values.csv", "--target", "y", "--save", "values.st", *LEARNS)


def rows_of(out):
    return [line.split(",") for line in out.splitlines()]


# --- saving -----------------------------------------------------------------------------------------------------------
def test_a_saved_model_predicts_what_was_trained(kinds, succeeds):
    assert "kinds.st" in kinds
    model = cmlp.load("kinds.st")
    assert isinstance(model, cmlp.Model)
    assert (model.columns.names, model.target) == (["a", "b"], "y")
    X, y, _ = read_csv("kinds.csv", "y", dtype="float64")
    rows = rows_of(succeeds("predict", "kinds.st", "kinds.csv"))
    assert rows[0] == ["y"]
    assert [row[0] for row in rows[1:]] == model.predict(X).tolist()
    assert np.mean(model.predict(X) == y) > 0.95
    proba = rows_of(succeeds("predict", "kinds.st", "kinds.csv", "--proba"))
    assert proba[0] == ["high", "low"]
    assert_allclose(np.array(proba[1:], float), model.predict_proba(X), rtol=1e-6)


def test_values_come_in_the_units_of_the_file(values, succeeds):
    _, y, _ = read_csv("values.csv", "y")
    found = np.array(rows_of(succeeds("predict", "values.st", "values.csv"))[1:], float)[:, 0]
    assert_array_equal(found, cmlp.load("values.st").predict(np.array(INPUTS)))
    assert np.abs(found - y).max() < 10
    out = succeeds("evaluate", "values.st", "values.csv")
    assert re.match(r"60 samples\s+test R2 1\.0000", out)


def test_evaluating_the_test_file_repeats_what_training_said(succeeds):
    write_csv("a.csv", KINDS)
    write_csv("b.csv", KINDS[::-1], INPUTS[::-1])
    trained = succeeds("train", "a.csv", "--target", "y", "--test", "b.csv", "--save", "m.st", *LEARNS)
    evaluated = succeeds("evaluate", "m.st", "b.csv")
    line = next(line for line in trained.splitlines() if line.startswith("test accuracy"))
    assert line in evaluated


def test_images(succeeds):
    write_images("train-images-idx3-ubyte", 60)
    succeeds("train", "train-images-idx3-ubyte", "--save", "net.st", *LEARNS)
    net = cmlp.load("net.st")
    assert isinstance(net, cmlp.Network)
    X = read_idx("train-images-idx3-ubyte").reshape(60, -1)
    rows = rows_of(succeeds("predict", "net.st", "train-images-idx3-ubyte"))
    assert [int(row[0]) for row in rows[1:]] == net.predict(X).tolist()
    assert "test accuracy 1.0000" in succeeds("evaluate", "net.st", "train-images-idx3-ubyte")
    np.save("X.npy", X)
    assert rows_of(succeeds("predict", "net.st", "X.npy")) == rows


def test_arrays(succeeds, fails):
    np.save("X.npy", np.array(INPUTS))
    np.save("y.npy", np.array(KINDS))
    succeeds("train", "X.npy", "--labels", "y.npy", "--save", "m.st", *LEARNS)
    assert "test accuracy 0.9" in succeeds("evaluate", "m.st", "X.npy", "--labels", "y.npy")
    rows = rows_of(succeeds("predict", "m.st", "X.npy"))
    assert [row[0] for row in rows[1:]] == cmlp.load("m.st").predict(np.array(INPUTS)).tolist()
    fails(2, "--labels FILE", "train", "X.npy")
    fails(2, "--labels", "evaluate", "m.st", "X.npy")
    np.save("o.npy", np.array([{}], dtype=object))
    fails(1, "o.npy", "predict", "m.st", "o.npy")
    np.save("v.npy", np.arange(3.0))
    fails(1, r"v\.npy.*\(3,\)", "predict", "m.st", "v.npy")
    np.save("w.npy", np.zeros((3, 5)))
    fails(1, "w.npy.*5.*2", "predict", "m.st", "w.npy")
    np.save("few.npy", np.arange(3))
    fails(1, "60.*3", "train", "X.npy", "--labels", "few.npy")


# --- reading for a model ----------------------------------------------------------------------------------------------
def test_columns_are_matched_by_name(kinds, succeeds, fails):
    with_target = succeeds("predict", "kinds.st", "kinds.csv")
    rows = [",".join(map(str, row)) for row in INPUTS]
    texts = {
        "no_target.csv": ["a,b", *rows],
        "no_header.csv": rows,
        "first.csv": ["y,a,b", *(f"{kind},{row}" for kind, row in zip(KINDS, rows))],
        "other_name.csv": ["a,kind,b", *(f"{row[0]},{kind},{row[1]}" for kind, row in zip(KINDS, INPUTS))],
        "reordered.csv": ["b,a", *(f"{row[1]},{row[0]}" for row in INPUTS)],
        "missing.csv": ["a", *(row.split(",")[0] for row in rows)],
        "extra.csv": ["a,b,c", *(f"{row},1" for row in rows)],
        "wide.csv": [f"{row},1" for row in rows],
        "empty.csv": ["a,b", "1,"],
        "text.csv": ["a,b", "1,2", "3,x"],
        "infinite.csv": ["a,b", "1,inf"],
        "ragged.csv": ["a,b", "1,2", "3"],
        "heading.csv": ["a,b"],
    }
    for name, lines in texts.items():
        with open(name, "w") as file:
            file.write("\n".join(lines) + "\n")
    for name in ("no_target.csv", "no_header.csv", "first.csv", "reordered.csv"):
        assert succeeds("predict", "kinds.st", name) == with_target
    assert succeeds("predict", "kinds.st", "other_name.csv", "--target", "kind") == with_target
    assert succeeds("evaluate", "kinds.st", "other_name.csv", "--target", "kind") == succeeds(
        "evaluate", "kinds.st", "kinds.csv"
    )
    for name, message in [
        ("missing.csv", "missing.*'b'"),
        ("extra.csv", ": 'c'"),
        ("other_name.csv", ": 'kind'"),
        ("wide.csv", "3 columns.*2"),
        ("text.csv", r"line 3, column 2.*'b'.*'x'"),
        ("infinite.csv", r"line 2, column 2.*'b'.*inf"),
        ("ragged.csv", "line 3.*1.*2"),
        ("nothing.csv", "nothing.csv"),
    ]:
        fails(1, message, "predict", "kinds.st", name)
    fails(1, "'y'.*--target", "evaluate", "kinds.st", "no_target.csv")
    fails(1, "missing: 'b'\n$", "predict", "kinds.st", "missing.csv")
    fails(1, "missing: 'b'\n$", "predict", "kinds.st", "missing.csv", "--ignore-extra-columns")
    assert succeeds("predict", "kinds.st", "heading.csv") == "y\n"
    assert succeeds("predict", "kinds.st", "heading.csv", "--proba") == "high,low\n"
    with open("heading.csv", "w") as file:
        file.write("a,b,y\n")
    fails(1, "heading.csv: the table has no rows", "evaluate", "kinds.st", "heading.csv")
    fails(1, "'z'.*'a', 'b'", "predict", "kinds.st", "no_target.csv", "--target", "z")
    fails(1, "7.*0.*1", "predict", "kinds.st", "no_target.csv", "--target", "7")


def test_labels_that_the_model_has_not_seen(kinds, succeeds, fails):
    write_csv("kinds.csv", ["violet", *KINDS[1:]])
    out = succeeds("evaluate", "kinds.st", "kinds.csv")
    assert re.search("violet.*(high|low)", out)
    assert "note: 1 of 60 labels are none of the model's classes: 'violet'; the model knows 'high', 'low'; they count" in out
    write_csv("kinds.csv", [f"{kind}." for kind in KINDS])
    fails(
        1,
        r"60 of 60 labels are none.*'high\.', 'low\.'; the model knows 'high', 'low': is --target",
        "evaluate",
        "kinds.st",
        "kinds.csv",
    )
    write_csv("many.csv", [*(f"kind {i:02}" for i in range(59)), "low"])
    assert "'kind 00', 'kind 01'" in (out := succeeds("evaluate", "kinds.st", "many.csv"))
    assert "'kind 09' and 49 more; the model" in out


def test_a_checkpoint_is_a_model_too(succeeds):
    write_csv("values.csv", VALUES)
    succeeds("train", "values.csv", "--target", "y", "--checkpoint", "run.st", "--save", "m.st", *LEARNS)
    assert succeeds("predict", "run.st", "values.csv") == succeeds("predict", "m.st", "values.csv")
    assert re.search("column +kind.*\na +numeric.*\nb +numeric", succeeds("info", "run.st"))


def test_every_output(succeeds, rng):
    net = cmlp.Network([2, 2], loss="gaussian")
    cmlp.save(cmlp.Model(net, target="y"), "m.st")
    write_csv("x.csv", VALUES)
    rows = rows_of(succeeds("predict", "m.st", "x.csv", "--outputs", "--target", "y"))
    assert rows[0] == ["y", "y_variance"]
    assert_allclose(np.array(rows[1:], float), net.forward(np.array(INPUTS)), rtol=1e-6)


def test_headers_that_are_told(succeeds):
    write_csv("k.csv", KINDS, header=None)
    assert "48 samples" in succeeds("train", "k.csv", "--target", "-1", *FEW)
    assert "48 samples" in succeeds("train", "k.csv", "--target", "-1", "--no-header", *FEW)
    assert "47 samples" in succeeds("train", "k.csv", "--target", "-1", "--header", *FEW)


@pytest.mark.parametrize("labels", [["001", "1"], ["True", "False"], [-1, 1], ["a\r", 'b"']], ids=str)
def test_odd_labels(labels, succeeds):
    """They stay what they are on the way through files."""
    net = cmlp.Network([2, 1], loss="log_loss", classes=labels)
    cmlp.save(net, "m.st")
    np.save("X.npy", np.array(INPUTS))
    rows = list(csv.reader(io.StringIO(succeeds("predict", "m.st", "X.npy"), newline="")))
    assert [row[0] for row in rows[1:]] == [str(label) for label in net.predict(np.array(INPUTS))]
    with open("t.csv", "w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            [["a", "b", "y"], *([*x, label[0]] for x, label in zip(INPUTS, rows[1:]))]
        )
    if "a\r" not in labels:
        assert "test accuracy 1.0000" in succeeds("evaluate", "m.st", "t.csv", "--target", "y")


def test_targets_that_are_none(kinds, values, fails):
    write_csv("empty.csv", ["", *KINDS[1:]])
    fails(1, "target.*missing in 1 of 60", "evaluate", "kinds.st", "empty.csv")
    write_csv("nan.csv", ["nan", *VALUES[1:]])
    fails(1, "target.*finite", "evaluate", "values.st", "nan.csv")


def test_files_that_would_be_overwritten(kinds, fails):
    fails(2, "kinds.csv", "train", "kinds.csv", "--target", "y", "--save", "kinds.csv")
    fails(2, "kinds.st", "export", "kinds.st", "--c", "kinds.st")


@pytest.mark.slow
def test_a_pipe(kinds, succeeds, monkeypatch):
    expected = succeeds("predict", "kinds.st", "kinds.csv")
    with open("kinds.csv", "rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read())))
    assert succeeds("predict", "kinds.st", "-") == expected
    with open("kinds.csv", "rb") as file:
        packed = io.BufferedReader(io.BytesIO(gzip.compress(file.read())))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(packed))
    assert succeeds("predict", "kinds.st", "-") == expected
    code = 'cat kinds.csv | "{0}" -P -m cmlp predict kinds.st - | head -2'
    command = code.format(sys.executable)
    done = subprocess.run(command, shell=True, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected.splitlines()[:2]
    assert done.stderr == ""


def test_an_output_file_is_written_whole_or_not(kinds, succeeds, fails):
    out = succeeds("predict", "kinds.st", "kinds.csv")
    assert succeeds("predict", "kinds.st", "kinds.csv", "--output", "out.csv") == ""
    with open("out.csv") as file:
        assert file.read() == out
    with open("text.csv", "w") as file:
        file.write("a,b\n1,2\n3,x\n")
    fails(1, "line 3, column 2.*'x'", "predict", "kinds.st", "text.csv", "--output", "out.csv")
    with open("out.csv") as file:
        assert file.read() == out


def test_blocks(kinds, succeeds, monkeypatch):
    expected = succeeds("predict", "kinds.st", "kinds.csv"), succeeds("evaluate", "kinds.st", "kinds.csv")
    monkeypatch.setattr("cmlp.datasets.csv_files.BLOCK", 21)
    assert (succeeds("predict", "kinds.st", "kinds.csv"), succeeds("evaluate", "kinds.st", "kinds.csv")) == expected


@pytest.mark.parametrize("labels", [[3, 5], [0.0, 1.0], ["no", "yes"]])
def test_labels_of_any_kind(labels, succeeds):
    write_csv("k.csv", [labels[kind == "low"] for kind in KINDS])
    succeeds("train", "k.csv", "--target", "y", "--loss", "log_loss", "--save", "k.st", *LEARNS)
    assert "test accuracy 0.9" in succeeds("evaluate", "k.st", "k.csv")


def test_what_cannot_be_asked_for(values, kinds, fails):
    fails(2, "--proba.*squared_error", "predict", "values.st", "values.csv", "--proba")
    fails(2, "--labels.*IDX", "evaluate", "kinds.st", "kinds.csv", "--labels", "x")
    fails(1, "target.*numbers", "evaluate", "values.st", "kinds.csv")
    write_csv("kinds.txt", KINDS)
    fails(1, "kinds.txt.*cmlp", "predict", "kinds.txt", "kinds.csv")
    fails(2, "--onnx", "export", "kinds.st")
    fails(1, "nowhere/m.st", "train", "kinds.csv", "--target", "y", "--save", "nowhere/m.st")
    fails(2, "--checkpoint-every", "train", "kinds.csv", "--target", "y", "--checkpoint-every", 2)


def test_several_outputs(succeeds, fails, tmp_path):
    cmlp.save(cmlp.Network([2, 3], loss="squared_error"), "three.st")
    with open("x.csv", "w") as file:
        file.write("1,2\n3,4\n")
    rows = rows_of(succeeds("predict", "three.st", "x.csv"))
    assert rows[0] == ["prediction_0", "prediction_1", "prediction_2"]
    fails(2, "targets", "evaluate", "three.st", "x.csv")


# --- checkpoints ------------------------------------------------------------------------------------------------------
def test_resuming(succeeds, fails):
    write_csv("kinds.csv", KINDS)
    settings = ["train", "kinds.csv", "--target", "y", "--hidden", 4, "--dropout", 0.1]
    succeeds(*settings, "--epochs", 9, "--save", "whole.st")
    succeeds(*settings, "--epochs", 5, "--checkpoint", "run.st", "--checkpoint-every", 2)
    out = succeeds(*settings, "--epochs", 9, "--resume", "run.st", "--save", "again.st")
    assert_array_equal(cmlp.load("whole.st").network.variables, cmlp.load("again.st").network.variables)
    assert "epoch 9/9" in out
    assert "epoch 5/9" not in out
    assert "checkpoint" in succeeds("info", "run.st")
    for options, message in (
        (["--hidden", 5], r"sizes is \[2, 4, 1\], got \[2, 5, 1\]: give the same --hidden"),
        (["--learning-rate", 0.5], "optimizer.*0.5.*: give the same --optimizer, --learning-rate and --schedule as before"),
        (["--batch-size", 5], "batch_size.*: give the same --batch-size"),
        (["--l2", 0.5], "regularization.*: give the same --weight-decay, --l2 and --clip-norm"),
        (["--patience", 5, "--validation-fraction", 0.5], ": give the same --batch-size.*--validation-fraction and --patience"),
        (["--seed", 5], "X, y and weights: give the same DATA, .*--scale, .*--seed as before"),
        (["--scale", "none"], "X, y and weights: give the same DATA, .*--scale"),
        (["--activation", "tanh"], "activation.*: give the same --activation"),
        (["--dtype", "float64"], "dtype.*: give the same --dtype"),
    ):
        fails(1, message, *settings, *options, "--resume", "run.st")
    out = succeeds(*settings, "--epochs", 7, "--resume", "run.st", "--log", "log.csv")
    assert "run.st holds 9 epochs, more than --epochs 7: nothing was trained; give 10 or more" in out
    succeeds(*settings, "--epochs", 11, "--resume", "run.st", "--log", "log.csv")
    with open("log.csv") as file:
        assert [line.split(",")[0] for line in file] == ["epoch", "10", "11"]
    assert "epoch 12/12" in succeeds(*settings, "--epochs", 12, "--resume", "run.st")
    for _ in range(2):  # the same command from the beginning, and after it is done
        out = succeeds(*settings, "--epochs", 9, "--resume", "new.st", "--save", "once_more.st")
        assert_array_equal(cmlp.load("whole.st").network.variables, cmlp.load("once_more.st").network.variables)
        assert "epoch 9/9" in out or "epoch" not in out


# --- export and info --------------------------------------------------------------------------------------------------
@needs_gcc
def test_from_a_table_to_a_program_in_c(values, succeeds):
    succeeds("export", "values.st", "--c", "values.c", "--numpy", "values.npz")
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-DCMLP_MAIN", "values.c", "-lm", "-o", "values"]
    subprocess.run(command, check=True)
    with open("x.csv", "w") as file:
        file.write("a,b\n" + "".join(f"{a},{b}\n" for a, b in INPUTS))
    with open("x.csv") as file:
        out = subprocess.run(["./values"], stdin=file, capture_output=True, text=True, check=True).stdout
    expected = rows_of(succeeds("predict", "values.st", "x.csv"))
    assert rows_of(out)[0] == expected[0]
    assert_allclose(np.array(rows_of(out)[1:], float), np.array(expected[1:], float), rtol=1e-5)
    with np.load("values.npz", allow_pickle=False) as arrays:
        assert_array_equal(arrays["W0"], cmlp.load("values.st").network.layers[0].W)


def test_export_to_onnx(kinds, succeeds):
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    runtime = pytest.importorskip("onnxruntime")
    assert "bytes" in succeeds("export", "kinds.st", "--onnx", "kinds.onnx")
    session = runtime.InferenceSession("kinds.onnx", providers=["CPUExecutionProvider"])
    prediction, _ = session.run(None, {"X": np.array(INPUTS)})
    assert [row[0] for row in rows_of(succeeds("predict", "kinds.st", "kinds.csv"))[1:]] == prediction.tolist()


@pytest.mark.slow
def test_export_to_torch(kinds, succeeds):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert "to_torch(cmlp.load_model('kinds.st'))" in succeeds("export", "kinds.st", "--torch", "kinds.pt")
    module = cmlp.convert.to_torch(cmlp.load_model("kinds.st"))
    module.load_state_dict(torch.load("kinds.pt", weights_only=True))


def test_what_a_model_is(kinds, values, succeeds, fails):
    out = succeeds("info", "kinds.st")
    assert re.search("column +kind.*\na +numeric.*\nb +numeric", out)
    assert re.search(r"\by\b.*2 classes.*high, low", out)
    assert "60 epochs" in out
    assert re.search(r"\by\b", succeeds("info", "values.st"))
    fails(1, "nothing.st", "info", "nothing.st")


@pytest.mark.parametrize("command", ["predict", "evaluate", "export", "info"])
def test_help(succeeds, command):
    assert succeeds(command, "--help").startswith("usage: cmlp")


def test_extras_are_named(kinds, fails, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    fails(1, r"cmlp\[export\]", "export", "kinds.st", "--onnx", "x.onnx")


@pytest.mark.filterwarnings("ignore:.*[Ii]terations:UserWarning")
def test_an_estimator_with_text_and_missing_numbers(succeeds, rng, mixed_frame):
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X = mixed_frame
    settings = {"scale": "standard", "impute": True, "categorical_features": ["colour", "code"]}
    model = cmlp.MLPRegressor((5,), max_iter=3, random_state=0, **settings).fit(X, rng.normal(size=60))
    cmlp.save(model, "m.st")
    X.to_csv("x.csv", index=False)
    found = np.array(rows_of(succeeds("predict", "m.st", "x.csv"))[1:], float)[:, 0]
    assert_allclose(found, model.predict(X), rtol=1e-6)
    X = X.astype({"code": object})
    X["colour"] = " " + X["colour"].astype(object)
    odd = cmlp.MLPRegressor((5,), max_iter=3, random_state=0, **settings).fit(X, rng.normal(size=60))
    cmlp.save(odd, "odd.st")
    X.to_csv("odd.csv", index=False)
    found = np.array(rows_of(succeeds("predict", "odd.st", "odd.csv"))[1:], float)[:, 0]
    assert_allclose(found, odd.predict(X), rtol=1e-6)
    out = succeeds("info", "m.st")
    assert re.search("size +numeric.*\ncolour +categorical.*\ncode +categorical", out)


# --- real data --------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize(
    ("name", "target", "options"), [("penbased", "digit", []), ("protein", "y", ["--loss", "squared_error"])]
)
def test_tables(succeeds, data_folder, name, target, options):
    table = data_folder / "open" / f"{name}.csv.gz"
    trained = succeeds("train", table, "--target", target, "--epochs", 3, "--hidden", 32, "--save", "m.st", *options)
    assert "saved to m.st" in trained
    predicted = rows_of(succeeds("predict", "m.st", table))
    succeeds("export", "m.st", "--c", "m.c")
    subprocess.run(
        ["gcc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-DCMLP_MAIN", "m.c", "-lm", "-o", "m"], check=True
    )
    X, _, names = read_csv(table, target, dtype="float64")
    text = ",".join(names) + "\n" + "".join(",".join(map(repr, row)) + "\n" for row in X[:500].tolist())
    out = rows_of(subprocess.run(["./m"], input=text, capture_output=True, text=True, check=True).stdout)
    if options:
        assert_allclose(np.array(out[1:], float), np.array(predicted[1:501], float), rtol=1e-4, atol=1e-5)
    else:
        assert [row[0] for row in out[1:]] == [row[0] for row in predicted[1:501]]


@pytest.mark.slow
@needs_gcc
def test_mnist(succeeds, data_folder):
    """As a newcomer would: train, look, test, predict, export, compile, predict in C."""
    mnist = data_folder / "mnist"
    images = mnist / "t10k-images-idx3-ubyte.gz"
    succeeds("train", mnist, "--hidden", 32, "--epochs", 2, "--checkpoint", "run.st", "--save", "digits.st")
    succeeds("train", mnist, "--hidden", 32, "--epochs", 3, "--resume", "run.st", "--save", "digits.st")
    assert "784 x 32" in succeeds("info", "digits.st")
    assert "test accuracy 0.9" in succeeds("evaluate", "digits.st", images)
    predicted = [row[0] for row in rows_of(succeeds("predict", "digits.st", images))[1:]]
    succeeds("export", "digits.st", "--c", "digits.c")
    subprocess.run(["gcc", "-std=c99", "-O1", "-DCMLP_MAIN", "digits.c", "-lm", "-o", "digits"], check=True)
    X = read_idx(images).reshape(10000, -1)[:1000]
    text = "".join(",".join(map(str, row)) + "\n" for row in X.tolist())
    out = subprocess.run(["./digits"], input=text, capture_output=True, text=True, check=True).stdout
    assert [row[0] for row in rows_of(out)[1:]] == predicted[:1000]
