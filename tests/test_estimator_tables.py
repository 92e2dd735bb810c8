"""Data frames, categories, missing numbers and scaling inside the estimators."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FEW = {"max_iter": 5, "random_state": 0, "hidden_layer_sizes": (8,)}


def columns(n=200):
    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "green", "blue"], n)
    age, income = rng.uniform(20, 80, n), rng.lognormal(10, 1, n)
    y = (age + 30 * (colour == "red") + 5 * rng.normal(size=n) > 55).astype(int)
    return {"age": age, "colour": colour, "income": income}, y


@pytest.fixture(params=["pandas", "polars"])
def frame(request):
    library = pytest.importorskip(request.param)
    return library.DataFrame


def test_a_table_as_it_is(frame):
    data, y = columns()
    model = MLPClassifier(
        (20,), scale="standard", categorical_features="from_dtype", max_iter=150, learning_rate_init=0.01, random_state=0
    )
    model.fit(frame(data), y)
    assert model.score(frame(data), y) > 0.9
    assert model.network_.sizes[0] == 2 + 3
    assert model.n_features_in_ == 3
    assert list(model.feature_names_in_) == ["age", "colour", "income"]
    assert model.coefs_[0].shape == (5, 20)


def test_categories_that_were_not_there_and_that_are_missing(frame):
    data, y = columns()
    data["colour"] = [None if k % 20 == 0 else colour for k, colour in enumerate(data["colour"])]
    model = MLPClassifier(categorical_features=["colour"], scale="standard", **FEW).fit(frame(data), y)
    assert model.network_.sizes[0] == 2 + 4
    new = frame({"age": [30.0, 30.0], "colour": ["violet", None], "income": [1e4, 1e4]})
    encoded = model.columns_.transform(new)
    assert_array_equal(np.asarray(encoded)[:, 2:].sum(axis=1), [0, 1])
    assert model.predict(new).shape == (2,)


def test_missing_numbers(frame):
    data, y = columns()
    data["age"] = [None if k % 10 == 3 else float(age) for k, age in enumerate(data["age"])]
    settings = {"categorical_features": "from_dtype", **FEW}
    with pytest.raises(ValueError, match=r"'age'.*row 3.*impute=True"):
        MLPClassifier(**settings).fit(frame(data), y)
    model = MLPClassifier(impute=True, scale="standard", **settings).fit(frame(data), y)
    assert model.network_.sizes[0] == 2 + 1 + 3
    assert np.isfinite(model.predict_proba(frame(data))).all()


def test_names_are_compared(frame):
    data, y = columns()
    model = MLPClassifier(categorical_features=["colour"], **FEW).fit(frame(data), y)
    with pytest.raises(ValueError, match="columns of training: missing: 'colour'; unknown: 'color'"):
        model.predict(frame({"age": [1.0], "color": ["red"], "income": [1.0]}))


def test_text_in_a_numeric_column(frame):
    data, y = columns()
    with pytest.raises(ValueError, match=r"'colour'.*categorical_features"):
        MLPClassifier(scale="standard", **FEW).fit(frame(data), y)


@pytest.mark.parametrize("given", [["colour", "size"], [True, False]])
def test_columns_that_do_not_exist(given):
    pd = pytest.importorskip("pandas")
    data, y = columns()
    if given[0] is True:
        model = MLPClassifier(categorical_features=[False, True, False], **FEW).fit(pd.DataFrame(data), y)
        assert model.network_.sizes[0] == 5
        return
    with pytest.raises(ValueError, match=r"categorical_features.*'size'.*colour"):
        MLPClassifier(categorical_features=given, **FEW).fit(pd.DataFrame(data), y)


def test_arrays_have_numbered_columns():
    rng = np.random.default_rng(0)
    X = np.c_[rng.normal(size=100), rng.integers(0, 4, 100)]
    y = X[:, 1] % 2
    model = MLPClassifier((10,), categorical_features=[1], max_iter=200, learning_rate_init=0.02, random_state=0).fit(X, y)
    assert model.network_.sizes[0] == 5
    assert model.score(X, y) > 0.95
    assert MLPClassifier(categorical_features="from_dtype", **FEW).fit(X, y).network_.sizes[0] == 2
    with pytest.raises(ValueError, match="'from_dtype'"):
        MLPClassifier(categorical_features="all").fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features, but MLPClassifier is expecting 2"):
        model.predict(X[:, :1])


@pytest.mark.parametrize("scale", ["standard", "quantile"])
def test_scaled_inputs_and_targets(scale):
    rng = np.random.default_rng(0)
    X = np.exp(rng.normal(size=(300, 3))) * [1, 1e3, 1e-3]
    y = 1e5 + 1e4 * np.log(X[:, 0])
    settings = {"hidden_layer_sizes": (20,), "max_iter": 200, "learning_rate_init": 0.01, "random_state": 0}
    model = MLPRegressor(scale=scale, **settings).fit(X, y)
    assert model.score(X, y) > 0.8
    assert MLPRegressor(**settings).fit(X, y).score(X, y) < 0.5
    two = MLPRegressor(scale=scale, **settings).fit(X, np.c_[y, y / 1e5])
    assert two.predict(X).shape == (300, 2)
    assert abs(two.predict(X)[:, 1].mean() - 1) < 0.05


def test_scaling_is_fitted_on_the_training_part_alone():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 2)), rng.integers(0, 2, 200)
    model = MLPClassifier(scale="standard", early_stopping=True, validation_fraction=0.5, **FEW).fit(X, y)
    mean = model.columns_.center
    assert len(mean) == 2
    assert (np.abs(mean - X.mean(axis=0)) > 1e-6).all()
    whole = MLPClassifier(scale="standard", **FEW).fit(X, y)
    assert_allclose(whole.columns_.center, X.mean(axis=0))


def test_it_is_that_of_a_pipeline():
    rng = np.random.default_rng(0)
    X, y = rng.normal(5, 3, (200, 4)), rng.integers(0, 3, 200)
    inside = MLPClassifier(scale="standard", **FEW).fit(X, y)
    outside = make_pipeline(StandardScaler(), MLPClassifier(**FEW)).fit(X, y)
    assert_allclose(inside.predict_proba(X), outside.predict_proba(X), rtol=1e-5)


def test_frames_without_preparation(frame):
    rng = np.random.default_rng(0)
    X = {name: rng.normal(size=100) for name in "abc"}
    y = np.where(X["a"] > 0, "yes", "no")
    model = MLPClassifier(**FEW).fit(frame(X), y)
    assert list(model.feature_names_in_) == list("abc")
    assert_array_equal(model.predict(frame(X)), model.fit(frame(X), y).predict(frame(X)))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(np.c_[X["a"], X["b"], X["c"]])


def test_frames_that_a_transformer_puts_out():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame(rng.normal(size=(100, 2)), columns=["u", "v"]), rng.integers(0, 2, 100)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**FEW)).set_output(transform="pandas").fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == ["u", "v"]
    assert pipeline.predict(X).shape == (100,)


def test_partial_fit_keeps_its_transformers():
    rng = np.random.default_rng(0)
    X, y = rng.normal(7, 2, (200, 2)), rng.integers(0, 2, 200)
    model = MLPClassifier(scale="standard", **FEW)
    model.partial_fit(X[:100], y[:100], classes=[0, 1])
    mean = model.columns_.center.copy()
    model.partial_fit(X[100:], y[100:])
    assert_array_equal(model.columns_.center, mean)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "gaussian"])
def test_rows_of_weight_0_do_not_scale_the_target(loss):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), rng.normal(5, 2, 80)
    wild = np.vstack([X, X + 100]), np.r_[y, y * 1000], np.r_[np.ones(80), np.zeros(80)]
    settings = {"scale": "standard", "loss": loss, "solver": "lbfgs", "hidden_layer_sizes": (), "random_state": 0}
    ours, theirs = MLPRegressor(**settings).fit(*wild), MLPRegressor(**settings).fit(X, y)
    assert_allclose(ours.target_mean_, theirs.target_mean_)
    assert_allclose(ours.target_scale_, theirs.target_scale_)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-2)
