"""Licensing: offers, orders, payments and the licences that come of them."""
