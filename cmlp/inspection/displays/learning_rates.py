"""The plot of the learning rate range test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmlp.inspection.displays import style
from cmlp.inspection.learning_rates import RateCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(eq=False)
class RangeTestDisplay:
    """Learning rate range test: the loss against the learning rate.

    Attributes
    ----------
    curve : RateCurve
    """

    curve: RateCurve

    def __repr__(self) -> str:
        return f"<RangeTestDisplay: {len(self.curve.loss)} steps, suggestion {self.curve.suggestion:.3g}>"

    def plot(self, ax: "Axes | None" = None) -> "RangeTestDisplay":
        """Draw the loss; the suggested learning rate is a dotted line."""
        self.ax_ = style.new_axes(ax)
        self.figure_ = self.ax_.figure
        rate = self.curve.learning_rate
        self.ax_.plot(rate, self.curve.loss, color="0.6", linewidth=0.8, label="mini-batch loss")
        self.ax_.plot(rate, self.curve.smoothed, color=style.BLUE, linewidth=2, label="smoothed")
        label = f"suggestion: {self.curve.suggestion:.2g}"
        self.ax_.axvline(self.curve.suggestion, color=style.VERMILION, linestyle=":", linewidth=2, label=label)
        self.ax_.set(xscale="log", xlabel="learning rate", ylabel="loss")
        low, high = self.curve.smoothed.min(), self.curve.smoothed[0]
        self.ax_.set_ylim(low - 0.1 * (high - low), high + 0.6 * (high - low))
        self.ax_.legend()
        return self


def plot_range_test(curve: RateCurve, ax: "Axes | None" = None) -> RangeTestDisplay:
    """Plot the result of a learning rate range test.

    Parameters
    ----------
    curve : RateCurve
        As `learning_rate_range` returns it.
    ax : matplotlib axes, optional

    Returns
    -------
    RangeTestDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> X, y = cmlp.datasets.load_digits()
    >>> curve = inspection.learning_rate_range(cmlp.Network([64, 32, 10], input_scale=1 / 16), X, y)
    >>> display = inspection.plot_range_test(curve)
    """
    return RangeTestDisplay(curve).plot(ax)
