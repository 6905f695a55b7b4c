"""The table of docs/internals/trl-templates.md: how every template that TRL ships compiles.

Run as `python tests/support/trl_table.py` to print it anew.
"""

import sys
from pathlib import Path

TOKENS = {"bos_token": "<BOS>", "eos_token": "<EOS>"}
VISION = {"idefics3", "llava_next", "smolvlm"}
"""Those that take contents as lists of parts."""
HEAD = "| template | without a system turn | with one | the prompt ends | contents left to Jinja |"


def trl_templates():
    """The templates of the installed TRL."""
    import trl

    return sorted((Path(trl.__file__).parent / "chat_templates").glob("*.jinja"))


def table_row(path, prepare):
    """One line of the table, by rendering and compiling."""
    from pairsmith import PairsmithError

    try:
        compiled = prepare(path, **TOKENS).compiled
    except PairsmithError as error:
        words = "vision, refused" if "vision template" in error.message else error.message
        return f"| {path.stem} | {words} | {words} | | |"
    plain, system = (_words(compiled, opening) for opening in (False, True))
    generation_suffix = compiled.generation_suffix
    ends = f"before {_code(generation_suffix)}" if generation_suffix else "where a reply begins"
    return f"| {path.stem} | {plain} | {system} | {ends} | {_triggers(compiled.triggers)} |"


def _words(compiled, opening):
    if opening in compiled.layouts:
        return "compiled"
    return compiled.faults[opening].replace("it refuses them: ", "refused: ")


def _triggers(triggers):
    triggers = [
        trigger for trigger in triggers if trigger not in TOKENS.values()
    ]  # every template has them
    shown = ", ".join(_code(trigger) for trigger in triggers[:3])
    return shown + (f", {len(triggers) - 3} more" if len(triggers) > 3 else "")


def _code(text):
    return "`" + text.replace("\n", "\\n").replace("|", "\\|") + "`"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from support.formats import prepared

    print(HEAD)
    print("| --- " * 5 + "|")
    for path in trl_templates():
        print(table_row(path, prepared), flush=True)
