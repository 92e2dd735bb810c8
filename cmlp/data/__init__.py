"""What networks learn from: samples, targets, columns of tables, and how good predictions are.

===========  ==========================================================================
``samples``  X, y and weights made ready for the core, never copied whole
``targets``  what y means: classes, labels or values, and the way back from the outputs
``columns``  from the columns of a table to the matrix that a network sees
``metrics``  accuracy and R2
===========  ==========================================================================
"""

from cmlp.data.columns import Columns

__all__ = ["Columns"]
