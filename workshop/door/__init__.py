"""Runs inside AWS as the function of the door's stack: the page that opens a seat's notebook.

Standard library and boto3 only: the modules travel packed in the stack's template
(``workbench.inline_source``).
"""
