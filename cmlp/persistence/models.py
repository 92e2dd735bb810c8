"""Models as JSON and tensors, and back: what stands before and behind a network."""

from typing import Any

import numpy as np

from cmlp.data.columns import Columns
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.persistence import description, safetensors
from cmlp.persistence.safetensors import Archive
from cmlp.persistence.values import described_labels, restored_labels
from cmlp.validation import check_integer

COLUMNS, TARGET = "columns.", "target."  # how the names of tensors begin
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
        if columns.fill is not None:  # a missing number stands for a column that is left out: 1 and 0 say which
            parts |= {COLUMNS + "fill": np.nan_to_num(columns.fill), COLUMNS + "left_out": np.isnan(columns.fill) * 1.0}
    return {name: np.asarray(part, np.float64) for name, part in parts.items() if part is not None}


def save(model: Model, path) -> None:
    tensors = description.tensors_of(model.network) | tensors_of(model.columns, model.mean, model.scale)
    sections = {"network": description.describe(model.network), "model": describe_model(model)}
    safetensors.write(path, tensors, description.as_metadata("model", **sections))


def describe_model(model: Model) -> dict[str, Any]:
    """What stands around the network."""
    classes = described_labels(model.classes, "classes")
    return {"columns": describe(model.columns), "classes": classes, "target": model.target}


def room_for(archive: Archive) -> dict[str, Array]:
    return archive.read([name for name in archive.entries if name.startswith((COLUMNS, TARGET))])


def rebuild(archive: Archive, more: dict[str, Array] | None = None) -> Model:
    """A model; more: room for the other tensors of the file.

    Raises
    ------
    DamagedFileError
    """
    rooms = room_for(archive)
    network = description.rebuild(archive, rooms | (more or {}))
    with description.refusing(archive.path):
        given = archive.section("model")
        if given.keys() != {"columns", "classes", "target"} or type(given["target"]) is not str:
            raise ValueError("a model is described by columns, classes and target")
        columns = rebuild_columns(given["columns"], rooms)
        return around(network, columns, restored_labels(given["classes"]), rooms, given["target"])


def around(
    network, columns: Columns | None, classes: Array | None, rooms: dict[str, Array], target: str = "prediction"
) -> Model:
    """A model of these, if they fit together."""
    for name, part in rooms.items():
        if not np.isfinite(part).all() or (name.endswith("scale") and not part.all()):
            raise ValueError(f"{name} holds numbers that are not finite, or divides by 0")
    return Model(network, columns, classes, rooms.get(TARGET + "mean"), rooms.get(TARGET + "scale"), target)


def rebuild_columns(given, rooms: dict[str, Array]) -> Columns | None:
    if given is None:
        return None
    if given.keys() != KEYS:
        raise ValueError("the columns are not described by what columns have")
    n_columns = check_integer("n_columns", given["n_columns"], 1, 2**31)
    numeric, categorical = given["numeric"], given["categorical"]
    places = [*numeric, *categorical]
    if len(places) != n_columns or not all(type(place) is int for place in places) or sorted(places) != [*range(n_columns)]:
        raise ValueError(f"each of {n_columns} columns must be numeric or categorical")
    names = given["names"]
    if names is not None and not (isinstance(names, list) and all(type(name) is str for name in names)):
        raise ValueError("the names of columns must be a list of texts")
    if names is not None and len(names) != n_columns:
        raise ValueError(f"there are {len(names)} names for {n_columns} columns")
    indicated = [check_integer("indicated", place, 0, len(numeric) - 1) for place in given["indicated"]]
    parts = {name: rooms.get(COLUMNS + name) for name in ("fill", "left_out", "center", "scale", "quantiles")}
    left_out = parts.pop("left_out")
    if (parts["fill"] is None) != (left_out is None) or (parts["center"] is None) != (parts["scale"] is None):
        raise ValueError("fill goes with left_out, center with scale")
    for part in (parts["fill"], left_out):
        if part is not None and part.shape != (len(numeric),):
            raise ValueError(f"fill should have {len(numeric)} numbers")
    if parts["fill"] is not None and left_out is not None:
        parts["fill"] = np.where(left_out, np.nan, parts["fill"])
    categories = [restored_labels(each, missing=True) for each in given["categories"]]
    columns = Columns(n_columns, names, numeric, indicated=indicated, categorical=categorical, categories=categories, **parts)
    n_numbers = len(columns.kept) + len(indicated)
    for name in ("center", "scale", "quantiles"):
        part = parts[name]
        if part is not None and (part.shape[-1] != n_numbers or part.ndim != 1 + (name == "quantiles")):
            raise ValueError(f"{name} has the shape {part.shape} for {n_numbers} numbers")
    if len(categories) != len(categorical) or (
        columns.quantiles is not None and (np.diff(columns.quantiles, axis=0) < 0).any()
    ):
        raise ValueError("categories for each categorical column, and quantiles that rise, are needed")
    return columns
