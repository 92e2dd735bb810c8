"""
Comparing optimizers
====================

Training loss on the digits by epoch, each optimizer with a learning rate that suits it.
"""

import cmlp
from cmlp import inspection

X, y = cmlp.datasets.load_digits()
optimizers = [cmlp.SGD(0.1), cmlp.Momentum(0.05), cmlp.Nesterov(0.05), cmlp.RMSprop(0.003), cmlp.Adam(0.005), cmlp.Lion(0.001)]
histories = {}
for optimizer in optimizers:
    net = cmlp.Network([64, 64, 10], input_scale=1 / 16)
    histories[type(optimizer).__name__] = net.fit(X, y, optimizer=optimizer, batch_size=64, epochs=25)
inspection.plot_history(histories, log=True)
