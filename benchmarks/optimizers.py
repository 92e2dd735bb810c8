"""Each optimizer's first 100 steps beside PyTorch's, in float64: the same start, the same gradients, the largest difference.

Needs PyTorch (requirements.txt) and no data.
"""

import numpy as np
import torch
from common import machine, print_table

import cmlp
from cmlp import _kernels
from cmlp.runtime import registry

STEPS, N = 100, 50
SETTINGS = [
    (cmlp.SGD(0.1), torch.optim.SGD, {"lr": 0.1}),
    (cmlp.Momentum(0.1, 0.9), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    (cmlp.Nesterov(0.1, 0.9), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (cmlp.RMSprop(0.01), torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9}),
    (cmlp.RMSprop(0.01, momentum=0.9), torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "momentum": 0.9}),
    (cmlp.RMSprop(0.01, centered=True), torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "centered": True}),
    (cmlp.Adagrad(0.1), torch.optim.Adagrad, {"lr": 0.1}),
    (cmlp.Adadelta(), torch.optim.Adadelta, {"lr": 1.0}),
    (cmlp.Adam(0.01), torch.optim.Adam, {"lr": 0.01}),
    (cmlp.AdamW(0.01, weight_decay=0.1), torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    (cmlp.AMSGrad(0.01), torch.optim.Adam, {"lr": 0.01, "amsgrad": True}),
    (cmlp.NAdam(0.01), torch.optim.NAdam, {"lr": 0.01}),
    (cmlp.RAdam(0.01), torch.optim.RAdam, {"lr": 0.01}),
    (cmlp.Rprop(0.01), torch.optim.Rprop, {"lr": 0.01}),
]


def gradients():
    """Of a bowl with noise: signs change, sizes differ by a hundred."""
    rng = np.random.default_rng(0)
    curvature = 10 ** rng.uniform(-1, 1, N)
    return lambda theta, t: curvature * theta + 0.1 * np.random.default_rng(t).normal(size=N)


def with_cmlp(optimizer, start, gradient):
    theta, info = start.copy(), registry.optimizers[optimizer.name]
    state, hyper = np.zeros((info.n_slots, N)), optimizer.table(0, 1, 1, 1)[0]
    decay = getattr(optimizer, "weight_decay", 0.0)
    for t in range(1, STEPS + 1):
        change = gradient(theta, t)[None].copy()
        _kernels.optimizer_change(optimizer.name, change, state, hyper, t)
        theta += change[0] - hyper[0] * decay * theta
    return theta


def with_torch(kind, settings, start, gradient):
    theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = kind([theta], **settings)
    for t in range(1, STEPS + 1):
        theta.grad = torch.from_numpy(gradient(theta.detach().numpy(), t))
        optimizer.step()
    return theta.detach().numpy()


def main():
    print(machine(), f", torch {torch.__version__}\n")
    start, gradient = np.random.default_rng(1).normal(size=N), gradients()
    rows = []
    for optimizer, kind, settings in SETTINGS:
        ours, theirs = with_cmlp(optimizer, start, gradient), with_torch(kind, settings, start, gradient)
        moved = np.abs(theirs - start).max()
        rows.append((repr(optimizer), kind.__name__, f"{moved:.3g}", f"{np.abs(ours - theirs).max():.1e}"))
    print_table(["cmlp", "PyTorch", "largest move", "largest difference"], rows)


if __name__ == "__main__":
    main()
