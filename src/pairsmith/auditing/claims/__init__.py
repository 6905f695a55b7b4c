"""What the built-in questions claim in the verdict: from an answer's numbers to `Claim`s.

Every threshold is a constant with its reason, and is held against the end of an interval, not
against the estimate: what might be chance in few rows is not called urgent.
"""
