"""Other tools: the blocks of docs/howto/works_with.md run, and what they rely on holds without these tools too."""

import io
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import cmlp
from cmlp.callbacks import OptunaPruning

PAGE = Path(__file__).parents[1] / "docs" / "howto" / "works_with.md"
NEEDED = {"optuna": ["optuna"], "shap": ["shap"], "mlflow": ["mlflow", "skops"], "skops": ["skops"], "dask": ["distributed"]}

pytestmark = pytest.mark.filterwarnings("ignore:Maximum iterations")


def block(name):
    """The Python block of the page that imports this library."""
    if not PAGE.exists():
        pytest.skip("the documentation is not beside these tests")
    found = [
        text for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S) if re.search(rf"(import|from) {name}", text)
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what other libraries warn of is theirs
@pytest.mark.parametrize("name", NEEDED)
def test_the_page_runs(name, tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    for needed in NEEDED[name]:
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(block(name), str(PAGE), "exec"), names)
    if name == "optuna":
        assert names["study"].best_value > 0.8
        assert any(trial.state.name == "PRUNED" for trial in names["study"].trials)
    elif name == "shap":
        shown = names["explanation"].values
        assert shown.shape == (10, 4)
        assert np.abs(shown[:, :2]).mean() > 3 * np.abs(shown[:, 2:]).mean()
    elif name == "mlflow":
        assert (names["loaded"].predict_proba(names["X"]) == names["model"].predict_proba(names["X"])).all()
    elif name == "dask":
        assert names["search"].best_score_ > 0.8


# --- Optuna -----------------------------------------------------------------------------------------------------------
class Trial:
    """As a trial of Optuna: it is pruned after so many reports."""

    def __init__(self, most=10):
        self.most, self.reports = most, []

    def report(self, value, step):
        self.reports.append((step, value))

    def should_prune(self):
        return len(self.reports) >= self.most


