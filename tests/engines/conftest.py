"""A Ray that the tests share, for it takes seconds to start."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def ray_installed() -> None:
    """Ray, or a skip."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'pairsmith[ray]'")


@pytest.fixture(scope="session")
def ray_cluster(ray_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Ray with two CPUs, started by the caller of the engine."""
    import ray

    home = os.environ.get("HOME", "")
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))  # Ray leaves a token there
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        "local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        object_store_memory=100 << 20,
    )
    yield
    ray.shutdown()
    os.environ["HOME"] = home
