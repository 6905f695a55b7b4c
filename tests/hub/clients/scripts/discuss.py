"""Every call about discussions and pull requests, as an owner and as somebody else."""

from pathlib import Path
from tempfile import mkdtemp

from case import ENDPOINT, TOKENS, refused
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.community import (
    DiscussionComment,
    DiscussionCommit,
    DiscussionStatusChange,
    DiscussionTitleChange,
)
from huggingface_hub.errors import HfHubHTTPError

ann, bob = (HfApi(ENDPOINT, token=TOKENS[name]) for name in ("ann", "bob"))
PAIRS = {"repo_id": "ann/pairs", "repo_type": "dataset"}

# a discussion, from its beginning to its end
begun = bob.create_discussion(**PAIRS, title="  A row is odd ", description="Look at **row 3**.")
assert (begun.num, begun.title, begun.status) == (1, "A row is odd", "open")
assert (begun.author, begun.is_pull_request, begun.repo_id) == ("bob", False, "ann/pairs")
assert begun.repo_type == "dataset"
assert begun.url == f"{ENDPOINT}/datasets/ann/pairs/discussions/1"
assert (begun.target_branch, begun.diff, begun.conflicting_files) == (None, None, None)
first = begun.events[0]
assert isinstance(first, DiscussionComment)
assert first.content == "Look at **row 3**."
assert first.rendered.strip() == "<p>Look at <strong>row 3</strong>.</p>"
assert (first.edited, first.hidden, first.number_of_edits) == (False, False, 0)
assert bob.get_discussion_details(**PAIRS, discussion_num=1) == begun

said = ann.comment_discussion(**PAIRS, discussion_num=1, comment="Thanks, @bob & <b>all</b>: #1")
assert isinstance(said, DiscussionComment)
assert said.author == "ann"
assert '<a href="/bob">@bob</a>' in said.rendered
assert "discussions/1" in said.rendered
edited = ann.edit_discussion_comment(
    **PAIRS, discussion_num=1, comment_id=said.id.upper(), new_content="Thank you"
)
assert (edited.id, edited.content, edited.edited) == (said.id, "Thank you", True)
assert edited.last_edited_by == "ann"
assert edited.last_edited_at >= said.created_at
assert [one["raw"] for one in edited.edit_history] == ["Thanks, @bob & <b>all</b>: #1"]
with refused(HfHubHTTPError, 403):
    bob.edit_discussion_comment(
        **PAIRS, discussion_num=1, comment_id=said.id, new_content="not mine"
    )
with refused(HfHubHTTPError, 403):
    bob.hide_discussion_comment(**PAIRS, discussion_num=1, comment_id=said.id)
hidden = ann.hide_discussion_comment(**PAIRS, discussion_num=1, comment_id=first.id)
assert hidden.hidden
assert "row 3" not in str(hidden._event)

renamed = bob.rename_discussion(**PAIRS, discussion_num=1, new_title="Row 3 is odd")
assert isinstance(renamed, DiscussionTitleChange)
assert (renamed.old_title, renamed.new_title) == ("A row is odd", "Row 3 is odd")
closed = ann.change_discussion_status(
    **PAIRS, discussion_num=1, new_status="closed", comment="Mended."
)
assert isinstance(closed, DiscussionStatusChange)
assert closed.new_status == "closed"
with refused(HfHubHTTPError, 409):
    bob.change_discussion_status(**PAIRS, discussion_num=1, new_status="closed")
bob.change_discussion_status(**PAIRS, discussion_num=1, new_status="open")
told = ann.get_discussion_details(**PAIRS, discussion_num=1)
assert [one.type for one in told.events] == [
    "comment", "comment", "title-change", "comment", "status-change", "status-change"
]  # fmt: skip
with refused(HfHubHTTPError, 404):
    ann.get_discussion_details(**PAIRS, discussion_num=99)
for title in ("ab", "x" * 201):
    with refused(HfHubHTTPError, 400, "3 to 200 characters"):
        bob.create_discussion(**PAIRS, title=title)
with refused(HfHubHTTPError, 401):
    HfApi(ENDPOINT, token=False).comment_discussion(**PAIRS, discussion_num=1, comment="Hello")
with refused(HfHubHTTPError, 403):
    HfApi(ENDPOINT, token=TOKENS["bob-reads"]).comment_discussion(
        **PAIRS, discussion_num=1, comment="Hello"
    )

# a pull request of somebody who may not write, at once, with a small file and a large one
folder = Path(mkdtemp())
(folder / "README.md").write_text("# Pairs, mended\n")
(folder / "data").mkdir()
(folder / "data" / "more.parquet").write_bytes(b"PAR1" + b"x" * 2000)
with refused(HfHubHTTPError, 403):
    bob.upload_folder(**PAIRS, folder_path=folder)
