"""Runs inside AWS as the function of the watch's stack: ends the workshop, whoever's laptop sleeps.

Standard library and boto3 only: the modules travel packed in the stack's template
(``workbench.inline_source``).
"""
