"""The marks by which transcripts say who speaks, as data sets write them.

HH-RLHF and DeepSpeed-Chat `Human: … Assistant:`, Vicuna `USER: … ASSISTANT:`, Guanaco `### Human:`,
Alpaca `### Instruction: … ### Response:`, OpenChatKit `<human>: … <bot>:`, their Chinese relatives
`Human：` and `用户：`, and questions with answers.
"""

from __future__ import annotations

from typing import NamedTuple


class Marks(NamedTuple):
    """The marks of both speakers.

    Attributes:
        user, assistant: What stands before what they say.
        gaps: The gaps that may stand before a mark, see `GAPS`, widest first.
        system: What may stand at the very start, before a text of the system's; "" for none.
        leads: Whether a bare text of the system's may stand in front.
        once: Whether there is one question and one answer, no more.
    """

    user: str
    assistant: str
    gaps: tuple[str, ...]
    system: str = ""
    leads: bool = True
    once: bool = False

    @property
    def name(self) -> str:
        """Both, as they are told."""
        return f"{self.user} {self.assistant}"


GAPS = {"blank line": 3, "line": 2, "space": 1, "none": 0}
"""What stands before a mark, and how wide it is."""
_ANY = tuple(GAPS)
_LINES = _ANY[:2]
_SPACED = _ANY[:3]

_AROUND = (
    *((("### ", ":"), _ANY), (("### ", "："), _ANY), (("## ", ":"), _LINES), (("# ", ":"), _LINES)),
    *((("### ", ""), _LINES), (("**", ":**"), _ANY), (("**", "**:"), _ANY)),
    *((("[", "]:"), _ANY), (("<|", "|>:"), _ANY), (("<", ">:"), _ANY), (("[", "]"), _LINES)),
    *((("", ":"), _SPACED), (("", "："), _ANY)),
)
"""What stands around a name, and the gaps before it: those with more around it come first, for
what stands around would be said otherwise."""
_NAMES = (
    # before those of which they hold one
    *(("Human", "AI Assistant"), ("User", "AI Assistant")),
    *(("Human", "Assistant"), ("User", "Assistant"), ("USER", "ASSISTANT"), ("HUMAN", "ASSISTANT")),
    *(("human", "assistant"), ("user", "assistant"), ("human", "bot"), ("Human", "Bot")),
    *(("Human", "AI"), ("User", "AI"), ("User", "Bot"), ("User", "Model"), ("User", "Chatbot")),
    *(("用户", "助手"), ("用户", "助理")),
    *(("人类", "助手"), ("Instruction", "Response"), ("INSTRUCTION", "RESPONSE")),
    *(("Instruction", "Output"), ("Input", "Response")),
)
_QUESTIONS = (("Question", "Answer"), ("QUESTION", "ANSWER"), ("Q", "A"), ("问题", "回答"))
INPUT = "### Input:"
"""What Alpaca's format has between an instruction and the text that it is about."""


def _frame() -> tuple[Marks, ...]:
    spoken = [
        Marks(
            user=f"{before}{user}{behind}",
            assistant=f"{before}{assistant}{behind}",
            system=f"{before}{'SYSTEM' if user.isupper() else 'System'}{behind}",
            gaps=gaps,
        )
        for (before, behind), gaps in _AROUND
        for user, assistant in _NAMES
    ]
    asked = [
        Marks(
            user=f"{before}{question}{behind}",
            assistant=f"{before}{answer}{behind}",
            gaps=_LINES if len(question) == 1 else _SPACED,
            leads=False,
            once=True,
        )
        for before, behind in (("### ", ":"), ("**", ":**"), ("", ":"), ("", "："))
        for question, answer in _QUESTIONS
    ]
    return (*spoken, *asked)


MARKS: dict[str, Marks] = {marks.name: marks for marks in _frame()}
"""The marks that are known, by their names."""
