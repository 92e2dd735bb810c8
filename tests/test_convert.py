"""Networks in other formats, run by the real libraries: the same outputs within rounding."""

import shutil
import subprocess

import numpy as np
import pytest
from common import seeds, slow
from converted import BOUND, FLAGS, N_NETWORKS, compiled, session_of, some_network
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp import convert
from cmlp.convert import c_parts, onnx_graph
from cmlp.runtime import registry


def test_every_activation_can_be_written():
    assert set(onnx_graph.ACTIVATIONS) == set(registry.activations)
    assert {*c_parts.OF_ONE, "identity", "softmax"} == set(registry.activations)


# --- NumPy ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays(dtype, rng):
    net = cmlp.Network([3, 5, 4, 2], ["tanh", "relu"], dtype=dtype, bias=[True, False, True], seed=2)
    arrays = convert.to_arrays(net)
    assert [*arrays] == ["W0", "b0", "W1", "W2", "b2"]
    W, b = [arrays[f"W{l}"] for l in range(3)], [arrays.get(f"b{l}") for l in range(3)]
    again = convert.from_arrays(W, b, ["tanh", "relu"])
    assert_array_equal(again.theta, net.theta)
    assert again.dtype == net.dtype
    arrays["W0"][:] = 0
    assert net.layers[0].W.any()


def test_arrays_that_do_not_chain():
    with pytest.raises(ValueError, match=r"weights\[1\].*\(2, 1\).*\(2, 3\)"):
        convert.from_arrays([np.ones((2, 3)), np.ones((2, 1))])
    with pytest.raises(ValueError, match=r"1 weights.*2 biases"):
        convert.from_arrays([np.ones((2, 3))], [None, None])


# --- ONNX -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", seeds(N_NETWORKS, 8))
def test_onnx(seed, tmp_path):
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    net, X = some_network(seed)
    proto = convert.to_onnx(net, tmp_path / "net.onnx")
    assert proto.ir_version == 8
    assert proto.opset_import[0].version == 17
    assert (tmp_path / "net.onnx").read_bytes() == proto.SerializeToString()
    model = cmlp.Model.of(net)
    forward = model.predict_proba(X) if model.has_probabilities else net.forward(X)
    for exact in (False, True):
        single = net.dtype == np.float32 or not exact or "gelu" in net.activations  # onnxruntime has no erf in double precision
        bound = BOUND["float32" if single else "float64"]
        prediction, outputs = session_of(proto, exact).run(None, {"X": X})
        assert_allclose(outputs, forward, **bound)
        assert prediction.shape == model.predict(X).shape
        if model.meaning.task == "regression":
            assert_allclose(prediction, model.predict(X), **bound)


@pytest.mark.parametrize(
    "labels", [["no", "yes"], ["a", "b", "ä"], [3, 5, 9], [0.5, 1.5], [False, True]], ids=lambda labels: str(labels)
)
@pytest.mark.parametrize("loss", ["cross_entropy", "log_loss", "perceptron", "squared_error"])
def test_labels_in_onnx(labels, loss, rng):
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    n_outputs = 1 if len(labels) == 2 and loss in ("log_loss", "perceptron") else len(labels)
    net = cmlp.Network([4, 6, n_outputs], loss=loss, classes=labels, seed=3)
    X = rng.normal(size=(40, 4)).astype(np.float32)
    prediction, _ = session_of(convert.to_onnx(net)).run(None, {"X": X})
    assert prediction.tolist() == net.predict(X).tolist()


def test_several_labels_at_once_in_onnx(rng):
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    net = cmlp.Network([4, 6, 3], loss="log_loss", seed=3)
    X = rng.normal(size=(40, 4)).astype(np.float32)
    prediction, probabilities = session_of(convert.to_onnx(net)).run(None, {"X": X})
    assert_array_equal(prediction, net.predict(X))
    assert_allclose(probabilities, net.forward(X), rtol=1e-5)


def test_onnx_is_an_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r"cmlp\[export\]"):
        convert.to_onnx(cmlp.Network([1, 2]))


