"""Estimators in files, and as models without scikit-learn."""

import json

import numpy as np
import pytest
from common import paired, run_python, seeds
from numpy.testing import assert_allclose, assert_array_equal

import cmlp
from cmlp.data.columns import Columns
from cmlp.persistence.values import described, restored

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

from sklearn.base import clone  # noqa: E402

from cmlp import MLPClassifier, MLPRegressor  # noqa: E402


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def mixed_table(rng, n=80):
    """Numbers with some missing, a constant column, text, and whole numbers that name things."""
    X = np.empty((n, 5), dtype=object)
    X[:, 0] = rng.normal(50, 10, n).round(3)
    X[rng.integers(0, n, 9), 0] = np.nan
    X[:, 1] = rng.choice(["red", "green", "deep blue"], n)
    X[:, 2] = rng.lognormal(size=n)
    X[:, 3] = rng.choice([3, 7, 11], n)
    X[:, 4] = 2.5
    return X


KINDS = [
    {},
    {"scale": "standard"},
    {"scale": "quantile"},
    {"impute": True},
    {"scale": "standard", "impute": True},
    {"scale": "quantile", "impute": True, "norm": "batch"},
    {"training": {"ema_decay": 0.9}, "dropout": 0.1},
    {"early_stopping": True},
    {"early_stopping": True, "scoring": "neg_mean_absolute_error"},
]


