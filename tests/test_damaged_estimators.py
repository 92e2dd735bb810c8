"""Damaged and malicious files of estimators: they are refused, or come back whole."""

import numpy as np
import pytest
from hostile import damaged, parts, refused, updated, updated_columns
from numpy.testing import assert_array_equal

import cmlp
from cmlp import DamagedFileError

pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

from cmlp import MLPRegressor  # noqa: E402


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def small(path):
    X = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 7.0], [4.0, 5.0]])
    settings = {"scale": "standard", "impute": True}
    model = MLPRegressor((1,), max_iter=1, random_state=0, **settings).fit(X, X[:, 0])
    cmlp.save(model, path)
    return model, X


@pytest.mark.slow
def test_flips_and_truncations(path):
    model, X = small(path)
    content, expected = path.read_bytes(), model.predict(X)
    same = 0
    for given in damaged(content, np.random.default_rng(0), every=7):
        path.write_bytes(given)
        try:
            again = cmlp.load(path)
        except DamagedFileError:
            continue
        same += 1
        assert_array_equal(again.predict(X), expected)
    assert same < 40


def estimator(**changes):
    return updated("estimator", **changes)


def columns(**changes):
    return updated_columns("estimator", **changes)


MALICIOUS = {
    "another class": (estimator(**{"class": "Popen"}), "'Popen'"),
    "an unknown parameter": (estimator(params={"os": 1}), "'os'"),
    "a parameter to be made": (estimator(params={"solver": {"kind": "system", "fields": {}}}), "'system'"),
    "fields of another": (estimator(params={"solver": {"kind": "Adam", "fields": {"x": 1}}}), "Adam.*'x'"),
    "text for a number": (estimator(n_iter_="7"), "n_iter_.*'7'"),
    "other features": (estimator(n_features_in_=5), "5 features.*columns"),
    "no columns": (estimator(columns=None), "2 features.*columns"),
    "classes of a regressor": (estimator(classes=["<U1", ["a", "b", "c"]]), "classes.*2.*3"),
    "more parts": (estimator(hook=1), "estimator.*class.*parameters.*columns"),
    "another kind": (columns(kinds=["numeric", "pickle"]), "kinds.*'pickle'"),
    "kinds of numbers": (columns(kinds=[2**40, 1]), f"kinds.*{2**40}"),
    "indicated out of range": (columns(indicated=[9]), "indicated.*9"),
    "names too few": (columns(names=["a"]), "names.*2 strings"),
    "names of numbers": (columns(names=[1, 2]), "names.*list"),
    "equal categories": (
        columns(
            kinds=["numeric", "categorical"],
            indicated=[],
            categories=[{"levels": ["a"] * 9, "n_infrequent": 0, "handle_unknown": "ignore"}],
        ),
        "categories.*different",
    ),
    "more parts of columns": (columns(more=1), "columns"),
}


@pytest.mark.parametrize("name", MALICIOUS)
def test_malicious_files(name, path):
    make, message = MALICIOUS[name]
    small(path)
    path.write_bytes(make(*parts(path.read_bytes())))
    with refused(path, message):
        cmlp.load(path)
