"""The pages that people read: plain HTML from the server, that works without JavaScript."""
