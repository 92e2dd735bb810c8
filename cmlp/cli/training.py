"""``cmlp demo`` and ``cmlp train``: train a network, evaluate it, save it."""

import errno
import time
from pathlib import Path

import numpy as np

from cmlp import datasets, losses, optimizers, persistence
from cmlp.cli import reports
from cmlp.cli.data import Data, UsageError, read
from cmlp.data import scaling, targets
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.network import Network
from cmlp.persistence import files
from cmlp.training.hooks import Callback

MOST_CLASSES = 100  # more distinct integers than this are regression targets


def demo(options) -> None:
    """``cmlp demo``."""
    X, y, X_test, y_test = datasets.load_digits(split=True)
    data = Data(X, y, X_test, y_test, "handwritten digits, 8 x 8 pixels: 64 inputs; labels", True, 1 / 16)
    net = Network([64, 64, 10], input_scale=data.input_scale, seed=options.seed, classes=range(10))
    fit_and_report(net, data, optimizers.Adam(0.003), 32, options, [])


def train(options) -> None:
    """``cmlp train``."""
    kind = optimizers.BY_NAME[options.optimizer]
    optimizer = kind() if options.learning_rate is None else kind(options.learning_rate)
    check_places(options)
    data = read(options)
    loss, classes = loss_and_classes(data, options.loss)
    try:
        net = Network(
            [data.X.shape[1], *options.hidden, n_outputs_for(loss, classes) * losses.resolve(loss).outputs_per_target],
            options.activation,
            loss,
            output=options.output,
            norm=options.norm,
            dropout=options.dropout,
            residual=options.residual,
            input_scale=data.input_scale,
            dtype=options.dtype,
            seed=options.seed,
            classes=classes,
        )
    except ValueError as error:
        raise UsageError(error) from None
    model = model_of(net, data) if data.columns is not None else None
    persistence.check(model or net)
    fit_and_report(net, data, optimizer, options.batch_size, options, checkpoints(options, model))
    if options.save is not None:
        persistence.save(model or net, options.save)
        print(f"saved to {options.save}")


def check_places(options) -> None:
    """Check that output files can be written, and that they are not input files."""
    if options.resume is not None and not Path(options.resume).exists():
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", options.resume)
    read_files = [Path(name) for name in (options.data, options.test, options.labels, options.test_labels) if name]
    for path in filter(None, (options.save, options.checkpoint, options.resume)):
        files.check_place(path)
        if any(Path(path).exists() and other.exists() and other.samefile(path) for other in read_files):
            raise UsageError(f"{path} must not be one of the input files")


def checkpoints(options, model: Model | None) -> list[Callback]:
    """The checkpoint callback, if any; --resume without --checkpoint keeps writing to its file."""
    path = options.checkpoint or options.resume
    if path is None and options.checkpoint_every is not None:
        raise UsageError("--checkpoint-every needs --checkpoint FILE")
    if path is None:
        return []
    return [persistence.Checkpoint(path, options.checkpoint_every or 1, resume=options.resume or False, around=model)]


def model_of(net: Network, data: Data) -> Model:
    """The network with the preprocessing of the columns and the units of the target."""
    scaled = (data.y_mean, data.y_scale) != (0.0, 1.0)
    mean, scale = (np.full(net.n_targets, number) if scaled else None for number in (data.y_mean, data.y_scale))
    return Model(net, data.columns, net.classes, mean, scale, data.target)


# --- what the target means ----------------------------------------------------------------------------------
def loss_and_classes(data: Data, loss: str | None) -> tuple[str, list | None]:
    """(loss, classes): the given loss or a default for the task; classes are None for regression.

    Regression targets are standardized, unless the loss needs them to be positive.
    """
    if are_classes(data, loss):
        if loss is not None and "classification" not in losses.BY_NAME[loss].tasks:
            raise UsageError(f"--loss {loss} is for regression, got a target of classes")
        classes = classes_of(data)
        return loss or ("log_loss" if len(classes) == 2 else "cross_entropy"), classes
    if (data.y == data.y[0]).all():
        raise ValueError(f"the target must not be constant, got {data.y[0]} for every training sample")
    data.y, data.y_test = data.y.astype(np.float64), data.y_test.astype(np.float64)
    if loss is None or losses.BY_NAME[loss].standardizes:
        data.y_mean, data.y_scale = scaling.standard(data.y, None)
        data.y, data.y_test = ((part - data.y_mean) / data.y_scale for part in (data.y, data.y_test))
    return loss or "squared_error", None


def are_classes(data: Data, loss: str | None) -> bool:
    """Whether the target is classes: strings, any label if the loss is for classification, else few distinct integers."""
    if data.labeled or data.y.dtype.kind == "U" or (loss and losses.BY_NAME[loss].tasks[0] != "regression"):
        return True
    most = max(2, min(MOST_CLASSES, len(data.y) // 2))
    return loss is None and data.y.dtype.kind != "f" and len(np.unique(data.y)) <= most


def classes_of(data: Data) -> list:
    """All labels, including those of the test samples."""
    if (data.y == data.y[0]).all():
        raise ValueError(f"there must be at least two classes, got {data.y[0]} for every training sample")
    classes = np.unique(np.concatenate([data.y, data.y_test]))
    if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
        raise ValueError("class labels must be strings or integers, got other numbers: use --loss squared_error for regression")
    return classes.tolist()


def n_outputs_for(loss: str, classes: list | None) -> int:
    """1 for regression, and for binary classification where the loss needs one output; else the number of classes."""
    return 1 if classes is None else losses.resolve(loss).outputs_for(len(classes))


# --- training and evaluation --------------------------------------------------------------------------------
def fit_and_report(net: Network, data: Data, optimizer, batch_size: int, options, callbacks: list[Callback]) -> None:
    print(f"{data.what}: {kind_of_target(data, net.classes)}")
    print(f"{len(data.X):,} samples for training, {len(data.X_test):,} for testing")
    print(net.summary())
    print(f"{optimizer}, batch size {min(batch_size, len(data.X))}", flush=True)
    began = time.perf_counter()
    net.fit(
        data.X,
        data.y,
        optimizer=optimizer,
        batch_size=batch_size,
        epochs=options.epochs,
        n_threads=options.threads,
        verbose=1,
        callbacks=callbacks,
    )
    seconds = time.perf_counter() - began
    predicted = net.predict(data.X_test, n_threads=options.threads)
    if net.classes is None:
        y, predicted = (
            data.y_mean + data.y_scale * values for values in (data.y_test, targets.central(predicted, net.loss_function))
        )
        print(reports.errors(y, predicted))
    else:
        print(reports.mistakes(data.y_test, predicted, net.classes, reports.most_frequent(data.y)))
    print(f"trained in {seconds:.2f} s")


def kind_of_target(data: Data, classes: Array | None) -> str:
    if classes is None:
        least, most = (data.y_mean + data.y_scale * value for value in (data.y.min(), data.y.max()))
        return f"values from {least:.6g} to {most:.6g}"
    unseen = len(np.setdiff1d(data.y_test, data.y))
    return f"{len(classes)} classes" + (f", {unseen} of them only in the test samples" if unseen else "")
