"""Uploads in chunks, as huggingface_hub sends large files: taken in and kept as plain blobs."""
