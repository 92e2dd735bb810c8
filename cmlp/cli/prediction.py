"""``cmlp predict``, ``evaluate``, ``export`` and ``info``: the commands for saved models."""

import csv
import io
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from cmlp import convert, datasets, persistence, show_config
from cmlp.cli import reports
from cmlp.cli.output import Output
from cmlp.cli.rows import blocks_of
from cmlp.cli.sources import UsageError
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.persistence import files

TABLES = {".csv": "CSV", ".tsv": "CSV", ".parquet": "Parquet", ".arrow": "Arrow"}  # by the ends of their names
MOST_LABELS = 10  # in a message


def predict(options, output: Output) -> None:
    """``cmlp predict MODEL DATA``."""
    model = loaded(options)
    if options.proba and not model.has_probabilities:
        raise UsageError(f"--proba is not supported with loss {model.network.loss}, which gives no probabilities")
    if options.outputs and options.proba:
        raise UsageError("--proba and --outputs must not be given together")
    lines = (text.encode() for text in predictions(model, options))
    if options.output not in (None, "-"):
        files.check_place(options.output)
        files.write_whole(options.output, lines)
        return
    if sys.stdout is None:
        raise ValueError("standard output is closed: give --output FILE")
    binary = getattr(sys.stdout, "buffer", None)
    for line in lines:
        if binary is None:
            sys.stdout.write(line.decode())
        else:
            binary.write(line)
            binary.flush()


def loaded(options) -> Model:
    """The model, told what to do with columns that it does not know."""
    kind = TABLES.get(Path(options.model.lower().removesuffix(".gz").removesuffix(".zst")).suffix)
    if kind is not None:
        raise UsageError(f"{options.model} is a {kind} file: MODEL comes first, a file of --save, then DATA")
    model = persistence.load_model(options.model)
    columns = model.columns
    if columns is None:
        return model
    names = columns.names and [name.strip() for name in columns.names]  # as they are in a CSV file
    categories = [replace(each, levels=without_spaces(each.levels)) for each in columns.categories]
    extra = "ignore" if options.ignore_extra_columns else columns.extra_columns
    return replace(model, columns=replace(columns, names=names, categories=categories, extra_columns=extra))


def without_spaces(levels: list) -> list:
    """Categories as they are in a CSV file."""
    made = [level.strip() if isinstance(level, str) else level for level in levels]
    if len(set(made)) < len(made):
        raise ValueError(f"the categories {levels[:5]} differ only by spaces, which a CSV file cannot express")
    return made


def predictions(model: Model, options) -> Iterator[str]:
    """The predictions as CSV, block by block."""
    answer = model.forward if options.outputs else model.predict_proba if options.proba else model.predict
    header = as_csv([model.output_names() if options.outputs else names_of(model, options.proba)])
    for block in blocks_of(model, options, False):
        yield header + as_csv(as_strings(block.ask(answer, options.threads)))
        header = ""
    if header:  # no rows
        yield header


def names_of(model: Model, proba: bool) -> list[str]:
    task, classes, n = model.meaning.task, model.meaning.classes, model.network.n_targets
    if proba:
        return [str(label) for label in classes] if classes is not None else [f"label_{j}" for j in range(n)]
    if task == "multilabel" or (task == "regression" and n > 1):
        return [f"{model.target}_{j}" for j in range(n)]
    return [model.target]


def as_strings(values: Array) -> list[list[str]]:
    """Each number as the shortest string that reads back as the same number."""
    columns = values[:, None] if values.ndim == 1 else values
    return columns.astype(str).tolist()


def as_csv(rows) -> str:
    text = io.StringIO()
    returns = any("\r" in field for row in rows for field in row)  # the csv module of Python 3.11 does not quote these
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue()


def evaluate(options, output: Output) -> None:
    """``cmlp evaluate MODEL DATA``."""
    model = loaded(options)
    task, classes = model.meaning.task, model.meaning.classes
    if task == "multilabel" or (task == "regression" and model.network.n_targets > 1):
        raise UsageError(
            "evaluate does not support several targets (multi-output, multilabel): use cmlp.load and predict in Python"
        )
    given, found = [], []
    for block in blocks_of(model, options, True):
        assert block.y is not None
        given.append(as_numbers(block.y) if classes is None else as_labels(block.y, classes))
        found.append(block.ask(model.predict, options.threads))
    y, predicted = np.concatenate(given), np.concatenate(found)
    output.say(f"{len(y):,} samples")
    output.say_any(unknown_labels(y, classes))
    if classes is None:
        text, metrics = reports.errors(y, predicted)
    else:
        text, metrics = reports.mistakes(y, predicted, classes, reports.most_frequent(y))
        output.add(classes=classes.tolist())
    output.say(text)
    output.add(model=options.model, data=options.data, n_samples=len(y), task=task, target=model.target, metrics=metrics)


