"""What every seat has, does and costs now, from bulk calls and a bounded number of others.

``asking`` asks one place and gives what it found as plain data (``found``), ``details`` asks for
machines; ``attribution`` says whose a job or an endpoint is; ``rows`` makes of it what people see.
"""
