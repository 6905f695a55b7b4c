"""Collections of a hub: whose they are, who takes part, and who is invited.

What people say in one lies in a folder of its own, which `web.collecting` alone opens.
"""
