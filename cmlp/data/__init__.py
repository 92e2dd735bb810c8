"""What networks learn from: samples, targets, columns of tables, and how good predictions are.

=================  ==========================================================================
``samples``        X, y and weights made ready for the core, never copied whole
``targets``        what y means: classes, labels or values, and the way back from the outputs
``probabilities``  of classes and labels, and their logarithms, from logits
``columns``        from the columns of a table to the matrix that a network sees
``metrics``        accuracy and R2
=================  ==========================================================================

Behind ``columns``: ``frames`` and ``tables`` read tables of any kind, ``kinds`` says what a column holds and reads its cells,
``categories`` and ``one_hot`` encode categories, ``scaling`` has the statistics, ``fitting`` finds everything out, and
``description`` prints it.
"""

from cmlp.data.categories import Categories
from cmlp.data.columns import Columns
from cmlp.data.kinds import ColumnError
from cmlp.data.tables import Table

__all__ = ["Categories", "ColumnError", "Columns", "Table"]
