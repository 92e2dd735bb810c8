"""Names of other libraries: arguments and values that are called otherwise here are answered with their name here."""

import copy
import importlib
import inspect
import pickle
import re
import types
from dataclasses import dataclass

import numpy as np
import pytest
from mistakes import X, Y, classifier, refused

import cmlp
from cmlp import activations, callbacks, initializers, losses, norms, optimizers, schedules, validation
from cmlp.validation import names, synonyms

IN_FIT = [
    ({"max_iter": 3}, "Network.fit() got an unexpected argument 'max_iter': epochs is its name here"),
    ({"n_estimators": 3}, "'n_estimators': epochs is its name here"),
    ({"n_jobs": 2}, "'n_jobs': n_threads is its name here"),
    ({"eval_set": (X, Y)}, "'eval_set': validation_data is its name here"),
    ({"X_val": X}, "validation_data=(X_val, y_val)"),
    ({"validation_split": 0.1}, "validation_data=(X_val, y_val)"),
    ({"batch": 3}, "'batch': batch_size is its name here"),
    ({"sample_weights": Y}, "'sample_weights': sample_weight is its name here"),
    ({"solver": "sgd"}, "'solver': optimizer is its name here"),
    ({"clipnorm": 1.0}, "'clipnorm': clip_norm is its name here"),
    ({"learning_rate": 0.1}, "'learning_rate': it belongs to the optimizer, optimizer=cmlp.Adam(0.001)"),
    ({"lr": 0.1}, "'lr': it belongs to the optimizer"),
    ({"betas": (0.9, 0.99)}, "optimizer=cmlp.Adam(beta_1=0.9, beta_2=0.999)"),
    ({"early_stopping": True}, "stopping=cmlp.Stopping(patience=10)"),
    ({"early_stopping_rounds": 5}, "stopping=cmlp.Stopping(patience=10)"),
    ({"tol": 1e-3}, "stopping=cmlp.Stopping(min_delta=1e-4)"),
    ({"weight_decay": 0.1}, "regularization=cmlp.Regularization(weight_decay=0.01)"),
    ({"alpha": 0.1}, "regularization=cmlp.Regularization(l2=1e-4)"),
    ({"random_state": 1}, "'random_state': seed is an argument of Network()"),
    ({"objective": "mse"}, "'objective': loss is an argument of Network()"),
    ({"device": "cuda"}, "'device': cmlp computes on the CPU: leave it out"),
    ({"max_iter": 3, "n_jobs": 2}, "unexpected arguments 'max_iter': epochs is its name here; 'n_jobs': n_threads is"),
    ({"max_iter": 3, "no_such": 2}, "unexpected arguments 'max_iter': epochs is its name here; 'no_such'"),
    ({"no_such": 2}, "Network.fit() got an unexpected argument 'no_such'"),
]


@pytest.mark.parametrize(("given", "message"), IN_FIT, ids=lambda case: "-".join(case) if isinstance(case, dict) else "")
def test_fit_answers_a_misnamed_argument(given, message):
    net = classifier()
    with refused(net, TypeError, re.escape(message)):
        net.fit(X, Y, **given)


