"""Runs inside AWS as the function of the watch's stack: ends the workshop, whoever's laptop sleeps.

Standard library and boto3 only. The modules travel as one inline source
(``workbench.inline_source`` puts them together), so no two of them use one name for two things.
"""
