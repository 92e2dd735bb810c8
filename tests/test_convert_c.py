"""Networks as programs in C, compiled with gcc: the same outputs within rounding."""

import csv
import ctypes
import io
import subprocess

import numpy as np
import pytest
from common import seeds
from converted import BOUND, FLAGS, N_NETWORKS, compiled, needs_gcc, some_network
from numpy.testing import assert_allclose

import cmlp
from cmlp import convert


@needs_gcc
@pytest.mark.parametrize("seed", seeds(N_NETWORKS, 8))
def test_c(seed, tmp_path):
    net, X = some_network(seed)
    predict = compiled(convert.to_c(net), tmp_path)
    assert_allclose(predict(X, net.sizes[-1]), net.forward(X), **BOUND[str(net.dtype)])


@needs_gcc
@pytest.mark.parametrize("loss", ["cross_entropy", "log_loss", "perceptron"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_classes_in_c(loss, n_outputs, tmp_path, rng):
    if loss == "cross_entropy" and n_outputs == 1:
        return
    labels = ['a "b"\\??/', "ä\n"] if n_outputs == 1 else ["x", "y", "z"]
    net = cmlp.Network([4, 6, n_outputs], loss=loss, classes=labels, seed=3)
    predict = compiled(convert.to_c(net, prefix="my_"), tmp_path, name="my_predict")
    X = rng.normal(size=(40, 4)).astype(np.float32)
    codes = [predict.library.my_predict_class(x.ctypes.data_as(ctypes.c_void_p)) for x in X]
    names = (ctypes.c_char_p * len(labels)).in_dll(predict.library, "my_class_names")
    assert [names[code].decode() for code in codes] == net.predict(X).tolist()


@needs_gcc
def test_a_program(tmp_path, rng):
    """Lines of CSV in, predictions out."""
    net = cmlp.Network([3, 8, 2], classes=["no", "yes"], seed=1)
    (tmp_path / "net.c").write_text(convert.to_c(net))
    subprocess.run(["gcc", *FLAGS, "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"], cwd=tmp_path, check=True)
    X = rng.normal(size=(5, 3)).astype(np.float32)
    text = "a,b,c\n" + "\n".join(",".join(f"{value:.9g}" for value in row) for row in X)
    done = subprocess.run([tmp_path / "net"], input=text, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "prediction,prediction_no,prediction_yes"
    assert [line.split(",")[0] for line in lines[1:]] == net.predict(X).tolist()
    assert_allclose([[float(v) for v in line.split(",")[1:]] for line in lines[1:]], net.forward(X), rtol=1e-5)
    for wrong, message in (("1,2\n", "2 fields, must be 3"), ("1,2,3\n1,x,3\n", "line 2, column 2: must be a number, got 'x'")):
        done = subprocess.run([tmp_path / "net"], input=wrong, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert message in done.stderr


@needs_gcc
def test_names_that_would_be_code(tmp_path):
    """Nothing of a name leaves its comment or its string."""
    names = ["*\\\n/ int evil(void) { return 1; } /*", "a/*b??/", "\u202e\u2066"]
    net = cmlp.Network([3, 1], loss="squared_error")
    model = cmlp.Model(net, cmlp.data.Columns.fit(cmlp.data.Table(np.eye(3), names), scale="standard"), target='"; int evil; "')
    compiled(convert.to_c(model), tmp_path)
    (tmp_path / "net.c").write_text(convert.to_c(model))
    subprocess.run(["gcc", *FLAGS, "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"], cwd=tmp_path, check=True)
    symbols = subprocess.run(["nm", "net"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "evil" not in symbols


@needs_gcc
def test_quotes_and_columns_by_name_in_a_program(tmp_path):
    """As `cmlp predict` reads them: quotes, commas and line ends in them, a byte order mark, other columns, any order."""
    names = ["x", 'z"q', "p, q", "two\nlines", " space "]
    table = {"a": names * 8, "b": [None if k % 7 == 3 else float(k) for k in range(40)], "c": [True, False] * 20}
    columns = cmlp.data.Columns.fit(table, impute=True, categorical_features="from_dtype", scale="standard")
    model = cmlp.Model(cmlp.Network([columns.n_inputs, 4, 1], loss="squared_error", seed=1), columns, target="t")
    (tmp_path / "net.c").write_text(convert.to_c(model))
    command = ["gcc", *FLAGS, "-fsanitize=address,undefined", "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"]
    subprocess.run(command, cwd=tmp_path, check=True)

    def run(text, check=True):
        return subprocess.run([tmp_path / "net"], input=text.encode(), capture_output=True, check=check)

    rows = io.StringIO()
    csv.writer(rows).writerows(zip(["id", *range(40)], ["c", *table["c"]], ["b", *table["b"]], ["a", *table["a"]]))
    found = run("\ufeff" + rows.getvalue()).stdout.decode().split()
    assert found[0] == "t"
    assert_allclose([float(value) for value in found[1:]], model.predict(table), rtol=1e-5)
    for mark in ("NA", "null", "NaN", ""):
        assert run(f"a,b,c\nx,{mark},true\n").stdout == run("a,b,c\nx,,True\n").stdout
    assert run("x,1,True\n").stdout == run('a,b,c\n"x" , 1 ,1\n').stdout
    for text, message in (
        ('a,b,c\n"x,1,1\n', "line 2: a quote"),
        ("x,1\n", "line 1: 2 fields"),
        ("x,1,1\n\nx,one,1\n", "line 3, column 2"),
    ):
        done = run(text, check=False)
        assert done.returncode == 1
        assert message in done.stderr.decode()


@needs_gcc
def test_missing_numbers_that_are_not_filled_are_refused_in_c(tmp_path):
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = cmlp.MLPRegressor((3,), "tanh", max_iter=1000, tol=10.0, scale="quantile").fit(X, X[:, 0])
    (tmp_path / "net.c").write_text(convert.to_c(model))
    command = ["gcc", *FLAGS, "-fsanitize=address,undefined", "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"]
    subprocess.run(command, cwd=tmp_path, check=True)
    for text in (",1\n", "inf,1\n", "1,1e999\n"):
        done = subprocess.run([tmp_path / "net"], input="1,2\n" + text, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "line 2" in done.stderr


def test_a_prefix_that_is_no_name():
    with pytest.raises(ValueError, match="prefix"):
        convert.to_c(cmlp.Network([1, 2]), prefix="1a")
    with pytest.raises(TypeError, match="str"):
        convert.to_c("net")
