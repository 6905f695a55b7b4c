"""`pairsmith hub organization`: made, listed, given members, by the host."""

import json


def test_an_organization_from_the_command_line(run, tmp_path):
    root = tmp_path / "hub"
    for name in ("ann", "bob"):
        assert run("hub", "user", "add", root, name, "--no-password")[0] == 0
    made = run("hub", "organization", "add", root, "guild", "--admin", "ann")
    assert made == (0, "guild is an organization, and ann its admin.\n", "")
    assert run("hub", "organization", "role", root, "guild", "bob", "write")[0] == 0
    told = json.loads(run("hub", "organization", "list", root, "--json")[1])
    assert told == {"guild": {"ann": "admin", "bob": "write"}}
    assert run("hub", "organization", "list", root)[1] == "guild  ann (admin), bob (write)\n"
    assert run("hub", "organization", "role", root, "guild", "bob", "none")[0] == 0
    for words, said in (
        (("role", root, "guild", "ann", "read"), "always has an admin"),
        (("role", root, "guild", "bob", "king"), "There is no role"),
        (("role", root, "ann", "bob", "read"), "There is no organization 'ann'"),
        (("role", root, "guild", "eve", "read"), "There is no account 'eve'"),
        (("add", root, "guild", "--admin", "ann"), "is taken"),
    ):
        status, _, err = run("hub", "organization", *words)
        assert (status, said in err) == (2, True), err
    assert "guild" not in run("hub", "user", "list", root)[1]
