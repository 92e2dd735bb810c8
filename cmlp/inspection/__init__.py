"""Looking at a network: are its gradients right, does it learn, what do its layers hold, which learning rate suits it.

Numbers:

============================  ====================================================================
`check_gradients`             analytic gradients against differences, block by block
`diagnose`                    spreads, dead and saturated units, sizes of updates, and what they say
`activations`                 A of any layer for new data
`input_gradient`              how the outputs change with the inputs
`learning_rate_range`         the loss while the learning rate grows
`grid`                        the tiles that a step is cut into
`Recorder`                    a callback that keeps how activations and gradients are spread
============================  ====================================================================

Pictures (extra ``cmlp[plot]``), each by a function, and by a display that holds the numbers drawn:

============================  ====================================================================
`plot_network`                layers, units, and weights as lines
`plot_history`                loss, score and learning rate by epoch, of one run or several
`plot_decision_boundary`      what a model of two inputs says in the plane
`plot_weights`                the weights of a layer as images or as a table
`plot_activations`            how activations are spread, by layer or epoch
`plot_gradients`              how gradients are spread, likewise
`plot_confusion`              which classes are taken for which
`plot_step`                   the graph of one step with its numbers, forward and back
`plot_range_test`             what `learning_rate_range` found
============================  ====================================================================
"""

from cmlp.inspection import displays
from cmlp.inspection.diagnosis import Diagnosis, LayerHealth, diagnose
from cmlp.inspection.displays import *  # noqa: F403
from cmlp.inspection.gradients import BlockCheck, GradientCheck, check_gradients
from cmlp.inspection.grid import Grid, LayerGrid, grid
from cmlp.inspection.layers import activations, input_gradient
from cmlp.inspection.rates import RateCurve, learning_rate_range

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
