"""Prints what is installed here as constraints for pip, each package with its version alone."""

from __future__ import annotations

from importlib.metadata import distributions

LEFT_OUT = {"pip", "pairsmith"}

if __name__ == "__main__":
    # a build such as 2.13.0+cpu is the machine's to choose
    held = {d.name: d.version.partition("+")[0] for d in distributions()}
    print("# What development and CI install: made by `make lock`, and tried by `make test-all`.")
    for name in sorted(held.keys() - LEFT_OUT, key=str.lower):
        print(f"{name}=={held[name]}")
