"""``cmlp demo`` and ``cmlp train``: train a network, evaluate it, save it."""

from pathlib import Path
from typing import Any

import numpy as np

from cmlp import datasets, losses, optimizers, persistence
from cmlp.cli import reports, resuming, tasks
from cmlp.cli.data import read
from cmlp.cli.output import Output
from cmlp.cli.samples import Data, split
from cmlp.cli.settings import callbacks_of, fit_arguments, optimizer_of
from cmlp.cli.sources import UsageError
from cmlp.data import targets
from cmlp.model import Model
from cmlp.network import Network
from cmlp.persistence import files

VALIDATION_FRACTION = 0.1  # of the training samples, for early stopping
EPOCHS, MOST_EPOCHS = 10, 200  # by default, without early stopping and with it


def demo(options, output: Output) -> None:
    """``cmlp demo``."""
    X, y, X_test, y_test = datasets.load_digits(split=True)
    data = Data(X, y, X_test, y_test, "handwritten digits, 8 x 8 pixels: 64 inputs; labels", True, 1 / 16)
    net = Network([64, 64, 10], input_scale=data.input_scale, seed=options.seed, classes=range(10))
    how = {"batch_size": 32, "epochs": options.epochs, "n_threads": options.threads}
    describe(output, net, data, optimizers.Adam(0.003), 32)
    fit(net, data, {"optimizer": optimizers.Adam(0.003), **how})
    evaluate(output, net, data, options.threads)


def train(options, output: Output) -> None:
    """``cmlp train``."""
    complete(options)
    optimizer = optimizer_of(options)
    check_places(options)
    data = read(options)
    loss, classes = tasks.loss_and_classes(data, options.loss)
    how = fit_arguments(options, classes is not None)
    net = network_of(options, data, loss, classes)
    model = model_of(net, data) if data.columns is not None else None
    persistence.check(model or net)
    how |= {"optimizer": optimizer, "callbacks": callbacks_of(options, model)}
    hold_out(data, how, options)
    describe(output, net, data, optimizer, options.batch_size, len(how.get("validation_data", ([], []))[1]))
    output.say_any(resuming.begins_anew(options.resume))
    try:
        with resuming.in_options():
            fit(net, data, how)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(interrupted(options, model or net, net)) from None
    output.say_any(resuming.left_over(options.resume, net, options.epochs))
    output.add(settings=settings_of(options), loss=loss, target=data.target)
    evaluate(output, net, data, options.threads)
    if options.save is not None:
        persistence.save(model or net, options.save)
        output.say(f"saved to {options.save}")
        output.add(saved=options.save)


def complete(options) -> None:
    """Fill in what depends on other options."""
    if options.epochs is None:
        options.epochs = MOST_EPOCHS if options.patience else EPOCHS
    if options.validation_fraction is None:
        options.validation_fraction = VALIDATION_FRACTION if options.patience else 0.0


def check_places(options) -> None:
    """Check that output files can be written, and that they are not input files."""
    read_files = [Path(name) for name in (options.data, options.test, options.labels, options.test_labels) if name]
    written = [path for path in (options.save, options.checkpoint, options.resume, options.log) if path]
    for path in written:
        files.check_place(path)
        if any(Path(path).exists() and other.exists() and other.samefile(path) for other in read_files):
            raise UsageError(f"{path} must not be one of the input files")
    apart = [Path(path).absolute() for path in (options.save, options.checkpoint or options.resume, options.log) if path]
    if len(set(apart)) < len(apart):
        raise UsageError("--save, --checkpoint (or --resume) and --log must be different files")


