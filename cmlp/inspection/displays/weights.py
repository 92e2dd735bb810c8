"""The weights of a layer, as images or as a table."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cmlp import validation
from cmlp.inspection.displays import style
from cmlp.layers import Array

MOST_IMAGES = 100


@dataclass(eq=False)
class WeightsDisplay:
    """W of a layer: an image for each unit, or one table.

    Attributes
    ----------
    W : ndarray (fan_in, fan_out)
    layer : int
    shape : (int, int) or None
        Of the image that the inputs are; None for a table of inputs (rows) and units (columns).
    """

    W: Array
    layer: int = 0
    shape: tuple[int, int] | None = None

    @classmethod
    def from_network(cls, net: Any, layer: int = 0, *, shape: Any = "auto", units: Any = None) -> "WeightsDisplay":
        """Of a layer of a network or a fitted estimator; shape "auto": a square image, if the inputs of layer 0 fill one."""
        net = getattr(net, "network_", net)
        (chosen,) = validation.check_layers("layer", [layer], len(net.layers))
        W = net.layers[chosen].W.copy()
        W = W if units is None else W[:, np.asarray(units)]
        side = math.isqrt(len(W))
        if isinstance(shape, str):
            validation.check_name("shape", shape, ("auto",))
            shape = (side, side) if chosen == 0 and side * side == len(W) and side >= 4 else None
        if shape is not None and math.prod(shape) != len(W):
            raise ValueError(f"images of shape {tuple(shape)} have {math.prod(shape)} inputs; the layer has {len(W)}")
        return cls(W, chosen, None if shape is None else (int(shape[0]), int(shape[1])))

    @property
    def limit(self) -> float:
        """The largest size of a weight: the ends of the scale of colours."""
        return float(np.abs(self.W).max()) or 1.0

    def plot(self, ax: Any = None) -> "WeightsDisplay":
        """Draw; dark is below 0, bright above."""
        n_images = min(self.W.shape[1], MOST_IMAGES)
        columns = math.ceil(math.sqrt(n_images))
        self.ax_ = style.new_axes(ax, (6.0, 6.4 if self.shape is None else 6.2 * math.ceil(n_images / columns) / columns + 0.4))
        self.figure_ = self.ax_.figure
        values = self.W if self.shape is None else self.tiled(n_images, columns)
        settings = {"cmap": style.MAP, "vmin": -self.limit, "vmax": self.limit}
        aspect = "auto" if self.shape is None else "equal"
        self.image_ = self.ax_.imshow(values, aspect=aspect, interpolation="nearest", **settings)
        if self.shape is None:
            self.ax_.set(xlabel=f"unit of layer {self.layer}", ylabel="its inputs")
        else:
            self.ax_.set(xticks=[], yticks=[])
            more = f" of {self.W.shape[1]}" if n_images < self.W.shape[1] else ""
            self.ax_.set_title(f"weights into {n_images}{more} units of layer {self.layer}")
        self.figure_.colorbar(self.image_, ax=self.ax_, label="weight", shrink=0.8)
        return self

    def tiled(self, n_images: int, columns: int) -> Array:
        """The images in rows, with a gap of one pixel (nan)."""
        assert self.shape is not None
        height, width = self.shape
        rows = math.ceil(n_images / columns)
        tiles = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
        for k in range(n_images):
            i, j = divmod(k, columns)
            tiles[i * (height + 1) :, j * (width + 1) :][:height, :width] = self.W[:, k].reshape(self.shape)
        return tiles


def plot_weights(net: Any, layer: int = 0, ax: Any = None, *, shape: Any = "auto", units: Any = None) -> WeightsDisplay:
    """Draw the weights of a layer.

    Parameters
    ----------
    net : cmlp.Network or fitted estimator
    layer : int, default 0
    ax : matplotlib axes, optional
    shape : (int, int), None or "auto"
        Of the images that the inputs are; None: a table; "auto": squares, if the inputs of the first layer fill one.
    units : sequence of int, optional
        These alone; at most 100 images are drawn.

    Returns
    -------
    WeightsDisplay

    Examples
    --------
    >>> import cmlp
    >>> from cmlp import inspection
    >>> inspection.plot_weights(cmlp.Network([64, 9, 10])).shape
    (8, 8)
    """
    return WeightsDisplay.from_network(net, layer, shape=shape, units=units).plot(ax)
