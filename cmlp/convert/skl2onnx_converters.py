"""cmlp's estimators for skl2onnx, which converts whole pipelines of scikit-learn to ONNX."""

from typing import Any

from cmlp.convert.onnx_graph import to_onnx
from cmlp.model import Model
from cmlp.persistence.estimators import registered

PREDICTION, SECOND = "prediction", ("probabilities", "outputs")


def register_skl2onnx() -> None:
    """Register cmlp's estimators with skl2onnx, for pipelines whose other steps `cmlp.data.Columns` cannot express.

    Then ``skl2onnx.to_onnx(pipeline, X)`` converts a pipeline that ends in `MLPClassifier` or `MLPRegressor`. The graph of the
    estimator is that of `to_onnx`: of a classifier the outputs are its label and its probabilities, of a regressor its values.
    Estimators that prepare columns themselves (scale, impute, categorical_features) are refused: use `to_onnx` for them.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError:
        raise ImportError("register_skl2onnx needs skl2onnx: pip install skl2onnx") from None
    for name, kind in registered().items():
        update_registered_converter(
            kind,
            f"Cmlp{name}",
            output_shapes,
            convert,
            options={"zipmap": [True, False, "columns"], "nocl": [True, False], "output_class_labels": [False, True]}
            if hasattr(kind, "predict_proba")
            else None,
        )


def model_for(estimator: Any) -> Model:
    """The model of an estimator that takes a matrix.

    Raises
    ------
    ValueError
        If it prepares columns itself.
    """
    model = Model.of(estimator)
    if model.prepared is not None:
        raise ValueError(
            "skl2onnx converts estimators that do not prepare columns themselves: use cmlp.convert.to_onnx, or leave out "
            "scale, impute and categorical_features"
        )
    return model


def has_text(model: Model) -> bool:
    """Whether the labels are strings; others are integers in ONNX."""
    classes = model.meaning.classes
    return classes is not None and classes.dtype.kind in "UO"


def output_shapes(operator: Any) -> None:
    """Declare the types of the outputs."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType

    model = model_for(operator.raw_operator)
    real = FloatTensorType if model.network.dtype == "float32" and model.scale is None else DoubleTensorType
    n_outputs = max(2, model.network.sizes[-1]) if model.meaning.task == "classification" else model.network.sizes[-1]
    if len(operator.outputs) > 1:
        operator.outputs[0].type = (StringTensorType if has_text(model) else Int64TensorType)([None])
        operator.outputs[1].type = FloatTensorType([None, n_outputs])
    else:
        operator.outputs[0].type = real([None, model.network.n_targets])


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Copy the graph of `to_onnx` into that of skl2onnx, with names of its own."""
    from onnx import TensorProto, helper

    model = model_for(operator.raw_operator)
    graph = to_onnx(model).graph
    is_classifier = len(operator.outputs) > 1
    own = [each.name for each in graph.initializer] + [name for node in graph.node for name in node.output]
    names = {name: scope.get_unique_variable_name(f"cmlp{name.replace('/', '_')}") for name in own}
    dtype = TensorProto.FLOAT if model.network.dtype == "float32" else TensorProto.DOUBLE
    names["X"] = scope.get_unique_variable_name("cmlp_X")
    container.nodes.append(helper.make_node("Cast", [operator.inputs[0].full_name], [names["X"]], to=dtype))
    for each in graph.initializer:
        each.name = names[each.name]
        container.initializers.append(each)
    for node in graph.node:
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
        container.nodes.append(node)
    if is_classifier:
        second = next(names[name] for name in SECOND if name in names)
        to = TensorProto.STRING if has_text(model) else TensorProto.INT64
        container.nodes.append(helper.make_node("Cast", [names[PREDICTION]], [operator.outputs[0].full_name], to=to))
        container.nodes.append(helper.make_node("Cast", [second], [operator.outputs[1].full_name], to=TensorProto.FLOAT))
    else:
        shape = scope.get_unique_variable_name("cmlp_shape")
        container.initializers.append(helper.make_tensor(shape, TensorProto.INT64, [2], [-1, model.network.n_targets]))
        container.nodes.append(helper.make_node("Reshape", [names[PREDICTION], shape], [operator.outputs[0].full_name]))
