"""The statistics of preprocessing: scikit-learn's numbers, weights, categories, sparse and dense, saved and exported."""

import subprocess

import numpy as np
import pytest
import scipy.sparse
from converted import FLAGS, compiled, needs_gcc
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp.data import Categories, Columns

sklearn = pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, RobustScaler, StandardScaler  # noqa: E402

SCALERS = {
    "standard": StandardScaler(),
    "robust": RobustScaler(),
    "quantile": QuantileTransformer(n_quantiles=300, output_distribution="normal", subsample=None),
}


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(5, 3, 300), np.exp(rng.normal(size=300)), rng.integers(0, 4, 300), np.full(300, 7.0)])


@pytest.mark.parametrize("scale", SCALERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int16", "uint8"])
def test_the_numbers_are_those_of_scikit_learn(X, scale, dtype):
    """In float64, whatever the dtype is."""
    given = np.abs(X).astype(dtype)
    expected = SCALERS[scale].fit(given.astype(float)).transform(given.astype(float))
    assert_allclose(Columns.fit(given, scale=scale).transform(given), expected, rtol=1e-12, atol=1e-12)
    assert_allclose(Columns.fit(given, scale=scale).transform(given, "float32"), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("impute", ["median", "mean"])
def test_what_replaces_missing_numbers(X, impute):
    X[::7, 0] = np.nan
    fitted = Columns.fit(X, impute=impute)
    assert fitted.fill[0] == getattr(np, "nan" + impute)(X[:, 0])
    found = fitted.transform(X)
    assert found.shape == (300, 5)
    assert_array_equal(found[:, 4], np.isnan(X[:, 0]))
    assert_array_equal(found[::7, 0], fitted.fill[0])
    new = fitted.transform([[1.0, np.nan, 1.0, 7.0]])
    assert new[0, 1] == fitted.fill[1]


@pytest.mark.parametrize("scale", [None, *SCALERS])
@pytest.mark.parametrize("impute", ["median", "mean"])
def test_rows_of_weight_0_change_nothing(X, scale, impute):
    X[::7, 0] = np.nan
    settings = {"scale": scale, "impute": impute, "categorical_features": [2]}
    rng = np.random.default_rng(1)
    wild = np.vstack([X, rng.normal(1e6, 1e5, (200, 4))])
    weight = np.r_[np.ones(300), np.zeros(200)]
    assert_array_equal(
        Columns.fit(wild, sample_weight=weight, **settings).transform(X), Columns.fit(X, **settings).transform(X)
    )


@pytest.mark.parametrize("scale", ["standard", "robust"])
def test_a_weight_is_a_number_of_repetitions(X, scale):
    weight = np.random.default_rng(2).integers(0, 4, 300)
    found = Columns.fit(X, scale=scale, impute="mean", sample_weight=weight)
    repeated = np.repeat(X, weight, axis=0)
    odd = np.r_[np.ones(len(repeated) - 1), 1 + 1e-9]  # else quantiles are interpolated, as those without weights are
    expected = Columns.fit(repeated, scale=scale, impute="mean", sample_weight=odd)
    assert_allclose(found.center, expected.center, rtol=1e-7)
    assert_allclose(found.scale, expected.scale, rtol=1e-7)
    scaled = Columns.fit(X, scale=scale, impute="mean", sample_weight=weight * 1e-5)
    assert_allclose(scaled.center, found.center, rtol=1e-12)


def test_booleans_and_indicators_stay_0_and_1_among_quantiles():
    rng = np.random.default_rng(0)
    table = {"a": np.where(rng.random(90) < 0.2, np.nan, rng.normal(size=90)), "b": rng.random(90) < 0.3}
    for scale in ("quantile", "robust"):
        found = Columns.fit(table, scale=scale, impute=True).transform(table)
        assert_array_equal(found[:, 1], table["b"])
        assert_array_equal(found[:, 2], np.isnan(table["a"]))


def test_a_column_without_any_value_is_dropped():
    table = {"a": [1.0, 2.0], "nothing": [None, None]}
    fitted = Columns.fit(table, impute=True, scale="standard")
    assert fitted.n_inputs == 1
    assert "nothing  numeric  all of them" in str(fitted)
    assert_array_equal(fitted.transform({"a": [1.5], "nothing": [8.0]}), [[0.0]])


# --- categories -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "limits",
    [{}, {"max_categories": 1}, {"max_categories": 3}, {"max_categories": 5}, {"min_frequency": 30}, {"min_frequency": 0.2},
     {"max_categories": 2, "min_frequency": 3}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("kind", [str, int, float])
def test_rare_categories_are_those_of_scikit_learn(limits, kind):
    rng = np.random.default_rng(0)
    given = np.array(rng.choice([11, 11, 11, 22, 22, 3, 4, 55], (200, 1))).astype(kind)
    theirs = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False, **limits).fit(given)
    ours = Columns.fit(given, categorical_features=[0], **limits)
    new = np.array([[11], [3], [999], [55]]).astype(kind)
    for table in (given, new):
        assert_array_equal(ours.transform(table), theirs.transform(table))
    assert len(ours.names_out()) == len(theirs.get_feature_names_out())
    if kind is str:
        assert [name.partition("_")[2] for name in ours.names_out()] == [
            name.partition("_")[2] for name in theirs.get_feature_names_out()
        ]


def test_codes():
    found = Categories.fit(np.array(["b", "a", None, "b"], dtype=object))
    assert found.levels == ["a", "b", None]
    assert found.codes(np.array(["a", "z", None], dtype=object)).tolist() == [0, -1, 2]
    rare = Categories.fit(np.array(["b", "a", None, "b"], dtype=object), min_frequency=2)
    assert (rare.levels, rare.n_infrequent, rare.width) == (["b"], 2, 2)
    assert rare.codes(np.array(["a", "z", "b"], dtype=object)).tolist() == [1, 1, 0]


def many(n):
    return {"x": np.arange(n) / n, "name": [f"customer {i}" for i in range(n)]}


def test_many_categories_stay_sparse():
    fitted = Columns.fit(many(5000), categorical_features="from_dtype", scale="standard")
    matrix = fitted.transform(many(5000), "float32")
    assert isinstance(matrix, scipy.sparse.csr_array)
    assert matrix.shape == (5000, 5001)
    assert matrix.nnz == 10_000
    assert matrix.dtype == np.float32
    dense = Columns.fit(many(5000), categorical_features="from_dtype", scale="standard", sparse=False)
    some = {"x": [0.1, 0.9], "name": ["customer 7", "nobody"]}
    assert_array_equal(fitted.transform(some).toarray(), dense.transform(some))
    assert fitted.transform(some).nnz == 3


def test_several_columns_of_many_categories():
    table = many(400) | {"other": [f"item {i % 350}" for i in range(400)], "few": list("ab") * 200}
    sparse, dense = (Columns.fit(table, categorical_features="from_dtype", sparse=sparse) for sparse in (True, False))
    assert_array_equal(sparse.transform(table).toarray(), dense.transform(table))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", [cmlp.MLPClassifier, cmlp.MLPRegressor])
def test_many_categories_in_an_estimator(kind, tmp_path):
    table = many(600)
    y = np.arange(600) % 2 if kind is cmlp.MLPClassifier else table["x"]
    settings = {"categorical_features": ["name"], "scale": "standard", "max_iter": 3, "random_state": 0}
    model = kind((4,), early_stopping=True, **settings).fit(table, y)
    assert model.columns_.sparse
    expected = model.predict(table)
    cmlp.save(model, tmp_path / "m")
    for each in (cmlp.load(tmp_path / "m"), cmlp.load_model(tmp_path / "m"), model.to_model()):
        assert_array_equal(each.predict(table), expected)
    dropped = kind((4,), network={"input_dropout": 0.1}, **settings).fit(table, y)
    assert not dropped.columns_.sparse


# --- saved and exported -----------------------------------------------------------------------------------------------
def mixed(n=80):
    rng = np.random.default_rng(3)
    return {
        "size": np.where(rng.random(n) < 0.2, np.nan, rng.normal(50, 9, n)),
        "rooms": rng.integers(1, 6, n),
        "sold": np.datetime64("2024-01-01") + rng.integers(0, 400, n),
        "new": rng.random(n) < 0.5,
        "zone": rng.choice([1, 1, 1, 2, 2, 7, 8], n),
    }


SETTINGS = [
    {"scale": scale, "impute": True, "categorical_features": ["zone"], "max_categories": most}
    for scale in (None, "standard", "robust", "quantile")
    for most in (None, 3)
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_all_of_it_is_saved_and_exported(settings, tmp_path):
    table = mixed()
    y = np.nan_to_num(table["size"]) / 10 + table["rooms"]
    model = cmlp.MLPRegressor((6,), max_iter=4, random_state=0, dtype="float64", **settings).fit(table, y)
    expected = model.predict(table)
    cmlp.save(model, tmp_path / "m")
    for each in (cmlp.load(tmp_path / "m"), cmlp.load_model(tmp_path / "m")):
        assert_array_equal(each.predict(table), expected)
        assert str(each.columns if isinstance(each, cmlp.Model) else each.columns_) == str(model.columns_)
    numbers = np.column_stack([column.astype(float) for column in table.values()])
    numbers[5, 4], expected = 99, None
    table["zone"] = numbers[:, 4]
    expected = model.predict(table)
    try:
        import torch
    except ImportError:
        pass
    else:
        with torch.no_grad():
            assert_allclose(cmlp.convert.to_torch(model)(torch.from_numpy(numbers))[:, 0], expected, rtol=1e-9)
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    import onnxruntime

    session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(model).SerializeToString())
    assert_allclose(session.run(None, {"X": numbers})[0], expected, rtol=1e-9)


@needs_gcc
def test_calendar_features_in_every_format(tmp_path):
    rng = np.random.default_rng(0)
    days = np.r_[rng.integers(-400_000, 400_000, 300), [np.nan] * 9] + np.r_[rng.integers(0, 96, 309)] / 96
    table = {"when": (days * 86400).round().astype("M8[s]")}
    table["when"][np.isnan(days)] = np.datetime64("NaT")
    columns = Columns.fit(table, impute=True, dates=True)
    net = cmlp.Network([columns.n_inputs, columns.n_inputs], loss="squared_error", bias=False, init=[np.eye(columns.n_inputs)])
    model = cmlp.Model(net.astype("float64"), columns)
    expected = model.forward(table)
    assert_allclose(compiled(cmlp.convert.to_c(model), tmp_path)(days[:, None], 6), expected, rtol=1e-12)
    program = tmp_path / "program"
    (tmp_path / "net.c").write_text(cmlp.convert.to_c(model))
    subprocess.run(["gcc", *FLAGS, "-DCMLP_MAIN", tmp_path / "net.c", "-lm", "-o", program], check=True)
    years = [moment for moment in table["when"].astype(str).tolist() if moment == "NaT" or len(moment) == 19]
    lines = ["other,when", *(f'x,"{"" if moment == "NaT" else moment}Z"' for moment in years[:-9]), *(["y,"] * 9)]
    done = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True)
    found = np.array([line.split(",") for line in done.stdout.splitlines()[1:]], float)
    assert_allclose(found, model.forward({"when": np.array(years, "M8[s]")}), rtol=1e-12)
    try:
        import torch
    except ImportError:
        pass
    else:
        with torch.no_grad():
            assert_allclose(cmlp.convert.to_torch(model)(torch.from_numpy(days[:, None])), expected, rtol=1e-12)
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    import onnxruntime

    session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(model).SerializeToString())
    assert_allclose(session.run(None, {"X": days[:, None]})[0], expected, rtol=1e-12)


