"""Conversations of every kind that a template may meet: plain ones, reasoning, tools."""

import pyarrow as pa

from pairsmith.schema.rows import MESSAGES
from pairsmith.text.messages import read_messages

QUESTION = {"role": "user", "content": "How much water does a fern want?"}
SYSTEM = {"role": "system", "content": "You know plants, and say little."}


def turns_of(conversations):
    """Conversations as the turns of a column."""
    return read_messages(pa.array(conversations, MESSAGES))


def said(content, **fields):
    """A message of the assistant's."""
    return {"role": "assistant", "content": content, **fields}


def system_and_plain():
    """Pairs of one and of three turns, with and without a system turn."""
    replies = said("Keep its soil moist."), said("None at all.")
    longer = [QUESTION, said("Some. Which fern?"), {"role": "user", "content": "A sword fern."}]
    return [
        ([*front, *turns, replies[0]], [*front, *turns, replies[1]])
        for front in ([], [SYSTEM])
        for turns in ([QUESTION], longer)
    ]


def call(name, number=1, **arguments):
    """A call of a tool, by an id as Mistral wants it."""
    function = {"name": name, "arguments": arguments}
    return {"id": f"call{number:05}", "type": "function", "function": function}


def result(content, name="measure_soil", number=1):
    """What a tool answered."""
    return {
        "role": "tool", "content": content, "tool_call_id": f"call{number:05}", "name": name
    }  # fmt: skip


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "measure_soil",
            "description": "How moist the soil of a pot is.",
            "parameters": {
                "type": "object",
                "properties": {"pot": {"type": "string", "description": "The pot's name."}},
                "required": ["pot"],
            },
        },
    }
]

MEASURE = said("", tool_calls=[call("measure_soil", pot="window sill")])
REASONED = (
    [QUESTION, said("Keep it moist.", reasoning_content="Ferns come from wet woods.")],
    [QUESTION, said("None at all.", reasoning_content="It may be a cactus after all.")],
)
EARLIER = [
    QUESTION,
    said("Some. Which fern?", reasoning_content="There are ten thousand of these."),
    {"role": "user", "content": "A sword fern."},
]
CALLED = ([QUESTION, MEASURE], [QUESTION, said("I would not know.")])
ANSWERED = [QUESTION, MEASURE, result("moisture: 12 percent")]
SEVERAL = (
    [*ANSWERED, said("It is dry: water it today.")],
    [QUESTION, said("", tool_calls=[call("measure_soil", pot="cellar")]), result("no such pot"),
     said("I found no pot.")],
)  # fmt: skip

AGENT = [
    (REASONED, 1),
    (([*EARLIER, said("Keep it moist.")], [*EARLIER, said("None at all.")]), 3),
    (CALLED, 1),
    (([*ANSWERED, said("It is dry.")], [*ANSWERED, said("It is wet.")]), 3),
    (SEVERAL, 1),
]
"""Pairs with reasoning, calls and results, each with the number of messages of its prompt."""
