"""What the classes of activations, losses, norms and optimizers say of themselves is so; and every format knows them."""

import dataclasses
import warnings

import numpy as np
import pytest
from common import LOSSES, targets_for

import cmlp
from cmlp import activations, initializers, losses, norms, optimizers, reference, schedules
from cmlp.convert import c_parts, c_source, onnx_graph, torch_import
from cmlp.runtime import registry

SMOOTH = np.linspace(-30, 30, 60_001)
every_activation = pytest.mark.parametrize("name", activations.BY_NAME)
of_one_unit = pytest.mark.parametrize(
    "name", [name for name in activations.BY_NAME if name not in ("softmax", "mean_variance")]
)
every_loss = pytest.mark.parametrize("name", losses.BY_NAME)


# --- the registries -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("compiled", "classes", "described"),
    [
        (registry.activations, activations.BY_NAME, reference.activations.ACTIVATIONS),
        (registry.losses, losses.BY_NAME, reference.losses.LOSSES),
        (registry.norms, norms.BY_NAME, reference.norms.AXIS),
        (registry.optimizers, {kind.name: kind for kind in optimizers.CLASSES}, reference.optimizers.OPTIMIZERS),
    ],
    ids=["activations", "losses", "norms", "optimizers"],
)
def test_every_kernel_has_a_class_and_a_reference(compiled, classes, described):
    variants = {"rmsprop_momentum", "rmsprop_centered"}  # of one class, by its settings
    assert set(compiled) - variants == set(classes)
    assert set(compiled) == set(described)


@pytest.mark.parametrize("module", [activations, losses, norms, optimizers, initializers])
def test_every_class_that_is_defined_is_found_by_its_name(module):
    base = {
        activations: activations.Activation,
        losses: losses.Loss,
        norms: norms.Norm,
        optimizers: optimizers.Optimizer,
        initializers: initializers.Initializer,
    }[module]
    defined = {kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base) and kind is not base}
    assert defined - {losses.Custom} <= set(module.BY_NAME.values())
    assert all(module.resolve(name).name for name in module.BY_NAME) if module in (activations, losses, optimizers) else True


@every_activation
def test_every_format_has_the_activation_or_says_why_not(name):
    assert name in onnx_graph.ACTIVATIONS
    assert name in {*c_parts.OF_ONE, "identity", "softmax"}
    try:
        from cmlp.convert import torch_parts
    except ImportError:
        return
    assert name in torch_parts.ACTIVATIONS


@pytest.mark.parametrize("norm", norms.CLASSES)
def test_every_format_has_the_norm(norm):
    assert norm in onnx_graph.NORMS
    assert norm in c_source.NORMS


@every_activation
def test_a_module_of_pytorch_becomes_the_activation_again(name):
    pytest.importorskip("torch", reason="torch is not installed")
    kind = activations.BY_NAME[name]
    if not kind.hidden:
        assert name in torch_import.REFUSED
        return
    net = cmlp.Network([3, 4, 2], name, "squared_error")
    module = cmlp.convert.to_torch(net)
    if name in torch_import.REFUSED:
        with pytest.raises(ValueError, match="is not supported"):
            cmlp.convert.from_torch(module, loss="squared_error")
        return
    assert cmlp.convert.from_torch(module, loss="squared_error").activations[0] == name


def test_an_unknown_norm_is_refused_by_its_name():
    class Other(cmlp.LayerNorm):
        pass

    net = cmlp.Network([3, 4, 2], norm=Other())
    with pytest.raises(ValueError, match=r"C.*Other"):
        cmlp.convert.to_c(net)
    if pytest.importorskip("onnx", reason="onnx is not installed"):
        with pytest.raises(ValueError, match=r"ONNX.*Other"):
            cmlp.convert.to_onnx(net)


# --- activations --------------------------------------------------------------------------------------------------------
def by_reference(activation, Z):
    return reference.activation_forward(activation.name, Z, activation.parameter)


@of_one_unit
def test_the_range_holds_and_is_reached(name):
    activation = activations.resolve(name)
    A = by_reference(activation, SMOOTH[:, None])[:, 0]
    low, high = activation.range
    assert A.min() >= low - 1e-12
    assert A.max() <= high + 1e-12
    for bound, extreme in ((low, A.min()), (high, A.max())):
        if np.isfinite(bound):
            assert abs(extreme - bound) < 0.05  # softsign comes near slowly