# --- scikit-learn -----------------------------------------------------------------------------------------------------
@pytest.mark.filterwarnings("ignore:.*[Ii]terations:UserWarning")
@pytest.mark.parametrize("seed", seeds(30, 8))
def test_from_sklearn(seed):
    neural = pytest.importorskip("sklearn.neural_network", reason="cmlp[sklearn] is not installed")
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 5))
    settings = {
        "hidden_layer_sizes": tuple(int(n) for n in rng.integers(1, 9, rng.integers(1, 4))),
        "activation": str(rng.choice(["identity", "logistic", "tanh", "relu"])),
        "max_iter": 3,
        "random_state": seed,
    }
    kind = seed % 4
    if kind == 3:
        y = rng.normal(size=(60, 2))
        mlp = neural.MLPRegressor(**settings).fit(X, y)
    else:
        y = [rng.integers(0, 2, 60), np.array(["a", "b", "c"])[rng.integers(0, 3, 60)], rng.integers(0, 2, (60, 3))][kind]
        mlp = neural.MLPClassifier(**settings).fit(X, y)
    net = convert.from_sklearn(mlp)
    if kind == 3:
        assert_allclose(net.predict(X), mlp.predict(X), rtol=1e-10, atol=1e-10)
    else:
        assert_array_equal(net.predict(X), mlp.predict(X))
        probabilities = cmlp.Model.of(net).predict_proba(X)
        assert_allclose(probabilities, mlp.predict_proba(X), rtol=1e-10, atol=1e-12)
    loss = net.cost(X, y)
    net.fit(X, y, epochs=20)
    assert net.cost(X, y) < loss


def test_what_is_no_fitted_mlp():
    neural = pytest.importorskip("sklearn.neural_network", reason="cmlp[sklearn] is not installed")
    with pytest.raises(ValueError, match=r"MLPClassifier.*coefs_"):
        convert.from_sklearn(neural.MLPClassifier())
    X = np.random.default_rng(0).normal(size=(30, 2))
    own = cmlp.MLPRegressor((3,), max_iter=1000, tol=10.0).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=r"MLPRegressor.*network_"):
        convert.from_sklearn(own)


def test_categories_of_numbers_with_a_missing_one_in_onnx():
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X = np.array([[1.0, 3], [2, 7], [3, np.nan], [4, 3]] * 5)
    model = cmlp.MLPRegressor((3,), max_iter=1000, tol=10.0, categorical_features=[1]).fit(X, np.arange(20.0))
    prediction, _ = session_of(convert.to_onnx(model)).run(None, {"X": X})
    assert_allclose(prediction, model.predict(X), rtol=1e-5)


# --- estimators -------------------------------------------------------------------------------------------------------
def table(rng, settings):
    X = np.column_stack(
        [rng.normal(50, 10, 70), rng.lognormal(size=70), rng.choice([3, 7, 11], 70), rng.choice([0.0, 1.0], 70)]
    )
    if settings.get("impute"):
        X[rng.integers(0, 70, 9), 1] = np.nan  # so that the first column has no indicator
    return X


PREPARED = [
    {"scale": "standard"},
    {"scale": "standard", "impute": True},
    {"impute": True},
    {"scale": "standard", "impute": True, "categorical_features": [2]},
    {"categorical_features": [2, 3]},
    {"scale": "quantile", "impute": True, "categorical_features": [2]},
]
LOSS = [None, "gaussian", cmlp.losses.Quantile((0.1, 0.5, 0.9))]


def fitted(rng, settings, loss, classes=None):
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X = table(rng, settings)
    common = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0} | settings
    if classes is not None:
        return cmlp.MLPClassifier(**common).fit(X, np.array(classes)[rng.integers(0, len(classes), 70)]), X
    return cmlp.MLPRegressor(**common, loss=loss).fit(X, rng.normal(20, 5, 70)), X


@pytest.mark.filterwarnings("ignore:.*[Ii]terations:UserWarning")
@pytest.mark.parametrize("settings", PREPARED, ids=str)
@pytest.mark.parametrize("loss", [*LOSS[:1], *slow(*LOSS[1:])], ids=str)
def test_regressors_in_every_format(settings, loss, rng, tmp_path):
    model, X = fitted(rng, settings, loss)
    expected, plain = cmlp.Model.of(model).forward(X), model.predict(X)
    if shutil.which("gcc"):
        outputs = compiled(convert.to_c(model), tmp_path)(X, expected.shape[1], np.float64 if model.scale else np.float32)
        assert_allclose(outputs, expected, rtol=2e-5, atol=2e-5)
    if __import__("importlib").util.find_spec("torch"):
        import torch

        with torch.no_grad():
            assert_allclose(convert.to_torch(model)(torch.from_numpy(X)), expected, rtol=2e-5, atol=2e-5)
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    prediction, outputs = session_of(convert.to_onnx(model)).run(None, {"X": X})
    assert_allclose(outputs, expected, rtol=2e-5, atol=2e-5)
    assert_allclose(prediction, plain, rtol=2e-5, atol=2e-5)


