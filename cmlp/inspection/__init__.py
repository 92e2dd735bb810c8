"""Inspection of networks: gradient checking, diagnosis of training, activations, saliency, plots.

All of them take a network, a fitted estimator or a `cmlp.Model`; of the last two, X and y are prepared as in `predict` and
`fit`.

Functions that return numbers:

============================  ====================================================================
`check_gradients`             gradient checking against finite differences, block by block
`diagnose`                    vanishing gradients, dead and saturated units, size of the updates
`activations`                 the activations A of a layer
`input_gradient`              the gradient of an output with respect to the inputs (saliency)
`learning_rate_range`         the learning rate range test
`grid`                        the tiles that threads compute in a training step
`Recorder`                    a callback that records distributions of activations and gradients
============================  ====================================================================

Plots (extra ``cmlp[plot]``), each by a function and by a display that holds the data:

============================  ====================================================================
`plot_network`                layers, units, and weights as lines
`plot_history`                learning curves: loss, score and learning rate by epoch
`plot_decision_boundary`      the predictions of a model with two inputs
`plot_weights`                the weights of a layer, as images or as a matrix
`plot_activations`            distributions of the activations, by layer or epoch
`plot_gradients`              distributions of the gradients, by layer or epoch
`plot_confusion`              the confusion matrix
`plot_step`                   the computational graph of one step, with values and gradients
`plot_range_test`             the learning rate range test
============================  ====================================================================
"""

from cmlp.inspection import displays
from cmlp.inspection.diagnosis import Diagnosis, LayerHealth, diagnose
from cmlp.inspection.displays import *  # noqa: F403
from cmlp.inspection.gradients import BlockCheck, GradientCheck, check_gradients
from cmlp.inspection.grid import Grid, LayerGrid, grid
from cmlp.inspection.layers import activations, input_gradient
from cmlp.inspection.learning_rates import RateCurve, learning_rate_range

__all__ = [
    *displays.__all__,
    "BlockCheck",
    "Diagnosis",
    "GradientCheck",
    "Grid",
    "LayerGrid",
    "LayerHealth",
    "RateCurve",
    "activations",
    "check_gradients",
    "diagnose",
    "grid",
    "input_gradient",
    "learning_rate_range",
]