paths = ("README.md", "data/more.parquet")
made = bob.create_commit(
    **PAIRS, create_pr=True, operations=[CommitOperationAdd(one, folder / one) for one in paths],
    commit_message="Mend the card", commit_description="It had a **fault**.",
)  # fmt: skip
assert (made.pr_num, made.pr_revision) == (2, "refs/pr/2")
pull = bob.get_discussion_details(**PAIRS, discussion_num=2)
assert (pull.title, pull.status, pull.is_pull_request) == ("Mend the card", "open", True)
assert (pull.git_reference, pull.target_branch) == ("refs/pr/2", "refs/heads/main")
assert pull.conflicting_files == []
assert pull.merge_commit_oid is None
assert "+# Pairs, mended" in pull.diff
assert "diff --git a/data/more.parquet" in pull.diff
assert isinstance(pull.events[-1], DiscussionCommit)
assert pull.events[-1].oid == made.oid
there = set(ann.list_repo_files(**PAIRS, revision="refs/pr/2"))
assert there == {"README.md", "data/more.parquet", "notes.txt"}
assert "data/more.parquet" not in ann.list_repo_files(**PAIRS)
got = bob.hf_hub_download(**PAIRS, filename="data/more.parquet", revision="refs/pr/2")
assert Path(got).read_bytes() == b"PAR1" + b"x" * 2000
refs = ann.list_repo_refs(**PAIRS, include_pull_requests=True)
assert [(one.ref, one.target_commit) for one in refs.pull_requests] == [("refs/pr/2", made.oid)]
assert ann.list_repo_refs(**PAIRS).pull_requests is None
bob.create_commit(
    **PAIRS, revision="refs/pr/2", commit_message="And a note",
    operations=[CommitOperationAdd("more.txt", b"more\n"), CommitOperationDelete("notes.txt")],
)  # fmt: skip
titles = [one.title for one in ann.list_repo_commits(**PAIRS, revision="refs/pr/2")]
assert titles[:2] == ["And a note", "Mend the card"]
with refused(HfHubHTTPError, 403):
    bob.merge_pull_request(**PAIRS, discussion_num=2)
ann.upload_file(**PAIRS, path_in_repo="other.txt", path_or_fileobj=b"meanwhile\n")
ann.merge_pull_request(**PAIRS, discussion_num=2, comment="Thank you!")
merged = ann.get_discussion_details(**PAIRS, discussion_num=2)
assert merged.status == "merged"
newest = ann.list_repo_commits(**PAIRS)[0]
assert (newest.commit_id, newest.title) == (merged.merge_commit_oid, "Mend the card (#2)")
assert set(ann.list_repo_files(**PAIRS)) == {
    "README.md", "data/more.parquet", "more.txt", "other.txt"
}  # fmt: skip
with refused(HfHubHTTPError, 409):
    ann.merge_pull_request(**PAIRS, discussion_num=2)
with refused(HfHubHTTPError, 409):
    bob.upload_file(**PAIRS, path_in_repo="x.txt", path_or_fileobj=b"late", revision="refs/pr/2")

# a draft, which has a conflict before it is merged
draft = bob.create_pull_request(**PAIRS, title="Another card")
assert (draft.num, draft.status, draft.diff) == (3, "draft", "")
bob.upload_file(
    **PAIRS, path_in_repo="README.md", path_or_fileobj=b"# Bob's card\n", revision="refs/pr/3"
)
ann.upload_file(**PAIRS, path_in_repo="README.md", path_or_fileobj=b"# Ann's card\n")
with refused(HfHubHTTPError, 409, "draft"):
    ann.merge_pull_request(**PAIRS, discussion_num=3)
bob.change_discussion_status(**PAIRS, discussion_num=3, new_status="open")
with refused(HfHubHTTPError, 409, "README.md"):
    ann.merge_pull_request(**PAIRS, discussion_num=3)
conflict = ann.get_discussion_details(**PAIRS, discussion_num=3)
assert (conflict.status, conflict.conflicting_files) == ("open", ["README.md"])
bob.upload_file(
    **PAIRS, path_in_repo="README.md", path_or_fileobj=b"# Ann's card\n", revision="refs/pr/3"
)
ann.merge_pull_request(**PAIRS, discussion_num=3)

# a folder: newer clients begin a draft, and commit to it
(folder / "README.md").write_text("# Another\n")
bob.upload_folder(**PAIRS, folder_path=folder, create_pr=True, commit_message="A folder of mine")
told = ann.get_discussion_details(**PAIRS, discussion_num=4)
assert (told.title, told.is_pull_request) == ("A folder of mine", True)
assert "+# Another" in told.diff
assert told.conflicting_files == []
ann.change_discussion_status(**PAIRS, discussion_num=4, new_status="closed")


# lists
def nums(**only):
    return [one.num for one in ann.get_repo_discussions("ann/pairs", repo_type="dataset", **only)]


assert nums() == [4, 3, 2, 1]
assert nums(discussion_type="pull_request") == [4, 3, 2]
assert nums(discussion_type="discussion") == [1]
assert nums(discussion_status="open") == [1]
assert nums(discussion_status="closed") == [4, 3, 2]
assert nums(author="bob") == [4, 3, 2, 1]
assert nums(author="ann") == []
for number in range(5, 52):
    (ann if number % 2 else bob).create_discussion(**PAIRS, title=f"Question {number}")
assert nums() == list(range(51, 0, -1))  # on two pages
assert bob.whoami()["numDiscussions"] == 4 + 23