def fitted(rng, kind, settings, labels=None, target=None):
    settings = {"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0} | settings
    if settings.get("scale") or settings.get("impute"):
        X = mixed_table(rng)
        settings |= {"categorical_features": [1, 3], "impute": settings.get("impute", False)}
        if not settings["impute"]:
            X[:, 0] = np.nan_to_num(X[:, 0].astype(float))
    else:
        X = rng.normal(size=(80, 5))
    y = labels[rng.integers(0, len(labels), 80)] if labels is not None else target(rng)
    return kind(**settings).fit(X, y), X


def same(one, other, X):
    assert_array_equal(one.predict(X), other.predict(X))
    assert one.get_params() == other.get_params()
    for name in ("n_iter_", "t_", "loss_", "best_loss_", "loss_curve_", "validation_scores_", "n_features_in_"):
        assert getattr(one, name) == getattr(other, name)
    assert one.history_.loss == other.history_.loss


LABELS = [np.array(["no", "yes"]), np.array([3, 5, 9]), np.array(["a", "b", "c"], dtype=object), np.array([False, True])]
VALUES = [(loss, n) for loss in (None, "gaussian", cmlp.losses.Quantile((0.1, 0.5, 0.9))) for n in (1, 2)]


@pytest.mark.parametrize(("settings", "labels"), [pair[:2] for pair in paired(KINDS[:-1], LABELS)], ids=str)
def test_classifiers(settings, labels, path, rng):
    model, X = fitted(rng, MLPClassifier, settings, labels)
    cmlp.save(model, path)
    again = cmlp.load(path)
    same(model, again, X)
    assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert again.classes_.dtype == model.classes_.dtype
    plain = cmlp.load_model(path)
    assert_array_equal(plain.predict(X), model.predict(X))
    assert_allclose(plain.predict_proba(X), model.predict_proba(X), rtol=1e-6)
    again.set_params(warm_start=True).fit(X, labels[rng.integers(0, len(labels), 80)])


@pytest.mark.parametrize(("settings", "target"), [pair[:2] for pair in paired(KINDS, VALUES)], ids=str)
def test_regressors(settings, target, path, rng):
    loss, n_targets = target
    model, X = fitted(
        rng, MLPRegressor, settings | {"loss": loss}, target=lambda rng: rng.normal(7, 3, (80, n_targets)).squeeze()
    )
    cmlp.save(model, path)
    again = cmlp.load(path)
    same(model, again, X)
    assert_allclose(cmlp.load_model(path).predict(X), model.predict(X), rtol=2e-6)
    if loss == "gaussian":
        assert_array_equal(model.predict_interval(X), again.predict_interval(X))


def test_multilabel(path, rng):
    X, Y = rng.normal(size=(60, 3)), rng.integers(0, 2, (60, 4))
    model = MLPClassifier((5,), max_iter=3, random_state=0).fit(X, Y)
    cmlp.save(model, path)
    same(model, cmlp.load(path), X)
    assert_array_equal(cmlp.load_model(path).predict(X), model.predict(X))


@pytest.mark.parametrize("seed", seeds(30, 12))
def test_columns_without_scikit_learn(seed):
    """The same matrix as scikit-learn's transformers, to the last digits."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, QuantileTransformer, StandardScaler

    rng = np.random.default_rng(seed)
    X = mixed_table(rng)
    impute, scale = bool(rng.integers(2)), [None, "standard", "quantile"][rng.integers(3)]
    if not impute:
        X[:, 0] = np.nan_to_num(X[:, 0].astype(float))
    if seed % 3 == 0:
        X[:, 2] = rng.choice([1.0, 2.0], 80)
    steps = {
        None: [],
        "standard": [StandardScaler()],
        "quantile": [QuantileTransformer(n_quantiles=80, output_distribution="normal")],
    }
    first = SimpleImputer(strategy="median", add_indicator=True) if impute else FunctionTransformer()
    numbers, words = [place for place in range(X.shape[1]) if place not in (1, 3)], OneHotEncoder(handle_unknown="ignore")
    theirs = ColumnTransformer(
        [("n", make_pipeline(first, *steps[scale]), numbers), ("c", words, [1, 3])], sparse_threshold=0
    ).fit(X)
    ours = Columns.fit(X, scale=scale, categorical_features=[1, 3], impute=impute)
    new = mixed_table(np.random.default_rng(seed + 100)) if impute else X[::-1]
    new[0, 1], new[1, 3] = "violet", 99
    expected = theirs.transform(new).astype(float)
    if impute and scale == "quantile":  # indicators stay 0 and 1
        indicators = slice(len(ours.kept), ours.n_numbers)
        expected[:, indicators] = expected[:, indicators] > 0
    assert_allclose(ours.transform(new), expected, rtol=1e-12, atol=1e-12)
    assert ours.n_inputs == expected.shape[1]


def test_numbers_beside_the_outermost_quantiles():
    """What is nearer to them than scikit-learn's bound counts as at them."""
    from sklearn.preprocessing import QuantileTransformer

    known = np.array([[0.0], [1.0], [2.0]])
    theirs = QuantileTransformer(n_quantiles=3, output_distribution="normal").fit(known)
    X = np.array([[-1.0], [0.0], [5e-8], [2e-7], [1.0], [2 - 2e-7], [2 - 5e-8], [2.0], [3.0]])
    assert_allclose(Columns(["numeric"], quantiles=known, ranked=[0]).transform(X), theirs.transform(X), rtol=1e-12, atol=1e-12)


def test_a_column_of_which_nothing_is_known(rng, path):
    X = rng.normal(size=(40, 3))
    X[:, 1] = np.nan
    model = MLPRegressor((4,), impute=True, scale="standard", max_iter=2, random_state=0).fit(X, X[:, 0])
    assert model.network_.sizes[0] == 2
    cmlp.save(model, path)
    assert_allclose(cmlp.load_model(path).predict(X), model.predict(X), rtol=1e-6)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library, path, rng):
    frames = pytest.importorskip(library)
    X = mixed_table(rng)
    columns = {
        "size": X[:, 0].astype(float), "colour": X[:, 1].astype(str), "weight": X[:, 2].astype(float),
        "code": X[:, 3].astype(int), "one": X[:, 4].astype(float),
    }  # fmt: skip
    table = frames.DataFrame(columns)
    y = np.where(X[:, 2] > 1, "heavy", "light")
    model = MLPClassifier(
        (5,), scale="standard", impute=True, categorical_features=["colour", "code"], max_iter=3, random_state=0
    )
    model.fit(table, y)
    cmlp.save(model, path)
    again = cmlp.load(path)
    same(model, again, table)
    assert again.feature_names_in_.tolist() == list(columns)
    plain = cmlp.load_model(path)
    assert_array_equal(plain.predict(table), model.predict(table))
    for each in (plain, model):
        assert_array_equal(each.predict(frames.DataFrame(dict(reversed(columns.items())))), model.predict(table))
    with pytest.raises(ValueError, match=r"'size'.*'extra'"):
        plain.predict(frames.DataFrame({"extra": columns["size"]} | {k: v for k, v in columns.items() if k != "size"}))
    text = frames.DataFrame(columns | {"size": columns["colour"]})
    with pytest.raises(ValueError, match="column 'size'"):
        plain.predict(text)


