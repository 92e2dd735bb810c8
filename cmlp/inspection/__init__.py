"""Looking at a network: are its gradients right, does it learn, what do its layers hold, which learning rate suits it.

============================  ====================================================================
`check_gradients`             analytic gradients against differences, block by block
`diagnose`                    spreads, dead and saturated units, sizes of updates, and what they say
`activations`                 A of any layer for new data
`input_gradient`              how the outputs change with the inputs
`learning_rate_range`         the loss while the learning rate grows
============================  ====================================================================
"""

from cmlp.inspection.diagnosis import Diagnosis, LayerHealth, diagnose
from cmlp.inspection.gradients import BlockCheck, GradientCheck, check_gradients
from cmlp.inspection.layers import activations, input_gradient
from cmlp.inspection.rates import RateCurve, learning_rate_range

__all__ = [
    "BlockCheck",
    "Diagnosis",
    "GradientCheck",
    "LayerHealth",
    "RateCurve",
    "activations",
    "check_gradients",
    "diagnose",
    "input_gradient",
    "learning_rate_range",
]
