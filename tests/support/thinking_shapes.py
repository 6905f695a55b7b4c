"""Small invented rows with reasoning, tools and replies of several messages; see `public_shapes`.

A reply of several messages is expected as their contents, one a line.
"""

from support.public_shapes import ASKED, BAD, GOOD, PAIR, Public, assistant, user

SOIL = {"type": "function", "function": {"name": "soil", "parameters": {"type": "object"}}}
CALL = {"type": "function", "function": {"name": "soil", "arguments": {"pot": "mint"}}}
THOUGHT = ((ASKED,), f"<think>\nIt rained.\n</think>\n\n{GOOD}", f"<think>\nNo.\n</think>\n\n{BAD}")

THINKING = {
    "Together preference": Public(
        "openai",
        [{"input": {"messages": [user()]}, "preferred_output": [assistant()],
          "non_preferred_output": [assistant(BAD)]}],
        [[PAIR]],
    ),
    "`<think>` in replies": Public(
        "trl",
        [{"prompt": [user()], "chosen": [assistant(THOUGHT[1])],
          "rejected": [assistant(THOUGHT[2])]}],
        [[THOUGHT]],
    ),
    "`reasoning_content` beside `content`": Public(
        "trl",
        [{"prompt": [user()], "chosen": [{**assistant(), "reasoning_content": "It rained."}],
          "rejected": [{**assistant(BAD), "reasoning_content": "No."}]}],
        [[PAIR]],
    ),
    "agent pairs": Public(
        "trl",
        [{"prompt": [user()], "tools": [SOIL],
          "chosen": [{**assistant(""), "tool_calls": [CALL]},
                     {"role": "tool", "name": "soil", "content": "12 percent"}, assistant()],
          "rejected": [assistant(BAD)]}],
        [[((ASKED,), f"\n12 percent\n{GOOD}", BAD)]],
    ),
}  # fmt: skip
"""Rows of each line on reasoning, tools and agents."""
