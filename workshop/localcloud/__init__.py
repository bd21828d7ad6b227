"""The embedded local cloud: ministack in a process of its own, plus what this project adds to it.

Rooms: ``process`` (start, stop, status, reset, from outside), ``server`` (the process itself),
``emulator`` (the only door to ministack), ``sagemaker`` (a service ministack lacks),
``cloudformation`` (resource types and corrections of behaviour).
"""
