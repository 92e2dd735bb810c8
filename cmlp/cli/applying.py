"""``cmlp predict``, ``evaluate``, ``export`` and ``info``: what can be done with a model that was saved."""

import csv
import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cmlp import convert, datasets, persistence, show_config
from cmlp.cli import reports
from cmlp.cli.data import UsageError
from cmlp.cli.rows import blocks_of
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.persistence import files


def predict(options) -> None:
    """``cmlp predict MODEL DATA``."""
    model = persistence.load_model(options.model)
    if options.proba and not model.has_probabilities:
        raise UsageError(f"--proba: a network with the loss {model.network.loss} gives no probabilities")
    if options.outputs and options.proba:
        raise UsageError("give one of --proba and --outputs")
    lines = (text.encode() for text in predictions(model, options))
    if options.output not in (None, "-"):
        files.check_place(options.output)
        files.write_whole(options.output, lines)
        return
    if sys.stdout is None:
        raise ValueError("there is no standard output: give --output FILE")
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
        answer = model.forward if options.outputs else model.predict_proba if options.proba else model.predict
        values = answer(X, n_threads=options.threads)
        if k == 0:
            yield as_csv([model.output_names() if options.outputs else names_of(model, options.proba, values)])
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
    returns = any("\r" in field for row in rows for field in row)  # which the csv of Python 3.11 does not quote by itself
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue()


def evaluate(options) -> None:
    """``cmlp evaluate MODEL DATA``."""
    model = persistence.load_model(options.model)
    task = model.meaning.task
    if task == "multilabel" or (task == "regression" and model.network.n_targets > 1):
        raise UsageError("a model of several targets is compared in Python: load it, predict")
    given, found = [], []
    for X, y in blocks_of(model, options, True):
        assert y is not None
        classes = model.meaning.classes
        given.append(as_numbers(y) if classes is None else as_labels(y, classes))
        found.append(model.predict(X, n_threads=options.threads))
    y, predicted = np.concatenate(given), np.concatenate(found)
    print(f"{len(y):,} samples")
    if task == "regression":
        print(reports.errors(y, predicted))
    else:
        classes = model.meaning.classes
        assert classes is not None
        print(reports.mistakes(y, predicted, classes, reports.most_frequent(y)))


def as_numbers(y: Array) -> Array:
    try:
        values = y.astype(np.float64)
    except ValueError:
        raise ValueError("the target holds text or nothing, and the model was trained on numbers") from None
    if not np.isfinite(values).all():
        raise ValueError("the target holds numbers that are missing or not finite")
    return values


def as_labels(y: Array, classes: Array) -> Array:
    """Labels of the kind that the model knows; those that it has not seen stay as they are, and count as wrong."""
    given = y.tolist()
    if "" in given:
        raise ValueError("a target is missing (the field is empty)")
    known = {spelling: label for label in classes.tolist() for spelling in spellings(label)}
    made = np.empty(len(given), dtype=object)
    made[:] = [known.get(value, known.get(canonical(value), value)) for value in given]
    return made


def spellings(label) -> list:
    """How a label may stand in a file: a truth by its usual words, a number as number and as text."""
    if isinstance(label, bool):
        return [label, *(("true", "1", "1.0") if label else ("false", "0", "0.0"))]
    return [label, str(label).strip(), canonical(str(label))]


def canonical(value):
    """Text that is a number as the shortest one for it; other text in lower case if it is a truth."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower()
    if datasets.is_number(value) and math.isfinite(float(value)) and abs(float(value)) < 2**53:
        return repr(float(value))
    return value


def shown(value) -> str:
    """A name from a file without what a terminal would take for a command."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))


def export(options) -> None:
    """``cmlp export MODEL``."""
    chosen = {name: getattr(options, name) for name in ("onnx", "c", "torch", "numpy") if getattr(options, name)}
    if not chosen:
        raise UsageError("name a format: --onnx FILE, --c FILE, --torch FILE or --numpy FILE")
    model = persistence.load_model(options.model)
    for name, path in chosen.items():
        files.check_place(path)
        if Path(path).exists() and Path(path).samefile(options.model):
            raise UsageError(f"{path} is the model itself")
        EXPORTS[name](model, path)
        if name == "torch":
            print(f"{path} holds the state_dict of\ncmlp.convert.to_torch(cmlp.load_model({str(options.model)!r}))")
        print(f"{path}: {Path(path).stat().st_size:,} bytes")


def export_torch(model: Model, path: str) -> None:
    """The numbers, as `torch.save` writes them."""
    module = convert.to_torch(model)
    import torch

    content = io.BytesIO()
    torch.save(module.state_dict(), content)
    files.write_whole(path, [content.getvalue()])


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
        print(f"columns: {', '.join(map(shown, names[:20]))}" + (f", ... ({len(names)})" if len(names) > 20 else ""))
        steps = ["missing numbers are filled"] if columns.fill is not None else []
        steps += ["numbers are scaled"] if columns.center is not None or columns.quantiles is not None else []
        steps += [f"{len(columns.categorical)} of categories"] if columns.categorical else []
        print("".join(f"  {step}\n" for step in steps), end="")
    if meaning.classes is not None:
        labels = [shown(label) for label in meaning.classes[:20]]
        print(f"predicts {shown(model.target)}: one of {len(meaning.classes)} classes, {', '.join(labels)}")
    else:
        print(f"predicts {', '.join(map(shown, model.output_names()))}: {meaning.task}")
    if net.history is not None and net.history.epoch:
        print(f"trained for {net.history.epoch[-1]} epochs, loss {net.history.loss[-1]:.6g}")
