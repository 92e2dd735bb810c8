"""Models as JSON and tensors, and back: the preprocessing and the units of the target."""

from typing import Any

import numpy as np

from cmlp.data import Categories, Columns
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.persistence import description, safetensors
from cmlp.persistence.safetensors import Archive
from cmlp.persistence.values import described, described_labels, restored, restored_labels
from cmlp.validation import check_integer, check_name

COLUMNS, TARGET = "columns.", "target."  # prefixes of tensor names
BUFFERS = ("fill", "dropped", "center", "scale", "quantiles")
KEYS = {"kinds", "names", "calendar", "indicated", "ranked", "categories", "extra_columns", "sparse"}


def describe(columns: Columns | None) -> dict[str, Any] | None:
    if columns is None:
        return None
    categories = [
        {
            "levels": [described(level, "a category") for level in each.levels],
            "n_infrequent": each.n_infrequent,
            "handle_unknown": each.handle_unknown,
        }
        for each in columns.categories
    ]
    return {name: getattr(columns, name) for name in KEYS - {"categories"}} | {"categories": categories}


def tensors_of(columns: Columns | None, mean: Array | None, scale: Array | None) -> dict[str, Array]:
    parts = {TARGET + "mean": mean, TARGET + "scale": scale}
    if columns is not None:
        parts |= {COLUMNS + name: getattr(columns, name) for name in ("fill", "center", "scale", "quantiles")}
        if columns.fill is not None:  # NaN and inf, for features that are dropped or refused where they are missing, become 0
            special = np.isnan(columns.fill) + 2.0 * np.isinf(columns.fill)
            parts |= {COLUMNS + "fill": np.where(special, 0, columns.fill), COLUMNS + "dropped": special}
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
    names, kinds = given["names"], given["kinds"]
    for what, each in (("names", names), ("kinds", kinds)):
        if each is not None and not (isinstance(each, list) and all(type(item) is str for item in each)):
            raise ValueError(f"the {what} of columns must be a list of strings, got {str(each)[:80]}")
    if kinds is None or not kinds:
        raise ValueError("a model must have the kinds of its columns")
    for flag in ("calendar", "sparse"):
        if type(given[flag]) is not bool:
            raise ValueError(f"{flag} must be true or false, got {repr(given[flag])[:80]}")
    categories = [rebuild_categories(each) for each in given["categories"]]
    parts = {name: buffers.get(COLUMNS + name) for name in BUFFERS}
    dropped, fill = parts.pop("dropped"), parts["fill"]
    if (fill is None) != (dropped is None) or (parts["center"] is None) != (parts["scale"] is None):
        raise ValueError("fill and dropped must be given together, and so must center and scale")
    if fill is not None and dropped is not None:
        if fill.shape != dropped.shape:
            raise ValueError(f"fill and dropped must have the same shape, got {fill.shape} and {dropped.shape}")
        parts["fill"] = np.where(dropped == 1, np.nan, np.where(dropped == 2, np.inf, fill))
    ranked = [check_integer("ranked", number, 0, 2**31) for number in given["ranked"]]
    indicated = [check_integer("indicated", number, 0, 2**31) for number in given["indicated"]]
    columns = Columns(
        kinds,
        names,
        given["calendar"],
        indicated=indicated,
        ranked=ranked,
        categories=categories,
        extra_columns=given["extra_columns"],
        sparse=given["sparse"],
        **parts,
    )
    check_consistent(columns)
    return columns


def rebuild_categories(given: Any) -> Categories:
    description.check_keys("categories", given, {"levels", "n_infrequent", "handle_unknown"})
    levels = [restored(level) for level in given["levels"]]
    if not all(level is None or isinstance(level, (str, bool, int, float)) for level in levels):
        raise ValueError(f"categories must be strings or numbers, got {str(levels)[:80]}")
    if len(set(levels)) < len(levels):
        raise ValueError("categories must be different")
    check_name("handle_unknown", given["handle_unknown"], ("ignore", "error"))
    return Categories(levels, check_integer("n_infrequent", given["n_infrequent"], 0, 2**31), given["handle_unknown"])


def check_consistent(columns: Columns) -> None:
    """Raise unless the parts of columns fit together."""
    n_features, n_numbers = len(columns.features), columns.n_numbers
    if columns.fill is not None and columns.fill.shape != (n_features,):
        raise ValueError(f"fill must have shape ({n_features},), got {columns.fill.shape}")
    if not set(columns.indicated) <= set(columns.kept) or (columns.indicated and columns.fill is None):
        raise ValueError(
            f"indicated must be among the {len(columns.kept)} features that are kept, got {columns.indicated[:10]}"
        )
    for name in ("center", "scale"):
        part = getattr(columns, name)
        if part is not None and part.shape != (n_numbers,):
            raise ValueError(f"{name} must have shape ({n_numbers},), got {part.shape}")
    quantiles, n_ranked = columns.quantiles, len(columns.ranked)
    if sorted(set(columns.ranked)) != columns.ranked or (columns.ranked and columns.ranked[-1] >= n_numbers):
        raise ValueError(f"ranked must be increasing indices of {n_numbers} numbers, got {columns.ranked[:10]}")
    if (0 if quantiles is None else quantiles.shape[-1]) != n_ranked or (quantiles is not None and quantiles.ndim != 2):
        raise ValueError(f"quantiles must have {n_ranked} columns, got {None if quantiles is None else quantiles.shape}")
    if quantiles is not None and (len(quantiles) < 2 or (np.diff(quantiles, axis=0) < 0).any()):
        raise ValueError("quantiles must be at least two in increasing order")
