"""What commands print: ledgers, rows, tokens, templates, progress."""
