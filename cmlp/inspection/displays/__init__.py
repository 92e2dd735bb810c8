"""Plots, with the interface of scikit-learn's displays (extra ``cmlp[plot]``).

A display holds the data that it plots as attributes; ``plot(ax=None)`` draws them and sets ``ax_`` (or ``axes_``) and
``figure_``. The functions ``plot_...`` create a display and plot it. All plots have labels and are readable in grayscale and
with color vision deficiency: every color comes with a line style, a marker or a number.
"""

from cmlp.inspection.displays.boundary import DecisionBoundaryDisplay, plot_decision_boundary
from cmlp.inspection.displays.confusion import ConfusionDisplay, plot_confusion
from cmlp.inspection.displays.distributions import DistributionDisplay, Recorder, plot_activations, plot_gradients
from cmlp.inspection.displays.graph import NetworkDisplay, plot_network
from cmlp.inspection.displays.history import HistoryDisplay, plot_history
from cmlp.inspection.displays.learning_rates import RangeTestDisplay, plot_range_test
from cmlp.inspection.displays.step import StepDisplay, plot_step
from cmlp.inspection.displays.weights import WeightsDisplay, plot_weights

__all__ = [
    "ConfusionDisplay",
    "DecisionBoundaryDisplay",
    "DistributionDisplay",
    "HistoryDisplay",
    "NetworkDisplay",
    "RangeTestDisplay",
    "Recorder",
    "StepDisplay",
    "WeightsDisplay",
    "plot_activations",
    "plot_confusion",
    "plot_decision_boundary",
    "plot_gradients",
    "plot_history",
    "plot_network",
    "plot_range_test",
    "plot_step",
    "plot_weights",
]
