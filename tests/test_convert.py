"""Networks in other formats, run by the real libraries: the same outputs within rounding."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from common import HIDDEN, LOSSES, ON_OUTPUTS, seeds
from numpy.testing import assert_allclose, assert_array_equal
from test_combinations import SMOOTH_ENOUGH, random_network

import cmlp
from cmlp import convert, registry
from cmlp.convert import c_parts, onnx_graph

N_NETWORKS = 2 * len(SMOOTH_ENOUGH)
# two orders of summation, and other people's exp and tanh, over up to five layers of up to 17 units
BOUND = {"float32": {"rtol": 2e-4, "atol": 2e-5}, "float64": {"rtol": 1e-11, "atol": 1e-12}}

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"]


def some_network(seed):
    """A network with everything that networks can have, its statistics and slopes moved from where they begin."""
    rng = np.random.default_rng([seed, 13])
    dtype = str(rng.choice(["float32", "float64"]))
    more = {"dtype": dtype, "input_scale": float(rng.choice([1.0, 0.3]))}
    if rng.random() < 0.2:
        name = str(rng.choice(ON_OUTPUTS))
        more |= {"loss": LOSSES[name], "output": str(rng.choice([n for n in HIDDEN if n != "exponential"]))}
    arguments = random_network(rng, **more)
    arguments["activation"][0] = SMOOTH_ENOUGH[seed % len(SMOOTH_ENOUGH)]
    arguments["sizes"][-1] = 3 * arguments["loss"].outputs_per_target
    if arguments["loss"].name == "gaussian":
        arguments.pop("output", None)
    net = cmlp.Network(**arguments)
    for layer in net.layers:
        for block in (layer.b, layer.scale, layer.shift, layer.mean):
            if block is not None:
                block[:] = rng.normal(size=len(block))
        if layer.variance is not None:
            layer.variance[:] = rng.uniform(0.5, 2, len(layer.variance))
    return net, rng.normal(size=(9, net.sizes[0])).astype(dtype)


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


# --- C ----------------------------------------------------------------------------------------------------------------
def compiled(source, folder, dtype="float32", *, name="predict"):
    """A function that calls predict for rows of X."""
    (folder / "net.c").write_text(source)
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", "net.c", "-lm", "-o", "net.so"], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "net.so"))

    def predict(X, n_outputs, output=None):
        Y = np.empty((len(X), n_outputs), output or X.dtype)
        for x, y in zip(np.ascontiguousarray(X), Y):
            getattr(library, name)(x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p))
        return Y

    predict.library = library
    return predict


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
    assert lines[0] == "prediction,output_0,output_1"
    assert [line.split(",")[0] for line in lines[1:]] == net.predict(X).tolist()
    assert_allclose([[float(v) for v in line.split(",")[1:]] for line in lines[1:]], net.forward(X), rtol=1e-5)
    for wrong in ("1,2\n", "1,2,3\n1,x,3\n"):
        done = subprocess.run([tmp_path / "net"], input=wrong, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "3" in done.stderr


@needs_gcc
def test_names_that_would_be_code(tmp_path):
    """Nothing of a name leaves its comment or its string."""
    names = ["*\\\n/ int evil(void) { return 1; } /*", "a/*b??/", "\u202e\u2066"]
    net = cmlp.Network([3, 1], loss="squared_error")
    model = cmlp.Model(net, cmlp.columns.standardising(np.eye(3), names), target='"; int evil; "')
    compiled(convert.to_c(model), tmp_path)
    (tmp_path / "net.c").write_text(convert.to_c(model))
    subprocess.run(["gcc", *FLAGS, "-DCMLP_MAIN", "net.c", "-lm", "-o", "net"], cwd=tmp_path, check=True)
    symbols = subprocess.run(["nm", "net"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "evil" not in symbols


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


# --- ONNX -------------------------------------------------------------------------------------------------------------
def session_of(proto, exact=False):
    """exact: without the rewriting by which onnxruntime draws factors into products, in single precision."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    if exact:
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


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
        if model.meaning.task == "values":
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


# --- PyTorch ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", seeds(N_NETWORKS, 8))
def test_torch(seed):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    net, X = some_network(seed)
    module = convert.to_torch(net)
    with torch.no_grad():
        outputs = module(torch.from_numpy(X)).numpy()
    assert outputs.dtype == net.dtype
    assert_allclose(outputs, net.forward(X), **BOUND[str(net.dtype)])
    other = convert.to_torch(some_network(seed)[0])
    other.load_state_dict(module.state_dict())


