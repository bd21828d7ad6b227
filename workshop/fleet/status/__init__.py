"""What every seat has, does and costs now, from a number of calls that does not grow with seats.

``asking`` asks one place and gives what it found as plain data (``found``); ``attribution`` says
whose a job or an endpoint is; ``rows`` makes of it what people see.
"""
