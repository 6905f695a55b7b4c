"""Sources: from files somewhere to record batches with ids.

`find` lists the files of a source, `read` yields their rows: files → records → columns.
"""
