"""The embedded local cloud: ministack in a process of its own, plus what this project adds to it.

Rooms: ``process`` (start, stop, status, reset, from outside), ``server`` (the process itself),
``emulator`` (the only door to ministack), ``wire`` (what JSON services of ours share),
``sagemaker`` and ``quotas`` (services ministack lacks), ``stacksets``, ``cloudformation``
(resource types and corrections of behaviour), ``permissions`` (who may do what), ``faults`` (what
is meant to go wrong).
"""
