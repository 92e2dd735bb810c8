"""Training: from the arguments of `Network.fit` to a history.

===================  ==================================================================================
``settings``         the arguments of `Network.fit` as one frozen description
``prepare``          checks and resolves them: everything that can be refused is refused here
``loop``             calls the core until a training ends
``lbfgs``            the same for L-BFGS, by scipy
``epochs``           what follows an epoch, for both: validation, stopping, callbacks, reports
``evaluation``       loss, score and metrics on validation data
``stopping``         early stopping: `Stopping`, patience, the best epoch; the plateaus of a schedule
``hooks``            the protocol of callbacks, and monitors
``history``          what is recorded, and how a training ended
``progress``         what is printed while it runs
``pace``             how many threads are fastest just now
``profile``          where the time of a step goes
``optimizer_state``  what an optimizer keeps between updates
===================  ==================================================================================
"""
