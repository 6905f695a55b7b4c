"""Publishing a build on a hub, this one or the public one; none of the server is in it."""
