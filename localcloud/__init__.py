"""The embedded local cloud: ministack in a process of its own, plus what this project adds to it.

It imports nothing of the project's other rooms. ``process`` starts, stops and resets it from
outside; ``server`` is the process itself, ``admin`` its control interface and ``authentication``
its door. ``ministack_adapter`` is the only way to ministack, ``protocol`` what JSON services share.
``sagemaker`` and ``service_quotas`` are services that ministack lacks, as are ``stacksets`` and
``application_auto_scaling``; ``cloudformation`` holds resource types and corrections, ``iam`` who
may do what, and ``faults`` what is meant to go wrong.
"""