@of_one_unit
def test_the_derivative_jumps_at_the_kinks_alone(name):
    activation = activations.resolve(name)
    step = 1e-5
    centers = np.array([*activation.kinks, -4.7, -2.3, -0.4, 0.3, 1.6, 4.4])
    right, left = (
        np.diff(by_reference(activation, (centers + side * np.array([[0], [1]]) * step).reshape(-1, 1)).reshape(2, -1), axis=0)[
            0
        ]
        for side in (1, -1)
    )
    jumps = np.abs(right + left) / step > 1e-3
    assert jumps.tolist() == [True] * len(activation.kinks) + [False] * 6


def test_parameters_are_traits_of_instances():
    assert activations.ELU(0.5).range[0] == -0.5
    assert activations.ELU(1.0).kinks == ()
    assert activations.ELU(0.5).kinks == (0.0,)
    assert cmlp.Network([2, 3, 1], activations.PReLU(0.1), "log_loss").layers[0].slope.tolist() == pytest.approx([0.1] * 3)


@pytest.mark.parametrize("given", [("leaky_relu", 0.2), activations.ELU, activations.Activation(), 3, None])
def test_what_is_no_activation_is_refused(given):
    with pytest.raises((TypeError, ValueError), match="activation"):
        cmlp.Network([2, 3, 1], given, "log_loss")


# --- losses -------------------------------------------------------------------------------------------------------------
@every_loss
def test_the_domain_is_what_the_network_takes(name, rng):
    loss = LOSSES[name]
    n_outputs = 3 * loss.outputs_per_target
    net = cmlp.Network([2, n_outputs], loss=loss)
    X, Y = rng.normal(size=(20, 2)), targets_for(name, rng, 20, n_outputs)
    assert not loss.domain.outside(Y).any()
    net.cost(X, Y)
    if not loss.domain.bounded:
        return
    low = loss.domain.low
    for wrong in [low - 1, low] if loss.domain.open else [low - 1]:
        bad = Y.copy()
        bad[3, 1] = wrong
        with pytest.raises(ValueError, match=rf"{name}.*{wrong:g}.*y\[3, 1\]"):
            net.cost(X, bad)


@every_loss
def test_the_first_task_is_what_a_vector_means(name):
    loss = LOSSES[name]
    net = cmlp.Network([2, max(loss.outputs_per_target, 2 if loss.exclusive else 1)], loss=loss)
    net.fit(np.arange(8).reshape(4, 2) / 8, [1, 0, 1, 0] if name != "gamma" else [1, 2, 1, 2])
    assert net.classes is not None if loss.classifies else net.classes is None
    if loss.probabilities:
        P = net.predict_proba([[0.1, 0.2]])
        assert P.shape == (1, 2)
        assert P.sum() == pytest.approx(1)
    else:
        with pytest.raises(ValueError, match=name):
            net.predict_proba([[0.1, 0.2]])


@pytest.mark.parametrize("name", [name for name, loss in losses.BY_NAME.items() if loss.probabilities])
def test_probabilities_are_the_same_by_all_three_predictors(name, rng):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    X, y = rng.normal(size=(60, 3)), rng.choice(["a", "b", "c"], 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = cmlp.MLPClassifier((4,), loss=name, max_iter=3, random_state=0).fit(X, y)
    X = X.astype("float32")
    P = estimator.predict_proba(X)
    np.testing.assert_array_equal(estimator.network_.predict_proba(X), P)
    np.testing.assert_array_equal(estimator.to_model().predict_proba(X), P)
    np.testing.assert_array_equal(estimator.to_model().logits(X), estimator.decision_function(X))
    assert estimator.to_model().score(X, y) == estimator.score(X, y)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-6)