@pytest.mark.parametrize("seed", seeds(N_NETWORKS, 8))
def test_from_torch(seed):
    """There and back: the same numbers; and a training that goes on."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    rng = np.random.default_rng([seed, 17])
    dtype = str(rng.choice(["float32", "float64"]))
    loss = str(rng.choice(["cross_entropy", "log_loss", "squared_error"]))
    kind = random_network(rng, dtype=dtype, loss=LOSSES[loss], residual=0, input_noise=0.0)
    net = cmlp.Network(**kind | {"loss": loss})
    for layer in net.layers:
        if layer.variance is not None:
            layer.mean[:], layer.variance[:] = rng.normal(size=layer.fan_out), rng.uniform(0.5, 2, layer.fan_out)
    if set(net.activations) & {"sine", "exponential", "sign"}:
        with pytest.raises(ValueError, match="Function"):
            convert.from_torch(convert.to_torch(net), loss)
        return
    again = convert.from_torch(convert.to_torch(net), loss)
    X = rng.normal(size=(8, net.sizes[0]))
    assert_allclose(again.forward(X), net.forward(X), **BOUND[dtype])
    assert again.activations == net.activations
    assert [layer.dropout for layer in again.layers] == pytest.approx([layer.dropout for layer in net.layers])
    again.fit(X, np.eye(net.sizes[-1])[rng.integers(0, net.sizes[-1], 8)], epochs=2)
    assert torch is not None


def test_from_torch_as_pytorch_users_write_it(rng):
    """Flatten, biases in front of batch normalisation, scores at the end."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8, momentum=0.2), nn.PReLU(), nn.Dropout(0.5)),
        nn.Sequential(nn.Linear(8, 7, bias=False), nn.LayerNorm(7, eps=1e-3), nn.GELU(approximate="tanh")),
        nn.Identity(),
        nn.Linear(7, 3),
    )
    module(torch.randn(50, 6))  # moves the running statistics
    module.eval()
    X = torch.randn(20, 6)
    net = convert.from_torch(module, "cross_entropy", seed=4)
    with torch.no_grad():
        expected = torch.softmax(module(X), dim=1).numpy()
    assert_allclose(net.forward(X.numpy()), expected, rtol=2e-5, atol=1e-6)
    assert net.architecture.input_dropout == pytest.approx(0.1)
    assert net.layers[0].norm.momentum == 0.2
    assert convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1))).loss == "cross_entropy"
    assert convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()), "squared_error").activations == ["sigmoid"]


def test_what_cannot_come_from_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    nn = torch.nn
    refused = [
        (nn.Linear(2, 2), "Sequential.*Linear"),
        (nn.Sequential(), "Linear"),
        (nn.Sequential(nn.Linear(2, 2)), "loss='cross_entropy'.*'log_loss'"),
        (nn.Sequential(nn.Conv1d(1, 1, 1), nn.Linear(2, 2)), "Conv1d"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.BatchNorm1d(2), nn.Linear(2, 2)), "BatchNorm1d.*Linear, norm"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Tanh(), nn.Linear(2, 2)), "Tanh.*Linear, norm"),
        (nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)), "Linear.*Linear"),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Sigmoid()), "norm.*dropout"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(dim=0)), r"Softmax\(dim=0\)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(threshold=1), nn.Linear(2, 2), nn.Sigmoid()), "threshold=1"),
        (nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1), nn.Linear(2, 2), nn.Sigmoid()), "LogSoftmax"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(beta=2), nn.Linear(2, 2), nn.Sigmoid()), "beta=2"),
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False), nn.Linear(2, 1), nn.Sigmoid()),
            "track_running_stats=False",
        ),
    ]
    for module, message in refused:
        with pytest.raises(ValueError, match=message):
            convert.from_torch(module)
    with pytest.raises(ValueError, match=r"'cross_entropy'.*Tanh"):
        convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), "cross_entropy")
    with pytest.raises(ValueError, match=r"LogSoftmax.*'squared_error'"):
        convert.from_torch(nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(dim=1)), "squared_error")


@pytest.mark.slow
def test_the_same_training_in_torch_and_in_cmlp(rng):
    """One step of gradient descent from the same weights, in both."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.BatchNorm1d(6), torch.nn.Tanh(), torch.nn.Linear(6, 3)
    ).double()
    net = convert.from_torch(module, "cross_entropy")
    X, y = rng.normal(size=(12, 4)), rng.integers(0, 3, 12)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(torch.from_numpy(X)), torch.from_numpy(y)).backward()
        optimizer.step()
        net.step(X, y, cmlp.SGD(0.1))
    again = convert.from_torch(module, "cross_entropy")
    assert_allclose(again.theta, net.theta, rtol=1e-10, atol=1e-12)
    assert_allclose(again.layers[0].variance, net.layers[0].variance, rtol=1e-10)


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
        X[rng.integers(0, 70, 9), 0] = np.nan
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
@pytest.mark.parametrize("loss", [*LOSS[:1], *(pytest.param(loss, marks=pytest.mark.slow) for loss in LOSS[1:])], ids=str)
def test_regressors_in_every_format(settings, loss, rng, tmp_path):
    model, X = fitted(rng, settings, loss)
    expected, plain = cmlp.Model.of(model).outputs(X), model.predict(X)
    if shutil.which("gcc"):
        outputs = compiled(convert.to_c(model), tmp_path)(X, expected.shape[1], np.float64 if model.scale else np.float32)
        assert_allclose(outputs, expected, rtol=2e-5, atol=2e-5)
    if __import__("importlib").util.find_spec("torch"):
        import torch

        with torch.no_grad():
            assert_allclose(convert.to_torch(model)(torch.from_numpy(X)), expected, rtol=2e-5, atol=2e-5)
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    if model.scale == "quantile":
        with pytest.raises(ValueError, match="ONNX"):
            convert.to_onnx(model)
        return
    prediction, outputs = session_of(convert.to_onnx(model)).run(None, {"X": X})
    assert_allclose(outputs, expected, rtol=2e-5, atol=2e-5)
    assert_allclose(prediction, plain, rtol=2e-5)


@pytest.mark.filterwarnings("ignore:.*[Ii]terations:UserWarning")
@pytest.mark.parametrize("settings", PREPARED[:-1], ids=str)
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
        places = {name: k for k, name in enumerate(columns.categories[0].tolist())}
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