@pytest.mark.parametrize("n_quantiles", [2, 3, 40, 1000])
def test_quantiles_in_onnx_are_exact(n_quantiles):
    """To the last digits, from the middle to the outermost values, ties among them."""
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    import onnxruntime

    rng = np.random.default_rng(0)
    known = np.sort(np.round(rng.normal(size=n_quantiles), 2 if n_quantiles > 3 else 8))[:, None]
    columns = Columns(["numeric"], quantiles=known, ranked=[0])
    net = cmlp.Network([1, 1], loss="squared_error", bias=False, init="constant", dtype="float64")
    net.theta[:] = 1
    model = cmlp.Model(net, columns)
    X = np.concatenate([known[:, 0], known[:, 0] + 1e-9, rng.normal(size=500) * 2, known[0] + 3e-7, known[-1] - 3e-7])[:, None]
    session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(model).SerializeToString())
    assert_allclose(session.run(None, {"X": X})[0], model.predict(X), rtol=1e-10, atol=1e-10)


def test_what_is_printed():
    table = {"x": [1.0, None, 4.0], "n\nl": [1, 2, 3], "kind": ["a", "b", "a"]}
    fitted = Columns.fit(table, impute=True, scale="standard", categorical_features="from_dtype")
    assert str(fitted).splitlines() == [
        "column  kind         missing cells            becomes",
        "x       numeric      filled with 2.5, marked  2 numbers: center 2.5, scale 1.22474",
        "n?l     numeric      filled with 2            1 number: center 2, scale 0.816497",
        "kind    categorical  as unseen                2 columns: a, b",
    ]
    assert fitted.names_out() == ["x", "n\nl", "missingindicator_x", "kind_a", "kind_b"]
    wide = Columns.fit(np.ones((2, 100)))
    assert str(wide).splitlines()[-1] == "... and 40 more columns"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("impute", [True, "mean"])