def network_of(options, data: Data, loss: str, classes: list | None) -> Network:
    try:
        return Network(
            [data.X.shape[1], *options.hidden, tasks.n_outputs_for(loss, classes) * losses.resolve(loss).outputs_per_target],
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


def model_of(net: Network, data: Data) -> Model:
    """The network with the preprocessing of the columns and the units of the target."""
    scaled = (data.y_mean, data.y_scale) != (0.0, 1.0)
    mean, scale = (np.full(net.n_targets, number) if scaled else None for number in (data.y_mean, data.y_scale))
    return Model(net, data.columns, net.classes, mean, scale, data.target)


def hold_out(data: Data, how: dict[str, Any], options) -> None:
    """Take the validation samples from the training samples."""
    if options.validation_fraction:
        rows, held_out = split(len(data.y), options.validation_fraction, options.seed, "--validation-fraction", "validation")
        how["validation_data"] = (data.X[held_out], data.y[held_out])
        data.X, data.y = data.X[rows], data.y[rows]


# --- training and evaluation --------------------------------------------------------------------------------
def describe(output: Output, net: Network, data: Data, optimizer, batch_size: int, n_validation: int = 0) -> None:
    """What is trained, and on what."""
    held_out = f", {n_validation:,} for validation" if n_validation else ""
    output.say(f"{data.what}: {tasks.described(data, net.classes)}")
    output.say(f"{len(data.y):,} samples for training{held_out}, {len(data.y_test):,} for testing")
    if data.columns is not None:
        output.say(reports.columns(data.columns))
    for note in data.notes:
        output.say(f"note: {note}")
    output.say(net.summary())
    output.say(f"{optimizer}, batch size {min(batch_size, len(data.y))}")
    output.add(
        data=data.what,
        n_train=len(data.y),
        n_validation=n_validation,
        n_test=len(data.y_test),
        n_inputs=int(data.X.shape[1]),
        n_parameters=net.n_params,
    )


def fit(net: Network, data: Data, how: dict[str, Any]) -> None:
    net.fit(data.X, data.y, verbose=1, **how)


def evaluate(output: Output, net: Network, data: Data, n_threads: int | None) -> None:
    """Compare predictions for the test samples with their targets."""
    predicted = net.predict(data.X_test, n_threads=n_threads)
    history = net.history
    assert history is not None
    if net.classes is None:
        given, found = (
            data.y_mean + data.y_scale * values for values in (data.y_test, targets.central(predicted, net.loss_function))
        )
        text, metrics = reports.errors(given, found)
    else:
        text, metrics = reports.mistakes(data.y_test, predicted, net.classes, reports.most_frequent(data.y))
        output.add(classes=net.classes.tolist())
    output.say(text)
    if history.best_epoch is not None:
        output.say(f"stopped after epoch {history.epoch[-1]}; the weights are those of epoch {history.best_epoch}")
    seconds = history.time[-1] if history.time else 0.0
    output.say(f"trained in {seconds:.2f} s")
    output.add(
        task="regression" if net.classes is None else "classification",
        metrics=metrics,
        epochs=len(history),
        stopped=str(history.stopped),
        best_epoch=history.best_epoch,
        seconds=seconds,
        history=history.to_dict(),
    )


def settings_of(options) -> dict[str, Any]:
    """The options as they were used."""
    return {name: value for name, value in vars(options).items() if name not in ("run", "command", "json", "traceback")}


def interrupted(options, model: Model | Network, net: Network) -> str:
    """Save what there is after Ctrl-C; what was saved and how to go on, in words."""
    done = net.history.epoch[-1] if net.history and net.history.epoch else 0
    parts = ["interrupted" + (f" after epoch {done}" if done else "")]
    if options.save is not None:
        persistence.save(model, options.save)
        best = net.history.best_epoch if net.history and options.patience else None
        parts.append(f"the weights of {f'epoch {best}' if best else 'the last step'} are saved to {options.save}")
    path = options.checkpoint or options.resume
    if path and Path(path).exists():
        parts.append(f"to resume, give the same command with --resume {path}")
    elif path is None:
        parts.append("with --checkpoint FILE a training can be resumed")
    return "; ".join(parts)
