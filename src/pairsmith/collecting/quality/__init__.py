"""How good what is collected is: figures of a collection's events, and what people disagree on.

All of it is worked out from the events, so it can be had at any time, and says the same of the same
events. `read.read_choices` makes one list of all that people said of two replies, `measure` the
figures, `telling` tables of them, `disputes` what is to be decided on.
"""
