"""Pages of collections: owners set them up, people talk to models and judge in them.

These modules alone of the hub open collections, by `pairsmith.collecting`, whose pages they put
into the hub's layout. `routes` imports nothing of it, so that a hub without it serves all else.
"""