OF_CLASSES = [
    (cmlp.Network, "random_state", "Network() got an unexpected argument 'random_state': seed is its name here"),
    (cmlp.Network, "hidden_units", "sizes holds all widths, cmlp.Network([n_inputs, ..., n_outputs])"),
    (cmlp.Network, "units", "sizes holds all widths"),
    (cmlp.Network, "input_dim", "sizes holds it, at the beginning"),
    (cmlp.Network, "n_classes", "sizes holds it, at the end"),
    (cmlp.Network, "activation_function", "activation is its name here"),
    (cmlp.Network, "criterion", "loss is its name here"),
    (cmlp.Network, "use_bias", "bias is its name here"),
    (cmlp.Network, "p", "dropout is its name here"),
    (cmlp.Network, "kernel_initializer", "init is its name here"),
    (cmlp.Network, "lr", "give it to fit: it belongs to the optimizer, optimizer=cmlp.Adam(0.001)"),
    (cmlp.Network, "max_iter", "epochs is an argument of Network.fit()"),
    (cmlp.Network, "X_val", "give it to fit(X, y, validation_data=(X_val, y_val))"),
    (cmlp.SGD, "lr", "SGD() got an unexpected argument 'lr': learning_rate is its name here"),
    (cmlp.SGD, "momentum", "use cmlp.Momentum(learning_rate, momentum)"),
    (cmlp.SGD, "nesterov", "use cmlp.Nesterov(learning_rate, momentum)"),
    (cmlp.Adam, "betas", "give beta_1 and beta_2"),
    (cmlp.Adam, "eps", "epsilon is its name here"),
    (cmlp.Adam, "weight_decay", "use cmlp.AdamW(weight_decay=0.01)"),
    (cmlp.Adam, "amsgrad", "use cmlp.AMSGrad"),
    (cmlp.AdamW, "wd", "weight_decay is its name here"),
    (cmlp.RMSprop, "alpha", "rho is its name here"),
    (cmlp.LBFGS, "lr", "leave it out: a line search finds the length of each step"),
    (cmlp.LBFGS, "tol", "tolerance_grad is its name here"),
    (cmlp.Stopping, "early_stopping_rounds", "patience is its name here"),
    (cmlp.Stopping, "restore_best_weights", "restore_best is its name here"),
    (cmlp.Stopping, "mode", "leave it out: of losses the lower is better"),
    (cmlp.Regularization, "reg_lambda", "l2 is its name here"),
    (cmlp.Regularization, "reg_alpha", "l1 is its name here"),
    (cmlp.BatchNorm, "epsilon", "eps is its name here"),
    (schedules.Step, "gamma", "factor is its name here"),
    (schedules.Step, "step_size", "every is its name here"),
    (schedules.Step, "lr", "initial is its name here"),
    (schedules.OneCycle, "lr", "max_lr is its name here"),
    (schedules.Cosine, "T_max", "epochs is its name here"),
    (schedules.Cosine, "eta_min", "final is its name here"),
    (schedules.ReduceOnPlateau, "eta_min", "min_lr is its name here"),
    (schedules.WarmUp, "warmup_steps", "epochs is its name here"),
    (losses.CrossEntropy, "smoothing", "label_smoothing is its name here"),
    (losses.CrossEntropy, "reduction", "the cost is its mean over the samples"),
    (losses.Huber, "beta", "delta is its name here"),
    (losses.Quantile, "alpha", "quantiles is its name here"),
    (activations.LeakyReLU, "alpha", "negative_slope is its name here"),
    (activations.Tanh, "alpha", "Tanh() got an unexpected argument 'alpha'"),
    (callbacks.EarlyStopping, "n_iter_no_change", "EarlyStopping() got an unexpected argument 'n_iter_no_change': patience is"),
    (callbacks.ModelCheckpoint, "save_best_only", 'give monitor="val_loss" to save the best alone'),
    (callbacks.Checkpoint, "filepath", "path is its name here"),
    (callbacks.CSVLogger, "filename", "path is its name here"),
]


@pytest.mark.parametrize(("kind", "name", "message"), OF_CLASSES)
def test_classes_answer_a_misnamed_argument(kind, name, message):
    with pytest.raises(TypeError) as caught:
        kind(**{name: 0.5})
    assert message in str(caught.value)


OF_ESTIMATORS = [
    ("epochs", "max_iter is its name here"),
    ("seed", "random_state is its name here"),
    ("lr", "learning_rate_init is its name here"),
    ("eta", "learning_rate_init is its name here"),
    ("n_jobs", "n_threads is its name here"),
    ("layers", "hidden_layer_sizes is its name here"),
    ("patience", "n_iter_no_change is its name here"),
    ("reg_lambda", "alpha is its name here"),
    ("weight_decay", "solver=cmlp.AdamW(weight_decay=0.01)"),
    ("objective", "loss is its name here"),
    ("optimizer", "solver is its name here"),
    ("metrics", "scoring is its name here"),
    ("nesterov", "nesterovs_momentum is its name here"),
    ("eval_set", "give it to fit(X, y, validation_data=(X_val, y_val))"),
    ("clip_norm", 'it belongs to the training, training={"clip_norm": ...}'),
    ("use_bias", 'it belongs to the network, network={"bias": ...}'),
]