@pytest.fixture
def data(rng):
    X = rng.normal(size=(60, 3))
    return X, (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("monitor", ["val_loss", "val_score", "loss"])
def test_each_epoch_is_reported(monitor, data):
    trial, net = Trial(), cmlp.Network([3, 4, 1], loss="log_loss")
    history = net.fit(*data, epochs=4, validation_data=data, callbacks=[OptunaPruning(trial, monitor)])
    assert trial.reports == list(zip([1, 2, 3, 4], getattr(history, monitor), strict=True))
    assert history.stopped == "epochs"


def test_a_function_of_the_network_is_reported(data):
    trial, net = Trial(), cmlp.Network([3, 4, 1], loss="log_loss")
    net.fit(*data, epochs=2, callbacks=[OptunaPruning(trial, lambda net: net.score(*data))])
    assert trial.reports[-1] == (2, net.score(*data))


def test_a_pruned_trial_ends_the_training(data):
    optuna = pytest.importorskip("optuna")
    trial, net = Trial(3), cmlp.Network([3, 4, 1], loss="log_loss")
    with pytest.raises(optuna.TrialPruned, match="epoch 3"):
        net.fit(*data, epochs=9, validation_data=data, callbacks=[OptunaPruning(trial)])
    assert len(net.history) == len(trial.reports) == 3
    assert np.isfinite(net.fit(*data, epochs=1).loss[0])


def test_a_pruned_estimator_can_be_fitted_again(data):
    pytest.importorskip("sklearn")
    optuna = pytest.importorskip("optuna")
    model = cmlp.MLPClassifier((4,), max_iter=5, callbacks=[OptunaPruning(Trial(2))], random_state=0)
    with pytest.raises(optuna.TrialPruned):
        model.fit(*data, validation_data=data)
    model.set_params(callbacks=None).fit(*data)
    assert model.n_iter_ == 5


def test_pruning_goes_on_with_a_checkpoint(data, tmp_path):
    path, trial = tmp_path / "training.safetensors", Trial()
    for epochs in (2, 4):
        net = cmlp.Network([3, 4, 1], loss="log_loss")
        checkpoint = cmlp.callbacks.Checkpoint(path, resume=True)
        net.fit(*data, epochs=epochs, validation_data=data, callbacks=[OptunaPruning(trial), checkpoint])
    assert [step for step, _ in trial.reports] == [1, 2, 3, 4]


def test_what_pruning_refuses(data):
    for wrong in (None, 3, Trial, {"report": 1}):
        with pytest.raises(TypeError, match=r"trial must be an optuna\.trial\.Trial"):
            OptunaPruning(wrong)
    with pytest.raises(ValueError, match="its name here is 'val_score'"):
        OptunaPruning(Trial(), "val_accuracy")
    net, trial = cmlp.Network([3, 4, 1], loss="log_loss"), Trial()
    with pytest.raises(ValueError, match="validation_data"):
        net.fit(*data, callbacks=[OptunaPruning(trial)])
    assert net.history is None
    assert trial.reports == []


# --- types to trust ---------------------------------------------------------------------------------------------------
class Names(pickle.Unpickler):
    """What a pickle consists of, by name."""

    def find_class(self, module, name):
        self.found.add(f"{module}.{name}")
        return super().find_class(module, name)


def parts_of(estimator):
    reader = Names(io.BytesIO(pickle.dumps(estimator)))
    reader.found = set()
    reader.load()
    return {name for name in reader.found if name.startswith("cmlp.")}


def fitted():
    """Estimators with parameters of every kind."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = np.arange(60) % 3
    everything = {
        "activation": [cmlp.activations.LeakyReLU(0.1)],
        "loss": cmlp.losses.CrossEntropy(0.1),
        "solver": cmlp.AdamW(cmlp.schedules.WarmUp(cmlp.schedules.Cosine(0.01))),
        "norm": cmlp.BatchNorm(),
        "scale": "quantile",
        "network": {"init": cmlp.initializers.He()},
        "training": {"regularization": cmlp.Regularization(max_norm=3.0), "ema_decay": 0.9},
    }
    intervals = {"loss": cmlp.losses.Quantile((0.1, 0.9)), "scale": "standard", "solver": cmlp.Rprop(), "max_iter": 3}
    return [
        (cmlp.MLPClassifier((4,), max_iter=3, **everything).fit(X, y), X),
        (cmlp.MLPClassifier((4,), max_iter=3, early_stopping=True).fit(X, np.array(["a", "b", "c"])[y]), X),
        (cmlp.MLPClassifier((4,), solver=cmlp.LBFGS(), max_iter=3).fit(X, y), X),
        (cmlp.MLPRegressor((4,), **intervals).fit(X, X[:, 0]), X),
        (cmlp.MLPRegressor((4,), max_iter=3, categorical_features=[0], impute=True).fit(X.round(), X[:, 0]), X.round()),
    ]


@pytest.fixture
def trusted():
    pytest.importorskip("sklearn", reason="cmlp[sklearn] is not installed")
    from cmlp.estimators import TRUSTED_TYPES

    return TRUSTED_TYPES


def test_all_types_of_an_estimator_are_listed(trusted):
    found = [parts_of(estimator) for estimator, _ in fitted()]
    assert {"cmlp.network.Network", "cmlp.estimators.classifier.MLPClassifier"} <= found[0]
    assert set().union(*found) <= set(trusted)


def test_what_runs_the_code_of_users_or_writes_files_is_not_listed(trusted):
    assert not [name for name in trusted if name.startswith(("cmlp.callbacks", "cmlp.persistence"))]
    assert not {"cmlp.losses.custom.Custom", "cmlp.schedules.Function"} & set(trusted)


def test_skops_loads_estimators_bit_for_bit(trusted):
    skops = pytest.importorskip("skops.io")
    for estimator, X in fitted():
        stored = skops.dumps(estimator)
        assert set(skops.get_untrusted_types(data=stored)) <= set(trusted)
        loaded = skops.loads(stored, trusted=trusted)
        np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
        loaded.fit(X, estimator.predict(X) if isinstance(estimator, cmlp.MLPClassifier) else X[:, 0])
