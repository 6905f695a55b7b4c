"""Prompts are compared where they lie as if turn by turn."""

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from pairsmith.kernel.parting import part, same_reply
from pairsmith.schema.rows import MESSAGES
from pairsmith.text.messages import read_messages

CONTENTS = ["a", "b", "ab", "aa", "", " ", " a", "a\n", "\u2003b", "é", "日本"]
ROLES = ["user", "assistant", "system", "tool", "critic"]
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(ROLES), "content": st.sampled_from(CONTENTS)}
)
sides = st.lists(messages, max_size=4)
alike = st.tuples(sides, messages, messages).map(lambda t: (t[0] + [t[1]], t[0] + [t[2]]))


def told(side):
    """A side's roles and contents, the contents stripped."""
    return [(message["role"], message["content"].strip()) for message in side]


def turn(content, role="user"):
    return {"role": role, "content": content}


@given(st.lists(st.one_of(alike, st.tuples(sides, sides)), max_size=6))
@example([([turn("a"), turn("b"), turn("x")], [turn("ab"), turn(""), turn("x")])])
@example([([turn("a", "tool"), turn("x")], [turn("a", "critic"), turn("x")])])
@example([([], []), ([], [turn("a")]), ([turn("a")], [turn("b")])])
def test_prompts_and_replies(pairs):
    columns = [pa.array([pair[place] for pair in pairs], MESSAGES) for place in (0, 1)]
    chosen, rejected = (read_messages(column) for column in columns)
    expected = [
        len(left) != len(right) or told(left)[:-1] != told(right)[:-1] for left, right in pairs
    ]
    assert part(chosen, rejected).mismatch.tolist() == expected
    last = [tuple(told(side)[-1][1] if side else "" for side in pair) for pair in pairs]
    assert same_reply(chosen, rejected).tolist() == [left == right for left, right in last]