def as_numbers(y: Array) -> Array:
    try:
        values = np.array([np.nan if value is None else value for value in y.tolist()], dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("the target must be numbers, as in training, got strings or empty fields") from None
    if not np.isfinite(values).all():
        raise ValueError("the target must be finite numbers, got missing or infinite ones")
    return values


def as_labels(y: Array, classes: Array) -> Array:
    """Labels in the dtype of the classes; unknown labels are kept, and count as errors."""
    given = y.tolist()
    if "" in given or None in given:
        raise ValueError(f"the target is missing in {given.count('') + given.count(None)} of {len(given)} rows")
    known = {spelling: label for label in classes.tolist() for spelling in spellings(label)}
    made = np.empty(len(given), dtype=object)
    made[:] = [known.get(value, known.get(canonical(value), value)) for value in given]
    return made


def unknown_labels(y: Array, classes: Array | None) -> str | None:
    """A note on the labels that are none of the classes, None if there are none.

    Raises
    ------
    ValueError
        If no label is one of the classes.
    """
    known = set() if classes is None else set(classes.tolist())
    counts = Counter(label for label in y.tolist() if label not in known) if known else Counter()
    if not counts:
        return None
    n = counts.total()
    text = (
        f"{n:,} of {len(y):,} labels are none of the model's classes: {few(list(counts))}; the model knows {few(list(known))}"
    )
    if n == len(y):
        raise ValueError(f"{text}: is --target the right column?")
    return f"note: {text}; they count as errors"


def few(labels: list) -> str:
    """The first of some labels, in order."""
    ordered = sorted(labels, key=str)
    return ", ".join(map(repr, ordered[:MOST_LABELS])) + (
        f" and {len(ordered) - MOST_LABELS:,} more" * (len(ordered) > MOST_LABELS)
    )


def spellings(label) -> list:
    """The strings that a label may have in a file: booleans in their usual spellings, numbers as number and string."""
    if isinstance(label, bool):
        return [label, *(("true", "1", "1.0") if label else ("false", "0", "0.0"))]
    return [label, str(label).strip(), canonical(str(label))]


def canonical(value):
    """The shortest string of a number, the lowercase string of a boolean; anything else as it is."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower()
    if datasets.is_number(value) and math.isfinite(float(value)) and abs(float(value)) < 2**53:
        return repr(float(value))
    return value


def shown(value) -> str:
    """A name from a file, with control characters of the terminal replaced."""
    return "".join(char if char.isprintable() else "?" for char in str(value))


def export(options, output: Output) -> None:
    """``cmlp export MODEL``."""
    chosen = {name: getattr(options, name) for name in ("onnx", "c", "torch", "numpy") if getattr(options, name)}
    if not chosen:
        raise UsageError("a format must be given: --onnx FILE, --c FILE, --torch FILE or --numpy FILE")
    model = persistence.load_model(options.model)
    for name, path in chosen.items():
        files.check_place(path)
        if Path(path).exists() and Path(path).samefile(options.model):
            raise UsageError(f"{path} must not be the model itself")
        EXPORTS[name](model, path)
        if name == "torch":
            print(f"{path} holds the state_dict of\ncmlp.convert.to_torch(cmlp.load_model({str(options.model)!r}))")
        print(f"{path}: {Path(path).stat().st_size:,} bytes")


def export_torch(model: Model, path: str) -> None:
    """The state_dict, as `torch.save` writes it."""
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


def info(options, output: Output) -> None:
    """``cmlp info``: describe a model, or this installation."""
    if options.model is None:
        show_config()
        return
    kind, model = persistence.kind_of(options.model), persistence.load_model(options.model)
    net, columns, meaning = model.network, model.columns, model.meaning
    print(f"{options.model}: {kind}, {Path(options.model).stat().st_size:,} bytes")
    print(net.summary())
    if columns is not None:
        print(columns)
    if meaning.classes is not None:
        labels = [shown(label) for label in meaning.classes[:20]]
        print(f"predicts {shown(model.target)}: one of {len(meaning.classes)} classes, {', '.join(labels)}")
    else:
        print(f"predicts {', '.join(map(shown, model.output_names()))}: {meaning.task}")
    if net.history is not None and net.history.epoch:
        print(f"trained for {net.history.epoch[-1]} epochs, loss {net.history.loss[-1]:.6g}")