def test_a_table_of_categories_alone(impute, tmp_path):
    table = {"s": ["u", "v"] * 30, "t": ["a", "b", None] * 20}
    model = cmlp.MLPRegressor((4,), max_iter=3, impute=impute, categorical_features="from_dtype", scale="quantile")
    model.fit(table, np.arange(60.0))
    cmlp.save(model, tmp_path / "m")
    for each in (cmlp.load(tmp_path / "m"), cmlp.load_model(tmp_path / "m")):
        assert_array_equal(each.predict(table), model.predict(table))
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    import onnxruntime

    session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(model).SerializeToString())
    inputs = {name: np.array([["" if cell is None else cell] for cell in column], object) for name, column in table.items()}
    assert_allclose(session.run(None, inputs)[0], model.predict(table), rtol=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_class_weights_are_sample_weights_for_the_columns_too(X):
    y = np.arange(300) % 3
    X[y == 2] *= 1000
    settings = {"scale": "standard", "solver": "lbfgs", "random_state": 0, "hidden_layer_sizes": ()}
    one = cmlp.MLPClassifier(class_weight={2: 0}, **settings).fit(X, y)
    other = cmlp.MLPClassifier(**settings).fit(X, y, sample_weight=(y != 2) * 1.0)
    assert_array_equal(one.columns_.center, other.columns_.center)
    assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-6)


def test_extra_columns_by_name():
    fitted = Columns.fit({"a": [1.0, 2.0]}, extra_columns=["id"])
    assert_array_equal(fitted.transform({"id": ["x"], "a": [3]}), [[3]])
    with pytest.raises(ValueError, match="unknown: 'ie'"):
        fitted.transform({"ie": ["x"], "a": [3]})
