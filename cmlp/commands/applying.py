"""``cmlp predict``, ``evaluate``, ``export`` and ``info``: what can be done with a model that was saved."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cmlp import convert, files, persistence, show_config
from cmlp.commands import reports
from cmlp.commands.data import UsageError
from cmlp.commands.rows import blocks_of
from cmlp.layers import Array
from cmlp.model import Model


def predict(options) -> None:
    """``cmlp predict MODEL DATA``."""
    model = persistence.load_model(options.model)
    if options.proba and not model.has_probabilities:
        raise UsageError(f"--proba: a network with the loss {model.network.loss} gives no probabilities")
    lines = (text.encode() for text in predictions(model, options))
    if options.output is not None:
        files.write_whole(options.output, lines)
        return
    binary = getattr(sys.stdout, "buffer", None)
    for line in lines:
        if binary is None:
            sys.stdout.write(line.decode())
        else:
            binary.write(line)
            binary.flush()


def predictions(model: Model, options) -> Iterator[str]:
    """CSV, block by block."""
    for k, (X, _) in enumerate(blocks_of(model, options, False)):
        values = (model.predict_proba if options.proba else model.predict)(X, n_threads=options.threads)
        if k == 0:
            yield as_csv([names_of(model, options.proba, values)])
        yield as_csv(as_text(values))


def names_of(model: Model, proba: bool, values: Array) -> list[str]:
    classes = model.meaning.classes
    if proba:
        return [str(label) for label in classes] if classes is not None else [f"label_{j}" for j in range(values.shape[1])]
    return [model.target] if values.ndim == 1 else [f"{model.target}_{j}" for j in range(values.shape[1])]


def as_text(values: Array) -> list[list[str]]:
    """Each number with the digits that tell it from its neighbours."""
    columns = values[:, None] if values.ndim == 1 else values
    return columns.astype(str).tolist()


def as_csv(rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def evaluate(options) -> None:
    """``cmlp evaluate MODEL DATA``."""
    model = persistence.load_model(options.model)
    task = model.meaning.task
    if task == "labels" or (task == "values" and model.network.n_targets > 1):
        raise UsageError("a model of several targets is compared in Python: load it, predict")
    given, found = [], []
    for X, y in blocks_of(model, options, True):
        assert y is not None
        given.append(as_numbers(y) if task == "values" else as_labels(y, model.meaning.classes))
        found.append(model.predict(X, n_threads=options.threads))
    y, predicted = np.concatenate(given), np.concatenate(found)
    print(f"{len(y):,} samples")
    if task == "values":
        print(reports.errors(y, predicted))
    else:
        classes = model.meaning.classes
        assert classes is not None
        print(reports.mistakes(y, predicted, classes, reports.most_frequent(y)))


def as_numbers(y: Array) -> Array:
    try:
        return y.astype(np.float64)
    except ValueError:
        raise ValueError("the target holds text, and the model was trained on numbers") from None


def as_labels(y: Array, classes) -> Array:
    """Labels of the kind that the model knows; those that it has not seen count as wrong."""
    if classes.dtype.kind in "UO":
        return y.astype(str).astype(object)
    if classes.dtype.kind == "b" and y.dtype.kind == "U":
        return np.isin(y, ["True", "true", "1"])
    try:
        return y.astype(np.float64).astype(classes.dtype)
    except ValueError:
        raise ValueError(f"the target holds text, and the classes are {classes[:10].tolist()}") from None


def export(options) -> None:
    """``cmlp export MODEL``."""
    chosen = {name: getattr(options, name) for name in ("onnx", "c", "torch", "numpy") if getattr(options, name)}
    if not chosen:
        raise UsageError("name a format: --onnx FILE, --c FILE, --torch FILE or --numpy FILE")
    model = persistence.load_model(options.model)
    for name, path in chosen.items():
        EXPORTS[name](model, path)
        if name == "torch":
            print(f"{path} holds the state_dict of\ncmlp.convert.to_torch(cmlp.load_model({str(options.model)!r}))")
        print(f"{path}: {Path(path).stat().st_size:,} bytes")


def export_torch(model: Model, path: str) -> None:
    """The numbers, as `torch.save` writes them."""
    module = convert.to_torch(model)
    import torch

    torch.save(module.state_dict(), path)


def export_numpy(model: Model, path: str) -> None:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **convert.to_arrays(model.network))
    files.write_whole(path, [content.getvalue()])


EXPORTS = {
    "onnx": lambda model, path: convert.to_onnx(model, path),
    "c": lambda model, path: convert.to_c(model, path),
    "torch": export_torch,
    "numpy": export_numpy,
}


def info(options) -> None:
    """``cmlp info``: of this installation, or of a model."""
    if options.model is None:
        show_config()
        return
    kind, model = persistence.kind_of(options.model), persistence.load_model(options.model)
    net, columns, meaning = model.network, model.columns, model.meaning
    print(f"{options.model}: {kind}, {Path(options.model).stat().st_size:,} bytes")
    print(net.summary())
    if columns is not None:
        names = columns.names or [str(place) for place in range(columns.n_columns)]
        print(f"columns: {', '.join(names[:20])}" + (f", ... ({len(names)})" if len(names) > 20 else ""))
        steps = ["missing numbers are filled"] if columns.fill is not None else []
        steps += ["numbers are scaled"] if columns.center is not None or columns.quantiles is not None else []
        steps += [f"{len(columns.categorical)} of categories"] if columns.categorical else []
        print("".join(f"  {step}\n" for step in steps), end="")
    if meaning.classes is not None:
        labels = [str(label) for label in meaning.classes[:20]]
        print(f"predicts {model.target}: one of {len(meaning.classes)} classes, {', '.join(labels)}")
    else:
        print(f"predicts {', '.join(model.output_names())}: {meaning.task}")
    if net.history is not None and net.history.epoch:
        print(f"trained for {net.history.epoch[-1]} epochs, loss {net.history.loss[-1]:.6g}")
