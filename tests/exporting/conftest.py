"""Builds to export."""

import pytest

import pairsmith

SYSTEM = "Be kind, and brief."


@pytest.fixture(scope="session")
def sample_system(tmp_path_factory):
    """The sample, built as messages with a system turn. Not to be changed."""
    out = tmp_path_factory.mktemp("sample") / "system"
    pairsmith.build("sample", out, system=SYSTEM)
    return out


@pytest.fixture(scope="session")
def sample_lenient(tmp_path_factory):
    """The sample, built as messages with every row that a policy can keep. Not to be changed."""
    out = tmp_path_factory.mktemp("sample") / "lenient"
    reasons = ("bad_roles", "empty_turn", "empty_reply", "identical")
    pairsmith.build("sample", out, policies=dict.fromkeys(reasons, "keep"))
    return out
