"""scikit-learn's pipelines that end in an estimator of cmlp, as a `cmlp.Model`: their steps become `cmlp.data.Columns`.

Each column of a step's result is described by what it is of the table's columns (``pipeline_steps``); what is linear behind the
categories is multiplied into the weights of the first layer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cmlp.convert.pipeline_steps import Coded, Indicator, Number, Output, Raw, apply
from cmlp.data import Categories, Columns
from cmlp.data.kinds import CATEGORICAL, IGNORED, NUMERIC
from cmlp.layers import Array
from cmlp.model import Model
from cmlp.network import Network
from cmlp.persistence import description


def model_of(pipeline: Any) -> Model:
    """The model of a fitted pipeline.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Its last step is an estimator of cmlp; the others are scalers (standard, robust, min-max, max-abs, quantile to a normal
        distribution), imputers, one-hot and ordinal encoders, feature selections, passthrough, and pipelines, column
        transformers and unions of these.

    Returns
    -------
    model : cmlp.Model
        With the same predictions.

    Raises
    ------
    ValueError
        If a step cannot be expressed; the message names it.
    TypeError
        If the last step is no estimator of cmlp.
    """
    (name, estimator), steps = pipeline.steps[-1], pipeline.steps[:-1]
    if not hasattr(estimator, "to_model"):
        kind = type(estimator).__name__
        raise TypeError(f"the last step of the pipeline must be an estimator of cmlp, got {name!r}, a {kind}")
    model = estimator.to_model()
    if model.prepared is not None:
        raise ValueError(
            f"the estimator {name!r} prepares what the steps before it have made, which a model cannot express: use scale, "
            "impute and categorical_features of the estimator, or steps before it, not both"
        )
    n_columns = pipeline.n_features_in_
    names = [str(each) for each in getattr(pipeline, "feature_names_in_", ())] or None
    outputs: list[Output] = [Raw(place) for place in range(n_columns)]
    for step, transformer in steps:
        outputs = apply(transformer, outputs, step)
    numbers = [Number(each.place, fill=each.fill) if isinstance(each, Raw) else each for each in outputs]
    if len(numbers) != model.network.sizes[0]:
        raise ValueError(f"the steps make {len(numbers)} columns, the network has {model.network.sizes[0]} inputs")
    columns, weights = assembled(n_columns, names, numbers)
    network = model.network if is_identity(weights) else with_inputs(model.network, weights)
    return Model(network, columns, model.classes, model.mean, model.scale, model.target)


def assembled(n_columns: int, names: list[str] | None, outputs: Sequence[Any]) -> tuple[Columns, Array]:
    """The columns, and the matrix (n_inputs of the columns, n_outputs of the steps) that makes the one of the other."""
    numbers = {each.place: (k, each) for k, each in enumerate(outputs) if isinstance(each, Number)}
    indicators = {each.place: (k, each) for k, each in enumerate(outputs) if isinstance(each, Indicator)}
    coded: dict[int, list[tuple[int, Coded]]] = {}
    for k, each in enumerate(outputs):
        if isinstance(each, Coded):
            coded.setdefault(each.place, []).append((k, each))
    n_used = len(numbers) + len(indicators) + sum(map(len, coded.values()))
    if n_used < len(outputs) or numbers.keys() & coded.keys() or not indicators.keys() <= numbers.keys():
        raise ValueError(
            "a column must not be used twice by the steps of a pipeline: as a number and as a category, or scaled in two ways"
        )
    kinds = [CATEGORICAL if place in coded else NUMERIC if place in numbers else IGNORED for place in range(n_columns)]
    places = sorted(numbers)
    each = [numbers[place][1] for place in places]
    indicated = [number for number, place in enumerate(places) if place in indicators]
    affine = each + [indicators[places[number]][1] for number in indicated]
    imputes = any(number.fill is not None for number in each)
    ranked = [number for number, one in enumerate(each) if one.quantiles is not None]
    if len({len(each[number].quantiles) for number in ranked}) > 1:
        raise ValueError("all quantile transformers must have the same n_quantiles to become one model")
    scaled = any((one.center, one.scale) != (0.0, 1.0) for one in affine)
    categories = [categories_of(coded[place]) for place in sorted(coded)]
    columns = Columns(
        kinds,
        names,
        fill=np.array([np.inf if one.fill is None else one.fill for one in each]) if imputes else None,
        indicated=indicated,
        center=np.array([one.center for one in affine]) if scaled else None,
        scale=np.array([one.scale for one in affine]) if scaled else None,
        quantiles=np.column_stack([each[number].quantiles for number in ranked]) if ranked else None,
        ranked=ranked,
        categories=categories,
    )
    weights = np.zeros((columns.n_inputs, len(outputs)))
    for row, place in enumerate(places):
        weights[row, numbers[place][0]] = 1
    for row, number in enumerate(indicated, start=len(places)):
        weights[row, indicators[places[number]][0]] = 1
    row = columns.n_numbers
    for place, known in zip(sorted(coded), categories):
        for k, one in coded[place]:
            values = [one.value(level) for level in known.levels] + [one.unseen] * bool(known.n_infrequent)
            weights[row : row + known.width, k] = values
        row += known.width
    if not np.isfinite(weights).all():
        raise ValueError("missing categories must not be encoded as NaN: put a SimpleImputer before the encoder")
    return columns, weights


def categories_of(each: Sequence[tuple[int, Coded]]) -> Categories:
    """The categories of a column; an unseen one has a column of its own where it does not become zeros."""
    first = each[0][1]
    has_value = any(one.unseen != 0 for _, one in each)
    return Categories(list(first.levels), int(has_value and not first.refuses), "error" if first.refuses else "ignore")


def is_identity(weights: Array) -> bool:
    return weights.shape[0] == weights.shape[1] and np.array_equal(weights, np.eye(len(weights)))


def with_inputs(network: Network, weights: Array) -> Network:
    """A network whose first layer has ``weights . W0``."""
    if any(layer.source == -1 and layer.P is None for layer in network.layers):
        raise ValueError("a residual connection must not add the inputs as they are: the pipeline needs other inputs")
    twin = description.network_of(description.describe(network) | {"sizes": [len(weights), *network.sizes[1:]]})
    new, old = (description.blocks(net._architecture, net.variables) for net in (twin, network))
    from_inputs = {"W0"} | {f"P{l}" for l, layer in enumerate(network.layers) if layer.source == -1}
    for name, block in new.items():
        block[...] = weights @ old[name].astype(np.float64) if name in from_inputs else old[name]
    twin._targets = network._targets
    return twin