@pytest.mark.parametrize(("name", "message"), OF_ESTIMATORS)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_estimators_answer_a_misnamed_argument(kind, name, message):
    pytest.importorskip("sklearn")
    with pytest.raises(TypeError) as caught:
        getattr(cmlp, kind)(**{name: 1})
    assert f"{kind}() got an unexpected argument '{name}': " in str(caught.value)
    assert message in str(caught.value)


def test_the_methods_of_estimators_answer_under_their_own_name():
    pytest.importorskip("sklearn")
    for model in (cmlp.MLPClassifier(), cmlp.MLPRegressor()):
        kind = type(model).__name__
        for method in (model.fit, model.partial_fit):
            with pytest.raises(TypeError) as caught:
                method(X, Y, epochs=3)
            expected = f"{kind}.{method.__name__}() got an unexpected argument 'epochs': max_iter is an argument of {kind}()"
            assert str(caught.value) == expected
        with pytest.raises(TypeError, match=rf"^{kind}\.fit\(\) missing 1 required positional argument: 'y'"):
            model.fit(X)
        with pytest.raises(TypeError, match="'sample_weights': sample_weight is its name here"):
            model.fit(X, Y, sample_weights=Y)
        assert not hasattr(model, "network_")


def test_estimators_keep_their_signature_and_parameters():
    base = pytest.importorskip("sklearn.base")
    model = cmlp.MLPClassifier((5,), max_iter=3, random_state=1)
    assert list(inspect.signature(cmlp.MLPClassifier).parameters)[:2] == ["hidden_layer_sizes", "activation"]
    assert model.get_params()["max_iter"] == 3
    assert base.clone(model).get_params() == model.get_params()
    assert "sample_weight" in inspect.signature(model.fit).parameters


def test_a_warning_of_an_estimator_points_to_the_call_of_fit():
    exceptions = pytest.importorskip("sklearn.exceptions")
    with pytest.warns(exceptions.ConvergenceWarning) as caught:
        cmlp.MLPClassifier((3,), max_iter=1).fit(X, Y)
    assert caught[0].filename == __file__


# --- how it is done ---------------------------------------------------------------------------------------------------
def test_a_type_error_from_inside_stays_as_it_is():
    @validation.answer_misnamed
    def outer(epochs=1):
        return inner(epochs)

    def inner(epochs):
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        outer()
    with pytest.raises(TypeError, match=r"^outer\(\) got an unexpected argument 'n_epochs': epochs is its name here$"):
        outer(n_epochs=1)


def test_a_decorated_class_method_answers():
    class Columns:
        @classmethod
        @validation.answer_misnamed
        def fit(cls, X, max_categories=None):
            return X

    assert Columns.fit(3) == 3
    with pytest.raises(TypeError, match=r"^Columns\.fit\(\) got an unexpected argument 'max_levels': max_categories is"):
        Columns.fit(3, max_levels=2)


def test_a_subclass_with_arguments_of_its_own_takes_them():
    class Wide(cmlp.Network):
        def __init__(self, units, lr):
            super().__init__([2, units, 2])

    @dataclass(frozen=True)
    class Warm(cmlp.Adam):
        lr: float = 0.1

    @dataclass(frozen=True, init=False)
    class Anything(cmlp.Stopping):
        def __init__(self, **given):
            super().__init__("loss")

    assert Wide(units=3, lr=1).sizes == [2, 3, 2]
    assert Warm(lr=0.2).lr == 0.2
    assert Anything(mode="min").monitor == "loss"


def test_hyperparameters_are_copied_and_pickled():
    for each in (cmlp.Adam(0.1), schedules.WarmUp(schedules.Cosine(0.1)), losses.Huber(2.0), activations.Tanh()):
        assert copy.deepcopy(each) == pickle.loads(pickle.dumps(each)) == each


