"""Models as JSON and tensors, and back: the preprocessing and the units of the target."""

from typing import Any

import numpy as np

from cmlp.data.columns import Columns
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.persistence import description, safetensors
from cmlp.persistence.safetensors import Archive
from cmlp.persistence.values import described_labels, restored_labels
from cmlp.validation import check_integer

COLUMNS, TARGET = "columns.", "target."  # prefixes of tensor names
KEYS = {"n_columns", "names", "numeric", "indicated", "categorical", "categories"}


def describe(columns: Columns | None) -> dict[str, Any] | None:
    if columns is None:
        return None
    return {
        "n_columns": columns.n_columns,
        "names": columns.names,
        "numeric": columns.numeric,
        "indicated": columns.indicated,
        "categorical": columns.categorical,
        "categories": [described_labels(each, "categories", missing=True) for each in columns.categories],
    }


def tensors_of(columns: Columns | None, mean: Array | None, scale: Array | None) -> dict[str, Array]:
    parts = {TARGET + "mean": mean, TARGET + "scale": scale}
    if columns is not None:
        parts |= {COLUMNS + name: getattr(columns, name) for name in ("fill", "center", "scale", "quantiles")}
        if columns.fill is not None:  # nan marks a column that is left out; left_out holds 1 for it
            parts |= {COLUMNS + "fill": np.nan_to_num(columns.fill), COLUMNS + "left_out": np.isnan(columns.fill) * 1.0}
    return {name: np.asarray(part, np.float64) for name, part in parts.items() if part is not None}


def save(model: Model, path) -> None:
    tensors = description.tensors_of(model.network) | tensors_of(model.columns, model.mean, model.scale)
    sections = {"network": description.describe(model.network), "model": describe_model(model)}
    safetensors.write(path, tensors, description.as_metadata("model", **sections))


def describe_model(model: Model) -> dict[str, Any]:
    """The description of a model, besides its network."""
    classes = described_labels(model.classes, "classes")
    return {"columns": describe(model.columns), "classes": classes, "target": model.target}


def buffers_for(archive: Archive) -> dict[str, Array]:
    return archive.read([name for name in archive.entries if name.startswith((COLUMNS, TARGET))])


def rebuild(archive: Archive, more: dict[str, Array] | None = None) -> Model:
    """The model of a file; more: arrays for its other tensors, which are filled too.

    Raises
    ------
    DamagedFileError
    """
    buffers = buffers_for(archive)
    network = description.rebuild(archive, buffers | (more or {}))
    with description.refusing(archive.path):
        given = archive.section("model")
        description.check_keys("a model (columns, classes, target)", given, {"columns", "classes", "target"})
        if type(given["target"]) is not str:
            raise ValueError(
                f"a model has columns, classes and target: target must be a string, got {str(given['target'])[:80]}"
            )
        columns = rebuild_columns(given["columns"], buffers)
        return assemble(network, columns, restored_labels(given["classes"]), buffers, given["target"])


def assemble(
    network, columns: Columns | None, classes: Array | None, buffers: dict[str, Array], target: str = "prediction"
) -> Model:
    """The model of these parts, if they are consistent."""
    for name, part in buffers.items():
        if not np.isfinite(part).all() or (name.endswith("scale") and not part.all()):
            raise ValueError(f"{name} must be finite{' and not 0' if name.endswith('scale') else ''}")
    return Model(network, columns, classes, buffers.get(TARGET + "mean"), buffers.get(TARGET + "scale"), target)


def rebuild_columns(given, buffers: dict[str, Array]) -> Columns | None:
    if given is None:
        return None
    description.check_keys("the columns", given, KEYS)
    n_columns = check_integer("n_columns", given["n_columns"], 1, 2**31)
    numeric, categorical = given["numeric"], given["categorical"]
    places = [*numeric, *categorical]
    if len(places) != n_columns or not all(type(place) is int for place in places) or sorted(places) != [*range(n_columns)]:
        raise ValueError(f"each of {n_columns} columns must be either numeric or categorical, got {str(places)[:80]}")
    names = given["names"]
    if names is not None and not (isinstance(names, list) and all(type(name) is str for name in names)):
        raise ValueError(f"the names of columns must be a list of strings, got {str(names)[:80]}")
    if names is not None and len(names) != n_columns:
        raise ValueError(f"{len(names)} names do not match {n_columns} columns")
    indicated = [check_integer("indicated", place, 0, len(numeric) - 1) for place in given["indicated"]]
    parts = {name: buffers.get(COLUMNS + name) for name in ("fill", "left_out", "center", "scale", "quantiles")}
    left_out = parts.pop("left_out")
    if (parts["fill"] is None) != (left_out is None) or (parts["center"] is None) != (parts["scale"] is None):
        raise ValueError("fill and left_out must be given together, and so must center and scale")
    for part in (parts["fill"], left_out):
        if part is not None and part.shape != (len(numeric),):
            raise ValueError(f"fill and left_out must have shape ({len(numeric)},), got {part.shape}")
    if parts["fill"] is not None and left_out is not None:
        parts["fill"] = np.where(left_out, np.nan, parts["fill"])
    categories = [restored_labels(each, missing=True) for each in given["categories"]]
    columns = Columns(n_columns, names, numeric, indicated=indicated, categorical=categorical, categories=categories, **parts)
    n_numbers = len(columns.kept) + len(indicated)
    for name in ("center", "scale", "quantiles"):
        part = parts[name]
        if part is not None and (part.shape[-1] != n_numbers or part.ndim != 1 + (name == "quantiles")):
            raise ValueError(f"{name} must have {n_numbers} columns, got shape {part.shape}")
    if len(categories) != len(categorical) or (
        columns.quantiles is not None and (np.diff(columns.quantiles, axis=0) < 0).any()
    ):
        raise ValueError("there must be categories for each categorical column, and quantiles in increasing order")
    return columns
