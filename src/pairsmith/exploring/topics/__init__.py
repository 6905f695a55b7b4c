"""Topics: what texts are about, found without labels and named by their own words."""