def test_no_synonym_is_told_of_an_argument_that_there_is():
    """What the tables send elsewhere must not be an argument of the thing itself."""
    for owner, answers in synonyms.ELSEWHERE.items():
        name, _, method = owner.partition(".")
        kind = getattr(cmlp, {"BaseMLP": "MLPClassifier"}.get(name, name), None) or getattr(losses, name, None)
        kind = kind or getattr(callbacks, name, None) or getattr(schedules, name)
        known = inspect.signature(getattr(kind, method) if method else kind).parameters
        assert not set(known) & set(answers), owner


# --- values -----------------------------------------------------------------------------------------------------------
VALUES = [
    (
        {"loss": "mse"},
        r"loss must be one of 'squared_error', .*, got 'mse': its name here is 'squared_error' \(half the squared",
    ),
    ({"loss": "MSELoss"}, "'squared_error'"),
    ({"loss": "mean_squared_error"}, "'squared_error'"),
    ({"loss": "mae"}, "'absolute_error'"),
    ({"loss": "binary_crossentropy"}, "'log_loss'"),
    ({"loss": "BCEWithLogitsLoss"}, "'log_loss'"),
    ({"loss": "logistic"}, "'log_loss'"),
    ({"loss": "sparse_categorical_crossentropy"}, "'cross_entropy'"),
    ({"loss": "CrossEntropy"}, "its name here is 'cross_entropy'$"),
    ({"loss": "smooth_l1"}, "'huber'"),
    ({"loss": "pinball"}, "'quantile'"),
    ({"loss": "hinge"}, "got 'hinge': it is not implemented; 'log_loss'"),
    ({"loss": "focal"}, r"not implemented; .*cmlp\.losses\.Custom"),
    ({"loss": "quantil"}, "did you mean 'quantile'"),
    ({"activation": "swish"}, r"got 'swish': its name here is 'silu' \(Z sigmoid"),
    ({"activation": "logistic"}, "'sigmoid'"),
    ({"activation": "linear"}, "'identity'"),
    ({"activation": "LeakyReLU"}, "its name here is 'leaky_relu'"),
    ({"activation": "lrelu"}, "'leaky_relu'"),
    ({"activation": "hardswish"}, "not implemented; 'silu'"),
    ({"output": "linear"}, "output must be one of .*'identity'"),
    ({"init": "he_normal"}, r"its name here is 'he' \(normal"),
    ({"init": "kaiming_uniform"}, "'he' .*not uniform"),
    ({"init": "xavier_uniform"}, "'glorot_uniform'"),
    ({"init": "lecun_normal"}, "'xavier'"),
    ({"bias_init": "ones"}, r"'constant' \(cmlp\.initializers\.Constant\(1\)"),
    ({"norm": "bn"}, r"'batch' \(cmlp\.BatchNorm"),
    ({"norm": "LayerNormalization"}, "'layer'"),
    ({"norm": "rmsnorm"}, "not implemented; 'layer'"),
]


@pytest.mark.parametrize(
    ("given", "message"), VALUES, ids=lambda case: "-".join(case.values()) if isinstance(case, dict) else ""
)
def test_a_name_of_another_library_is_answered(given, message):
    with pytest.raises(ValueError, match=message):
        cmlp.Network([2, 3, 3], **given)


@pytest.mark.parametrize(
    ("name", "message"),
    [("AdamW", "'adamw'$"), ("SGD", "'sgd'$"), ("nag", "'nesterov'"), ("L-BFGS-B", "'lbfgs'"), ("adamax", "not implemented")],
)
def test_an_optimizer_of_another_library_is_answered(name, message):
    with refused(net := classifier(), ValueError, message):
        net.fit(X, Y, optimizer=name)


@pytest.mark.parametrize(
    ("name", "message"), [("val_accuracy", "'val_score'"), ("train_loss", "'loss'"), ("auc", "a function")]
)
def test_a_monitor_of_another_library_is_answered(name, message):
    for kind in (cmlp.Stopping, callbacks.EarlyStopping, lambda name: schedules.ReduceOnPlateau(0.1, monitor=name)):
        with pytest.raises(ValueError, match=message):
            kind(name)


