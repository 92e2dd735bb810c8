"""Pipelines of scikit-learn that end in an estimator of cmlp, as models: saved, exported, or refused by the step's name."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("pandas")
pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

import cmlp

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:sklearn"),  # of its own older versions
]
N = 90


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    town = rng.choice(["Bern", "Basel", "Chur", "Sion"], N, p=[0.5, 0.3, 0.15, 0.05]).astype(object)
    return pd.DataFrame({
        "size": np.where(rng.random(N) < 0.2, np.nan, rng.normal(50, 9, N)),
        "rooms": rng.integers(1, 6, N),
        "town": np.where(rng.random(N) < 0.1, None, town),
        "zone": rng.choice([1, 2, 7], N),
        "price": rng.lognormal(size=N),
    })  # fmt: skip


def imputed(*steps):
    return make_pipeline(SimpleImputer(strategy="median", add_indicator=True), *steps)


def words(**settings):
    filled = SimpleImputer(strategy="constant", fill_value="nowhere")
    return make_pipeline(filled, OneHotEncoder(handle_unknown="ignore", sparse_output=False, **settings))


NUMBERS = ["size", "rooms", "price"]
STEPS = {
    "scaled": [ColumnTransformer([("n", imputed(StandardScaler()), NUMBERS)])],
    "robust": [ColumnTransformer([("n", imputed(RobustScaler()), NUMBERS)])],
    "min and max": [ColumnTransformer([("n", imputed(MinMaxScaler(), MaxAbsScaler()), NUMBERS)])],
    "scaled again and again": [ColumnTransformer([("n", imputed(StandardScaler(), MinMaxScaler(), RobustScaler()), NUMBERS)])],
    "imputed after scaling": [
        ColumnTransformer([("n", make_pipeline(StandardScaler(), SimpleImputer(strategy="mean")), NUMBERS)])
    ],
    "quantiles": [
        ColumnTransformer(
            [
                (
                    "q",
                    make_pipeline(
                        SimpleImputer(), QuantileTransformer(n_quantiles=30, output_distribution="normal"), StandardScaler()
                    ),
                    ["price", "size"],
                ),
                ("n", "passthrough", ["rooms"]),
            ]
        )
    ],
    "words first": [ColumnTransformer([("c", words(), ["town"]), ("n", imputed(StandardScaler()), NUMBERS)])],
    "rare words": [
        ColumnTransformer(
            [
                (
                    "c",
                    OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=9, sparse_output=False),
                    ["town", "zone"],
                ),
                ("n", imputed(), NUMBERS),
            ]
        )
    ],
    "dropped words": [
        ColumnTransformer([("c", OneHotEncoder(drop="first", sparse_output=False), ["zone"]), ("n", imputed(), NUMBERS)])
    ],
    "ordinal": [
        ColumnTransformer(
            [
                (
                    "o",
                    make_pipeline(
                        SimpleImputer(strategy="most_frequent"),
                        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
                        MinMaxScaler(),
                    ),
                    ["town"],
                ),
                ("n", imputed(), [0, 1]),
            ]
        )
    ],
    "ordinal with missing": [
        ColumnTransformer(
            [
                ("o", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-2, encoded_missing_value=9), ["town"]),
                ("n", imputed(), slice(0, 2)),
            ]
        )
    ],
    "everything scaled": [
        ColumnTransformer([("c", words(), ["town"]), ("n", imputed(), make_column_selector(dtype_include="number"))]),
        StandardScaler(),
    ],
    "selected": [
        ColumnTransformer([("c", words(), ["town"]), ("n", imputed(), NUMBERS)]),
        VarianceThreshold(0.01),
        SelectKBest(f_regression, k=4),
        StandardScaler(),
    ],
    "remainder": [
        ColumnTransformer([("c", words(), ["town"])], remainder="passthrough"),
        SimpleImputer(),
        RobustScaler(),
    ],
    "union": [
        ColumnTransformer([("n", SimpleImputer(), NUMBERS)]),
        FeatureUnion([("a", Pipeline([("s", "passthrough")]))]),
    ],
}


def fitted(steps, table, kind=cmlp.MLPRegressor, **settings):
    y = table["rooms"] + table["price"] + (table["town"] == "Bern")
    y = y if kind is cmlp.MLPRegressor else np.where(y > y.median(), "dear", "cheap")
    model = kind((5,), max_iter=4, random_state=0, dtype="float64", **settings)
    return make_pipeline(*steps, model).fit(table, y)


@pytest.mark.parametrize("name", STEPS)
def test_it_predicts_the_same(name, table, tmp_path):
    pipeline = fitted(STEPS[name], table)
    new = table.copy()
    new.loc[3, "town"] = "Genf"
    new.loc[4, "size"] = np.nan
    if name == "dropped words":
        new = table
    model = cmlp.Model.of(pipeline)
    assert_allclose(model.predict(new), pipeline.predict(new), rtol=1e-9, atol=1e-9)
    cmlp.save(pipeline, tmp_path / "m")
    again = cmlp.load(tmp_path / "m")
    assert isinstance(again, cmlp.Model)
    assert_array_equal(again.predict(new), model.predict(new))
    assert_allclose(model.predict(new[list(reversed(new.columns))].to_dict("records")), model.predict(new), rtol=1e-12)


@pytest.mark.parametrize("name", ["scaled", "min and max", "quantiles", "imputed after scaling", "union"])
@pytest.mark.parametrize("norm", [None, "batch"])
def test_exports(name, norm, table):
    pipeline = fitted(STEPS[name], table, norm=norm, network={"residual": 1})
    numbers = table.drop(columns="town").assign(town=0.0)[list(table.columns)].to_numpy(float)
    expected = pipeline.predict(table)
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    import onnxruntime

    session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(pipeline).SerializeToString())
    assert_allclose(session.run(None, {"X": numbers})[0], expected, rtol=1e-9)
    assert "double fill" in cmlp.convert.to_c(pipeline)


def test_columns_that_are_not_used(table):
    zones = OneHotEncoder(handle_unknown="ignore")
    steps = [ColumnTransformer([("n", imputed(StandardScaler()), NUMBERS), ("c", zones, ["zone"])])]
    model = cmlp.Model.of(fitted(steps, table))
    assert model.columns.kinds[2] == "ignored"
    assert_array_equal(model.predict(table.drop(columns="town")), model.predict(table))
    text = [ColumnTransformer([("c", words(), ["town"]), ("r", "passthrough", ["rooms"])])]
    model = cmlp.Model.of(fitted(text, table))
    pytest.importorskip("onnx", reason="cmlp[export] is not installed")
    import onnxruntime

    session = onnxruntime.InferenceSession(cmlp.convert.to_onnx(model).SerializeToString())
    assert {each.name for each in session.get_inputs()} == {"rooms", "town"}
    inputs = {"rooms": table[["rooms"]].to_numpy(float), "town": table[["town"]].fillna("").to_numpy(object)}
    assert_allclose(session.run(None, inputs)[0], model.predict(table), rtol=1e-9)


def test_indicators_among_quantiles(table):
    steps = [ColumnTransformer([("n", imputed(QuantileTransformer(n_quantiles=20, output_distribution="normal")), NUMBERS)])]
    pipeline = fitted(steps, table)
    assert_allclose(cmlp.Model.of(pipeline).predict(table), pipeline.predict(table), rtol=1e-9)


def test_a_classifier(table):
    pipeline = fitted(STEPS["everything scaled"], table, cmlp.MLPClassifier)
    model = cmlp.Model.of(pipeline)
    assert_array_equal(model.predict(table), pipeline.predict(table))
    assert_allclose(model.predict_proba(table), pipeline.predict_proba(table), rtol=1e-9)


def test_without_steps_in_front():
    X = np.random.default_rng(0).normal(size=(40, 3))
    pipeline = make_pipeline(cmlp.MLPRegressor((4,), max_iter=2, random_state=0)).fit(X, X[:, 0])
    model = cmlp.Model.of(pipeline)
    assert model.network is pipeline[-1].to_model().network
    assert_array_equal(model.predict(X), pipeline.predict(X).astype("float32"))


def test_arrays_are_told_by_their_indices():
    X = np.random.default_rng(0).normal(size=(40, 3))
    steps = [ColumnTransformer([("a", StandardScaler(), [2]), ("b", MinMaxScaler(), [True, False, False])])]
    pipeline = make_pipeline(*steps, cmlp.MLPRegressor((4,), max_iter=2, random_state=0, dtype="float64")).fit(X, X[:, 0])
    model = cmlp.Model.of(pipeline)
    assert model.columns.kinds == ["numeric", "ignored", "numeric"]
    assert_allclose(model.predict(X), pipeline.predict(X), rtol=1e-10)


def test_what_scikit_learn_refuses_is_refused(table):
    steps = [ColumnTransformer([("c", OneHotEncoder(sparse_output=False), ["zone"]), ("n", "passthrough", ["rooms"])])]
    model = cmlp.Model.of(fitted(steps, table))
    with pytest.raises(ValueError, match=r"column 'zone' must hold the categories of training, got '9' in row 2"):
        model.predict(table.assign(zone=[1, 2, 9] * 30))
    with pytest.raises(ValueError, match=r"'zone'.*handle_unknown='ignore'"):
        cmlp.convert.to_c(model)
    steps = [ColumnTransformer([("i", SimpleImputer(), ["size"]), ("n", "passthrough", ["rooms"])])]
    model = cmlp.Model.of(fitted(steps, table))
    with pytest.raises(ValueError, match="column 'rooms' must not be missing"):
        model.predict(table.assign(rooms=np.nan))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([ColumnTransformer([("n", imputed(PCA(2)), NUMBERS)])], r"step 'columntransformer: n: pca'.*PCA.*skl2onnx"),
        ([ColumnTransformer([("k", imputed(PolynomialFeatures(2)), ["price"])])], "k: polynomialfeatures.*PolynomialFeatures"),
        ([ColumnTransformer([("n", imputed(MinMaxScaler(clip=True)), NUMBERS)])], "MinMaxScaler.*clip=False"),
        ([ColumnTransformer([("n", imputed(QuantileTransformer(n_quantiles=9)), NUMBERS)])], "output_distribution='normal'"),
        ([ColumnTransformer([("n", SimpleImputer(), ["rooms"]), ("o", OneHotEncoder(), ["rooms"])])], "used twice"),
        ([ColumnTransformer([("n", SimpleImputer(missing_values=1), ["rooms"])])], "SimpleImputer.*NaN, not 1"),
    ],
)
def test_steps_that_are_refused(steps, message, table):
    with pytest.raises(ValueError, match=message):
        cmlp.Model.of(fitted(steps, table))


def test_both_ways_of_preparing_are_refused(table):
    with pytest.raises(ValueError, match=r"'mlpregressor' prepares.*not both"):
        cmlp.Model.of(fitted(STEPS["scaled"], table, scale="standard"))


def test_another_last_step(table):
    from sklearn.linear_model import Ridge

    with pytest.raises(TypeError, match="'ridge', a Ridge"):
        cmlp.Model.of(make_pipeline(SimpleImputer(), Ridge()).fit(table[NUMBERS], table["rooms"]))


@pytest.mark.parametrize("names", [["no", "yes"], [3, 1, 2], [False, True]], ids=str)
def test_classifiers_through_skl2onnx(names, table):
    skl2onnx = pytest.importorskip("skl2onnx")
    import onnxruntime

    cmlp.convert.register_skl2onnx()
    X = table[NUMBERS].fillna(50).to_numpy("float32")
    y = np.array(names)[np.arange(N) % len(names)]
    pipeline = make_pipeline(StandardScaler(), PCA(2), cmlp.MLPClassifier((5,), max_iter=4, random_state=0)).fit(X, y)
    proto = skl2onnx.to_onnx(pipeline, X[:1], options={"zipmap": False}, target_opset=17)
    labels, probabilities = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"X": X})
    assert_array_equal(labels.astype(y.dtype), pipeline.predict(X))
    assert_allclose(probabilities, pipeline.predict_proba(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_regressors_through_skl2onnx(n_targets, dtype, table):
    skl2onnx = pytest.importorskip("skl2onnx")
    import onnxruntime

    cmlp.convert.register_skl2onnx()
    X = table[NUMBERS].fillna(50).to_numpy("float32")
    y = X[:, 1] if n_targets == 1 else X[:, 1:]
    model = cmlp.MLPRegressor((5,), max_iter=4, random_state=0, dtype=dtype)
    pipeline = make_pipeline(StandardScaler(), PCA(2), model).fit(X, y)
    proto = skl2onnx.to_onnx(pipeline, X[:1], target_opset=17)
    (values,) = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"X": X})
    assert values.shape == (N, n_targets)
    assert_allclose(values.reshape(y.shape), pipeline.predict(X), rtol=1e-4, atol=1e-5)
    prepared = make_pipeline(PCA(2), cmlp.MLPRegressor((5,), max_iter=2, scale="standard")).fit(X, y)
    with pytest.raises(ValueError, match=r"do not prepare columns.*to_onnx"):
        skl2onnx.to_onnx(prepared, X[:1])
