"""What a workshop will cost, has cost so far, and did cost: at AWS's list prices.

``estimate`` looks ahead, from the configuration alone. ``collector`` reads what there is and was,
``usages`` makes hours of it, ``record`` keeps them, since what is deleted cannot be read any more,
and ``bills`` sums them up for each seat and kind. ``reconcile`` compares with Cost Explorer.
"""
