"""The organisers' page on their own machine: what every seat does, and buttons for commands.

``server`` and ``guard`` serve pages to whoever has the address and to nobody else; ``live`` reads
the state once for all browsers, ``tiles`` makes of it what is shown; ``actions`` calls what the
commands call. ``slips`` serves the pages of the handout in the same way.
"""