# --- hyperparameters ----------------------------------------------------------------------------------------------------
def test_a_class_of_a_users_own_is_checked_like_ours():
    @dataclasses.dataclass(frozen=True)
    class Ramp(schedules.Schedule):
        slope: float
        floor: float = 0.0

        def at(self, epochs, length):
            return self.floor + self.slope * epochs

    Ramp(0.1)
    with pytest.raises(ValueError, match=r"Ramp: slope.*inf"):
        Ramp(float("inf"))
    with pytest.raises(ValueError, match=r"Ramp: floor.*nan"):
        Ramp(0.1, floor=float("nan"))
    with pytest.raises(ValueError, match=r"Adam: learning_rate.*-1"):
        cmlp.Network([2, 1], loss="log_loss").fit(np.zeros((4, 2)), [0, 1, 0, 1], optimizer=cmlp.Adam(Ramp(-1.0)), epochs=2)


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: cmlp.Adam(beta_1=1), r"Adam: beta_1.*1"),
        (lambda: cmlp.AMSGrad(epsilon=0), r"AMSGrad: epsilon.*0"),
        (lambda: cmlp.Rprop(eta_plus=1), "Rprop: eta_plus.*1"),
        (lambda: cmlp.LBFGS(history_size=0), "LBFGS: history_size.*0"),
        (lambda: cmlp.Regularization(l1=-1), "Regularization: l1.*-1"),
        (lambda: cmlp.Stopping(patience=0), "Stopping: patience.*0"),
        (lambda: cmlp.Stopping("val_los"), "Stopping: monitor.*'val_los'.*'val_loss'"),
        (lambda: cmlp.Stopping(min_delta=-1), "Stopping: min_delta.*-1"),
        (lambda: cmlp.Stopping(threshold=float("nan")), "Stopping: threshold.*nan"),
        (lambda: cmlp.Stopping(threshold=-1), "Stopping: threshold.*-1"),
        (lambda: cmlp.Stopping(threshold=10**400), "Stopping: threshold"),
        (lambda: schedules.OneCycle(1.0, pct_start=1), "OneCycle: pct_start.*1"),
        (lambda: schedules.ReduceOnPlateau(0.1, monitor="loss "), "ReduceOnPlateau: monitor"),
        (lambda: activations.ELU(0), "ELU: alpha.*0"),
        (lambda: cmlp.BatchNorm(momentum=2), "BatchNorm: momentum.*2"),
        (lambda: initializers.Normal(-1), "Normal: std.*-1"),
    ],
)
def test_a_number_out_of_range_is_refused_by_its_class_and_field(make, names):
    with pytest.raises(ValueError, match=names):
        make()


@pytest.mark.parametrize(
    "make",
    [lambda: cmlp.Adam("0.1"), lambda: cmlp.Stopping(patience=1.5), lambda: activations.ELU("1"), lambda: cmlp.SGD(True)],
)
def test_a_wrong_kind_is_a_type_error(make):
    with pytest.raises(TypeError, match="must be"):
        make()


def test_defaults_of_early_stopping_are_everywhere_the_same():
    stopping, callback = cmlp.Stopping(), cmlp.callbacks.EarlyStopping().stopping
    plateau = {field.name: field.default for field in dataclasses.fields(schedules.ReduceOnPlateau)}
    assert stopping == callback
    assert (plateau["monitor"], plateau["patience"], plateau["min_delta"]) == ("val_loss", 10, 0.0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"stopping": cmlp.Stopping()},
        {"stopping": cmlp.Stopping("val_score", patience=None)},
        {"callbacks": [cmlp.callbacks.EarlyStopping()]},
        {"callbacks": cmlp.callbacks.ModelCheckpoint("never", "val_score")},
        {"optimizer": cmlp.Adam(schedules.ReduceOnPlateau(0.1))},
    ],
    ids=["loss", "score", "callback", "checkpoint", "plateau"],
)
def test_a_monitor_without_validation_data_is_refused_before_training(arguments):
    net = cmlp.Network([2, 1], loss="log_loss")
    before = net.theta.copy()
    with pytest.raises(ValueError, match=r"monitor='val_\w+'.*validation_data"):
        net.fit(np.zeros((4, 2)), [0, 1, 0, 1], **arguments)
    assert net.history is None
    np.testing.assert_array_equal(net.theta, before)


def test_a_function_can_be_monitored_by_fit_and_callback(rng):
    X, y = rng.normal(size=(50, 2)), rng.integers(0, 2, 50)
    nets = [cmlp.Network([2, 4, 1], loss="log_loss") for _ in range(2)]

    def monitor(net):
        return {1: 1.0, 2: 3.0}.get(len(net.history), 0.0)

    callback = cmlp.callbacks.EarlyStopping(monitor, patience=3)
    first = nets[0].fit(X, y, epochs=50, stopping=cmlp.Stopping(monitor, patience=3))
    second = nets[1].fit(X, y, epochs=50, callbacks=callback)
    assert first.stopped == second.stopped == "patience"
    assert first.best_epoch == callback.best_epoch == 2
    assert len(first) == len(second) == 5
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    assert callback.best == 3.0
    assert callback.values == [1, 3, 0, 0, 0]
