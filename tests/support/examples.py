"""How many examples hypothesis makes: few in `make test`, all of them in `make test-slow`."""

from hypothesis import HealthCheck, settings

FULL = 100
QUICK = 10


def load_quick_profile() -> None:
    """Registers the profiles `quick` and `full`, and loads the first."""
    for name, examples in (("quick", QUICK), ("full", FULL)):
        settings.register_profile(
            name,
            max_examples=examples,
            deadline=None,  # machines are shared: how long an example takes says nothing
            suppress_health_check=[HealthCheck.too_slow],
        )
    settings.load_profile("quick")


def examples(most: int) -> settings:
    """At most so many examples of a test in the full profile; a share of them in the quick one."""
    return settings(max_examples=max(most * settings.default.max_examples // FULL, 5))
