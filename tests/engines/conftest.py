"""A Ray that the tests share, for it takes seconds to start."""

import os
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def ray_installed() -> None:
    """Ray, or a skip."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install '.[ray]'")


@pytest.fixture(scope="session")
def ray_cluster(ray_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Ray with two CPUs, and two GPUs by its own account, started by the caller."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # Ray leaves a token there
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for errands.py
        quiet = {"include_dashboard": False, "log_to_driver": False, "configure_logging": False}
        ray.init("local", num_cpus=2, num_gpus=2, object_store_memory=100 << 20, **quiet)
        yield
        ray.shutdown()
