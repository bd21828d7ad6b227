"""Runs inside AWS as the function of the door's stack: the page that opens a seat's notebook.

Standard library and boto3 only. The modules travel as one inline source
(``workbench.inline_source`` puts them together), so no two of them use one name for two things.
"""
