"""What one machine needs for a month of usage, measured against peers (`make bench`).

A benchmark is a module in here with one function, `measures(ground)`, that yields `Measure`s.
"""
