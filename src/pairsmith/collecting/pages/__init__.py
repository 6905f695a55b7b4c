"""The pages on which people talk to models, choose and judge; for any server, in plain functions.

`screens.screen` says what to show at a place, `acts.act` does what a form asks for, and
`rendering.render` makes HTML of a screen, in the layout of whoever serves it. Places are paths
below the address at which a collection is served; a server keeps to itself who asks, and where its
forms come from.
"""
