"""Notices: what accounts are told of, on a page of theirs and by e-mail.

`telling.tell` is what others call, within the transaction in which something happens. Several
things that happen at one place are one notice until it is read.
"""