@pytest.mark.filterwarnings("ignore:.*[Ii]terations:UserWarning")
@pytest.mark.parametrize("settings", PREPARED, ids=str)
@pytest.mark.parametrize("classes", [["no", "yes"], [1, 2, 5]], ids=str)
def test_classifiers_in_onnx(settings, classes, rng):
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    model, X = fitted(rng, settings, None, classes)
    prediction, probabilities = session_of(convert.to_onnx(model)).run(None, {"X": X})
    assert prediction.tolist() == model.predict(X).tolist()
    assert_allclose(probabilities, model.predict_proba(X), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*[Ii]terations:UserWarning")
def test_columns_of_text(rng, tmp_path, mixed_frame):
    """Each column is an input of the ONNX graph, text among them; in C a category is its place in a table of names."""
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X = mixed_frame
    y = rng.choice(["no", "yes"], 60)
    model = cmlp.MLPClassifier(
        (5,), scale="standard", impute=True, categorical_features=["colour", "code"], max_iter=3, random_state=0
    )
    model.fit(X, y)
    columns = cmlp.Model.of(model).columns
    if shutil.which("gcc"):
        places = {name: k for k, name in enumerate(columns.categories[0].levels)}
        codes = X["colour"].map(lambda name: places.get(name, len(places) - 1))
        numbers = np.column_stack([X["size"], codes, X["code"]]).astype(float)
        outputs = compiled(convert.to_c(model), tmp_path)(numbers, 1, np.float32)
        assert_allclose(outputs[:, 0], model.predict_proba(X)[:, 1], rtol=1e-5)
        subprocess.run(["gcc", *FLAGS, "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"], cwd=tmp_path, check=True)
        text = X.to_csv(index=False)
        done = subprocess.run([tmp_path / "net"], input=text, capture_output=True, text=True, check=True)
        assert [line.split(",")[0] for line in done.stdout.splitlines()[1:]] == model.predict(X).tolist()
    if __import__("importlib").util.find_spec("torch"):
        with pytest.raises(ValueError, match=r"PyTorch.*to_onnx"):
            convert.to_torch(model)
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    session = session_of(convert.to_onnx(model))
    inputs = {
        "size": X[["size"]].to_numpy(),
        "colour": X[["colour"]].fillna("").to_numpy().astype(object),
        "code": X[["code"]].to_numpy().astype(float),
    }
    prediction, probabilities = session.run(None, inputs)
    assert prediction.tolist() == model.predict(X).tolist()
    assert_allclose(probabilities, model.predict_proba(X), rtol=1e-5)
    inputs["colour"] = np.full((60, 1), "blue", dtype=object)  # which is unknown
    assert_allclose(session.run(None, inputs)[1], model.predict_proba(X.assign(colour="blue")), rtol=1e-5)


@pytest.mark.parametrize("label", ["only", 7])
def test_one_class(label, rng, tmp_path):
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    X = rng.normal(size=(30, 3)).astype("float32")
    model = cmlp.MLPClassifier((4,), tol=1, random_state=0).fit(X, [label] * 30)
    if shutil.which("gcc"):
        source = convert.to_c(model, tmp_path / "net.c")
        assert "return 0;" in source
        subprocess.run(["gcc", *FLAGS, "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"], cwd=tmp_path, check=True)
        done = subprocess.run([tmp_path / "net"], input="1,2,3\n", capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[1].startswith(f"{label},")
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    prediction, probabilities = session_of(convert.to_onnx(model)).run(None, {"X": X})
    assert prediction.tolist() == [label] * 30
    assert probabilities.tolist() == [[1.0]] * 30


def test_small_probabilities_of_both_classes(rng):
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    net = cmlp.Network([1, 1], loss="log_loss", init="constant", bias=False)
    net.theta[:] = 1
    X = np.array([[-40.0], [40.0]], "float32")
    expected = net.predict_proba(X)
    assert (expected.min(axis=1) > 0).all()
    assert_allclose(session_of(convert.to_onnx(net)).run(None, {"X": X})[1], expected, rtol=1e-4)
