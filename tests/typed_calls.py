"""Every documented way of calling cmlp, for type checkers: ``mypy --strict tests/typed_calls.py``, and pyright. Not run."""

from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import cmlp
from cmlp import activations, callbacks, datasets, initializers, inspection, losses, schedules

X, y, X_test, y_test = datasets.load_digits(split=True)
weights = np.ones(len(y))


def focal(Z: NDArray[Any], Y: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
    return Z.sum(axis=1), Z - Y


# --- networks ---------------------------------------------------------------------------------------------------------
plain = cmlp.Network([64, 64, 10], activation="relu", loss="cross_entropy", input_scale=1 / 16, seed=0)
mixed = cmlp.Network(
    [64, 32, 32, 10],
    ["relu", activations.ELU(0.5)],
    losses.CrossEntropy(label_smoothing=0.1),
    norm=["batch", None],
    dropout=[0.1, 0.2],
    residual=[0, 1],
    bias=[True, True, False],
    init=[initializers.He(), "glorot_uniform", None],
    bias_init="zeros",
    dtype=np.float64,
    seed=np.random.default_rng(0),
    classes=range(10),
)
cmlp.Network([64, 8, 1], activations.LeakyReLU(0.2), losses.Quantile(0.5), output=activations.ELU(0.5), norm=cmlp.BatchNorm())
cmlp.Network([64, 1], loss=focal)
cmlp.Network([64, 1], loss=losses.Custom(focal, task="classification"), output="sigmoid")

history = plain.fit(
    X,
    y,
    optimizer=cmlp.Adam(schedules.OneCycle(0.01)),
    batch_size=32,
    epochs=3,
    sample_weight=weights,
    class_weight={0: 2.0, 1: 1.0},
    regularization=cmlp.Regularization(l2=1e-4, weight_decay=schedules.Cosine(0.1), layers=[0]),
    clip_norm=1.0,
    lr_multipliers={"b*": 2.0},
    ema_decay=0.99,
    gradient_accumulation_steps=2,
    validation_data=(X_test, y_test, np.ones(len(y_test))),
    stopping=cmlp.Stopping("val_score", patience=5, min_delta=1e-4),
    verbose=1,
    callbacks=[callbacks.EarlyStopping(lambda net: 0.0), callbacks.Checkpoint(Path("a"), minutes=1.0, resume=True)],
)
assert_type(history, cmlp.History)
plain.fit(X, y, optimizer="lbfgs", batch_size="auto")
plain.fit(
    X, y, optimizer="lbfgs", batch_size=None, dropout=lambda step: 0.5, class_weight="balanced", callbacks=callbacks.Progress()
)
plain.fit(X.tolist(), y.tolist(), validation_data=(X_test, y_test), verbose=lambda history, epochs: None)
assert_type(plain.step(X, y, cmlp.SGD(0.1)), float)
assert_type(plain.predict(X), NDArray[Any])
assert_type(plain.predict_proba(X), NDArray[Any])
assert_type(plain.logits(X), NDArray[Any])
assert_type(plain.forward(X, passes=3), NDArray[Any])
assert_type(plain.score(X, y), float)
assert_type(plain.cost(X, y, training=True), float)
assert_type(plain.gradient(X, y)[1], NDArray[Any])
assert_type(plain.trace(X[:1], y[:1]), cmlp.Trace)
assert_type(plain.ema_network(), cmlp.Network)
assert_type(plain.reset(1).copy().astype("float64"), cmlp.Network)
plain.theta = np.zeros(plain.n_params)
assert_type(plain.layers[0].W, NDArray[Any])
print(plain.summary(), plain.classes, plain.ema, plain.history, history.to_dict())

# --- estimators -------------------------------------------------------------------------------------------------------
classifier = cmlp.MLPClassifier(
    (64, 32),
    activation=["relu", activations.LeakyReLU(0.2)],
    solver=cmlp.Adam(0.01),
    early_stopping=True,
    dropout=0.2,
    norm="layer",
    scale="standard",
    categorical_features=[0, 1],
    scoring="balanced_accuracy",
    class_weight="balanced",
    network={"residual": 1},
    training={"ema_decay": 0.999, "clip_norm": 1.0},
    random_state=0,
)
assert_type(classifier.fit(X, y, weights, validation_data=(X_test, y_test)), cmlp.MLPClassifier)
assert_type(classifier.partial_fit(X, y, classes=range(10)), cmlp.MLPClassifier)
classifier.fit(X, y, X_val=X_test, y_val=y_test, sample_weight_val=None)
classifier.fit(X, y, validation_data={"val": (X_test, y_test), "train": (X, y, weights)})
assert_type(classifier.history_.metrics, dict[str, list[float]])
assert_type(classifier.predict(X), NDArray[Any])
assert_type(classifier.predict_proba(X), NDArray[Any])
assert_type(classifier.predict_log_proba(X), NDArray[Any])
assert_type(classifier.set_params(network__residual=1), cmlp.MLPClassifier)
assert_type(classifier.network_, cmlp.Network)
regressor = cmlp.MLPRegressor((50,), "tanh", loss=losses.Quantile((0.1, 0.5, 0.9)), scale="quantile", impute=True)
assert_type(regressor.fit(X, y), cmlp.MLPRegressor)
assert_type(regressor.predict_interval(X, coverage=0.9), NDArray[Any])
means, deviations = regressor.predict(X, return_std=True)

# --- files, models, other formats -------------------------------------------------------------------------------------
cmlp.save(plain, "digits.safetensors")
cmlp.save(classifier, Path("digits.safetensors"))
loaded = cmlp.load("digits.safetensors")
loaded.predict(X)
loaded.score(X, y)
model = cmlp.load_model(Path("digits.safetensors"))
assert_type(model, cmlp.Model)
assert_type(model.predict_proba(X), NDArray[Any])
assert_type(model.predict_log_proba(X), NDArray[Any])
assert_type(model.score(X, y), float)
assert_type(cmlp.Model.of(classifier), cmlp.Model)
columns = cmlp.data.Columns.fit(X, scale="standard")
cmlp.Model(plain, columns, target="digit")
cmlp.convert.to_c(plain, "digits.c", prefix="digits_")
cmlp.convert.to_onnx(model, Path("digits.onnx"))
cmlp.convert.from_arrays([np.eye(2)], [np.zeros(2)], activations.Tanh(), loss="squared_error")

# --- looking at networks ----------------------------------------------------------------------------------------------
assert_type(inspection.check_gradients(plain, X[:9], y[:9]).ok, bool)
assert_type(inspection.activations(classifier, X, 0), NDArray[Any])
print(inspection.diagnose(cmlp.Model.of(classifier), X, y), inspection.plot_history({"a": classifier, "b": plain}))
print(inspection.diagnose(plain, X, y, "adam"), inspection.learning_rate_range(plain, X, y).suggestion)


class Watch(callbacks.Callback):
    def on_epoch_end(self, training: Any) -> None:
        if training.history.loss[-1] < 0.2:
            training.stop("good enough")
