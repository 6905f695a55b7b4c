"""The map of a report: each row a dot, to be coloured, filtered, searched, brushed and opened."""