def test_a_schedule_by_name_is_answered():
    with pytest.raises(TypeError, match=r"Adam: learning_rate must be .*'cosine': give cmlp\.schedules\.Cosine\(0\.01\)"):
        cmlp.Adam("cosine")
    with pytest.raises(TypeError, match=r"got True$"):
        cmlp.Adam(True)


def test_a_number_as_the_learning_rate_of_an_estimator_is_answered():
    pytest.importorskip("sklearn")
    with pytest.raises(TypeError, match=r"learning_rate must be one of .*, got 0\.01: a number is learning_rate_init=0\.01"):
        cmlp.MLPClassifier(learning_rate=0.01).fit(X, Y)
    with pytest.raises(ValueError, match=r"got 'cosine': give cmlp\.schedules\.Cosine"):
        cmlp.MLPRegressor(learning_rate="cosine").fit(X, Y)
    with pytest.raises(ValueError, match=r"solver must be .*got 'AdamW': its name here is 'adamw'"):
        cmlp.MLPRegressor(solver="AdamW").fit(X, Y)


KNOWN = {
    "loss": losses.BY_NAME,
    "activation": activations.BY_NAME,
    "output": activations.BY_NAME,
    "optimizer": optimizers.BY_NAME,
    "solver": optimizers.BY_NAME,
    "init": initializers.BY_NAME,
    "bias_init": initializers.BY_NAME,
    "norm": norms.BY_NAME,
    "monitor": validation.MONITORS,
    "learning_rate": ("constant", "invscaling", "adaptive"),
}


@pytest.mark.parametrize("kind", names.KINDS)
def test_every_answer_is_a_name_that_there_is(kind):
    table = names.KINDS[kind]
    assert {here for here, _ in table.values()} <= {*KNOWN[kind], ""}
    assert all(note and key == names.plain(key) for key, (_, note) in table.items())
    assert not {names.plain(name) for name in KNOWN[kind]} & set(table)


# --- what users see of classes that are not theirs --------------------------------------------------------------------
MODULES = ["cmlp", *(f"cmlp.{name}" for name in ("activations", "callbacks", "data", "datasets", "initializers", "losses"))]
MODULES += [f"cmlp.{name}" for name in ("convert", "inspection", "layers", "persistence", "schedules", "reference")]


def public(module):
    """The classes and functions of cmlp in a public module, by name."""
    listed = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    found = {name: getattr(module, name) for name in listed}
    return {name: each for name, each in found.items() if str(getattr(each, "__module__", "")).startswith("cmlp")}


def public_methods(kind):
    for name, method in inspect.getmembers(kind, lambda each: isinstance(each, (types.FunctionType, types.MethodType))):
        if not name.startswith("_") and name != "check" and method.__module__.startswith("cmlp"):
            yield name


@pytest.mark.parametrize("name", MODULES)
def test_messages_name_public_classes_alone(name):
    if name == "cmlp":
        pytest.importorskip("sklearn")
    known = {each for module in MODULES for each in public(importlib.import_module(module))}
    for thing in public(importlib.import_module(name)).values():
        if not isinstance(thing, type):
            calls = [thing] if inspect.isfunction(thing) else []
        else:
            calls = [getattr(object.__new__(thing), method) for method in public_methods(thing)]
        for call in calls:
            if any(each.kind is each.VAR_KEYWORD for each in inspect.signature(call).parameters.values()):
                continue
            with pytest.raises(TypeError) as caught:
                call(no_such_argument=1)
            called = str(caught.value).split("()")[0].split(".")
            assert called[0] in known, str(caught.value)
            assert called[-1] == call.__name__


def test_the_methods_of_a_network_can_be_pickled_by_name():
    assert pickle.loads(pickle.dumps(cmlp.Network.predict)) is cmlp.Network.predict
    net = classifier()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(net.predict))(X), net.predict(X))