def test_what_cannot_be_saved(path, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    for settings, message in [
        ({"callbacks": [cmlp.callbacks.EarlyStopping("loss")]}, r"MLPClassifier.*callbacks\[0\].*EarlyStopping"),
        ({"learning_rate": lambda step: 0.01}, "learning_rate.*function"),
        ({"random_state": np.random.RandomState(0)}, "random_state.*RandomState"),
    ]:
        model = MLPClassifier((4,), max_iter=2, **settings).fit(X, y)
        with pytest.raises((TypeError, ValueError), match=message):
            cmlp.save(model, path)
    with pytest.raises(TypeError, match="int"):
        cmlp.save(3, path)
    assert not path.exists()


def frame_with_text(rng):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    shops = pd.Series(rng.choice(["north", "south"], 60), dtype="object")
    return pd.DataFrame({"x": rng.normal(size=60), "shop": shops, "zone": rng.integers(0, 3, 60)})


GIVEN = {
    "a mask": lambda frame: {"categorical_features": np.array([False, True, True])},
    "an index": lambda frame: {"categorical_features": frame.columns[1:]},
    "an array of names": lambda frame: {"categorical_features": frame.columns[1:].to_numpy()},
    "a series": lambda frame: {"categorical_features": frame.columns[1:].to_series()},
    "a tuple": lambda frame: {"categorical_features": ("shop", "zone")},
    "arrays of numbers": lambda frame: {
        "categorical_features": np.array(["shop", "zone"]),
        "hidden_layer_sizes": np.array([6, 5]),
        "dropout": np.array([0.1, 0.2]),
        "network": {"bias_init": [np.arange(6.0), np.arange(5.0), "zeros"], "init": [np.eye(6), None, None]},
    },
    "a range": lambda frame: {"categorical_features": ["shop", "zone"], "hidden_layer_sizes": range(6, 4, -1)},
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_parameters_of_many_kinds(kind, given, path, rng):
    """What fit takes, save takes."""
    frame = frame_with_text(rng)
    settings = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "random_state": np.int64(0)} | GIVEN[given](frame)
    model = kind(**settings).fit(frame, frame["zone"])
    cmlp.save(model, path)
    again = cmlp.load(path)
    assert_array_equal(again.predict(frame), model.predict(frame))
    for name, value in settings.items():
        if hasattr(value, "__array__") and np.ndim(value):
            assert isinstance(getattr(again, name), np.ndarray)
            assert_array_equal(getattr(again, name), value)
        elif name != "network":
            assert getattr(again, name) == value
    assert_array_equal(again.fit(frame, frame["zone"]).predict(frame), model.predict(frame))


@pytest.mark.parametrize(
    "value", [range(3, -5, -2), (1, (2.5, "a")), [np.nan, np.inf], np.zeros((0, 2)), np.arange(3, dtype="u1")]
)
def test_values_come_back(value):
    again = restored(json.loads(json.dumps(described(value, "it"))))
    assert type(again) is type(value)
    assert_array_equal(again, value) if isinstance(value, (np.ndarray, list)) else None
    assert isinstance(value, (np.ndarray, list)) or again == value
    assert getattr(again, "dtype", None) == getattr(value, "dtype", None)


@pytest.mark.parametrize(
    "given",
    [
        {"range": [0, 1]},
        {"range": [0, 1, 0]},
        {"range": [0, "9", 1]},
        {"range": [0, 2**70, 1]},
        {"array": [[3], "int64", [1, 2]]},
        {"array": [[-1], "int64", [1, 2]]},
        {"array": [[2], "datetime64[D]", [1, 2]]},
        {"array": [[1], "U9999", ["a"], 3]},
        {"array": [[1], "U99999999", ["a"]]},
        {"array": [[1], "object", [{"kind": "Adam", "fields": {}}]]},
    ],
    ids=str,
)
def test_values_that_are_refused(given):
    with pytest.raises((ValueError, TypeError)):
        restored(given)


def test_dates_cannot_be_saved():
    with pytest.raises(ValueError, match=r"categorical_features must be strings or numbers.*date"):
        described(np.array(["2020-01-01"], "M8[D]"), "categorical_features")


class Named(MLPRegressor):
    """A subclass with a parameter and a method of its own."""

    def __init__(self, hidden_layer_sizes=(6,), *, name="", max_iter=3, random_state=0, scale=None):
        super().__init__(hidden_layer_sizes, max_iter=max_iter, random_state=random_state, scale=scale)
        self.name = name

    def greet(self):
        return self.name


def test_a_subclass_comes_back_as_its_base(path, rng):
    X = rng.normal(size=(40, 3))
    model = Named(name="mine", scale="standard").fit(X, X[:, 0])
    assert model.greet() == "mine"
    cmlp.save(model, path)
    again = cmlp.load(path)
    assert type(again) is MLPRegressor
    assert_array_equal(again.predict(X), model.predict(X))
    assert_array_equal(cmlp.load_model(path).predict(X), model.predict(X))
    assert again.scale == "standard"
    assert_array_equal(again.fit(X, X[:, 0]).predict(X), model.predict(X))
    twin = clone(model).set_params(name="other")
    assert (twin.name, twin.max_iter) == ("other", 3)


def test_parameters_of_other_types(path, rng):
    from fractions import Fraction
    from types import MappingProxyType

    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    for settings in (
        {"categorical_features": {0, 1}},
        {"categorical_features": {0: 1}.keys()},
        {"dtype": np.float64},
        {"dtype": np.dtype("float64")},
        {"network": MappingProxyType({"residual": 0})},
        {"learning_rate_init": Fraction(1, 10)},
    ):
        model = MLPClassifier((4,), max_iter=2, random_state=0, **settings).fit(X, y)
        cmlp.save(model, path)
        assert_array_equal(cmlp.load(path).predict(X), model.predict(X))


@pytest.mark.slow
def test_without_scikit_learn(path, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    model = MLPClassifier((4,), max_iter=2, scale="standard", random_state=0).fit(X, y)
    cmlp.save(model, path)
    code = f"""
import sys; sys.modules["sklearn"] = None
import cmlp
print(cmlp.load_model({str(path)!r}).predict([[1.0, 2.0, 3.0]]))
try:
    cmlp.load({str(path)!r})
except ImportError as error:
    print(error)
"""
    done = run_python("-c", code)
    assert done.stdout.splitlines()[0] == str(model.predict([[1.0, 2.0, 3.0]]))
    assert "pip install cmlp[sklearn]" in done.stdout


# --- models -----------------------------------------------------------------------------------------------------------
def test_models(path, rng):
    X = rng.normal(5, 2, (50, 3))
    net = cmlp.Network([3, 4, 1], loss="squared_error", seed=1)
    model = cmlp.Model(
        net, Columns.fit(dict(zip("abc", X.T)), scale="standard"), mean=np.array([5.0]), scale=np.array([2.0]), target="d"
    )
    cmlp.save(model, path)
    again = cmlp.load(path)
    assert isinstance(again, cmlp.Model)
    assert_array_equal(again.predict(X), model.predict(X))
    assert again.target == "d"
    assert again.columns.names == ["a", "b", "c"]
    assert_allclose(model.predict(X), net.predict((X - X.mean(axis=0)) / X.std(axis=0)) * 2 + 5)
    with pytest.raises(ValueError, match=r"'squared_error'.*probabilit"):
        model.predict_proba(X)
    with pytest.raises(ValueError, match=r"X.*2.*3"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match=r"column 'b'.*NaN in row 1"):
        model.predict([[1, 2, 3], [1, np.nan, 3]])
    with pytest.raises(TypeError, match="int"):
        cmlp.Model.of(3)
    assert Columns(["numeric"] * 2).transform([[1, 2]]).tolist() == [[1, 2]]


def test_a_variance_is_in_squared_units(rng):
    X, net = rng.normal(size=(9, 3)), cmlp.Network([3, 4, 4], loss="gaussian")
    model = cmlp.Model(net, mean=np.array([5.0, -1.0]), scale=np.array([2.0, 3.0]))
    assert_allclose(model.forward(X), net.forward(X) * [2, 4, 3, 9] + [5, 0, -1, 0], rtol=1e-6)
