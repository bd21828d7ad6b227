"""What every seat has, does and costs now, from bulk calls and a bounded number of others.

``collector`` reads one account and Region into plain data (``snapshot``), ``describe`` asks for the
machines of what runs, and ``report`` makes of both the rows that people see.
"""
