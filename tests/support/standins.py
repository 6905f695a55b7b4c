"""Questions for tests of what is around questions: real ones, over the keys of any dataset."""

from pairsmith.auditing.answer import Answer, Finding, UnansweredError, as_table

HOSTILE = (
    "</p></details><script>alert(1)</script><img src=https://example.com/x onerror=alert(2)>"
    "{{ 7 * 7 }} \u202etxet\u202c \x00\x1b[31m\u2028 &amp; 'quoted' \"twice\" "
)


def openings(study):
    """Rows that begin alike."""
    rows = study.index.sql("""
        SELECT list(id ORDER BY row), count(*) FROM rows
        GROUP BY opening HAVING count(*) > 1 ORDER BY min(row)
    """).fetchall()
    found = [
        Finding("same_opening", ids, float(count), f"{count} rows begin with one question.")
        for ids, count in rows
    ]
    by_subset = study.index.sql("""
        SELECT subset, split, count(*), avg(turns) FROM rows GROUP BY ALL ORDER BY ALL
    """).fetchall()
    held = {f"{subset}/{split}": {"rows": n, "turns": t} for subset, split, n, t in by_subset}
    numbers = {"groups": len(found), "rows": sum(count for _, count in rows), "by_subset": held}
    sentence = f"{len(found)} questions open more than one row."
    return Answer("openings", "Openings", sentence, numbers, as_table(found), "Leave one of each.")


def longest(study):
    """The rows whose replies differ most in length."""
    rows = study.index.sql("""
        SELECT id, kept, ln((1 + chosen_chars) / (1 + rejected_chars)) AS ratio
        FROM rows ORDER BY abs(ratio) DESC, row LIMIT 20
    """).fetchall()
    found = [
        Finding("longer" if ratio > 0 else "shorter", [id], ratio, "Chosen differs in length.")
        for id, _, ratio in rows
    ]
    return Answer("longest", "Lengths", "Lengths differ.", {"most": rows[0][2]}, as_table(found))


def nothing(study):
    """Finds nothing."""
    return Answer("nothing", "Nothing", "There is nothing to find.", {"looked_at": 0})


def never(study):
    """Is not answered."""
    raise UnansweredError("There is one subset, and this compares two.")


never.title = "Never answered"  # type: ignore[attr-defined]


def hostile(study):
    """Says what nobody should say."""
    id, other = (
        r for (r,) in study.index.sql("SELECT id FROM rows ORDER BY row LIMIT 2").fetchall()
    )
    found = [Finding(HOSTILE, [id, other] * 20, None, HOSTILE + "x" * 5_000)]
    numbers = {HOSTILE: 3, "nested": {HOSTILE: {HOSTILE: HOSTILE}}, "list": [HOSTILE] * 3}
    return Answer("host ile<", HOSTILE, HOSTILE, numbers, as_table(found), HOSTILE)


STANDINS = {
    "openings": openings, "longest": longest, "nothing": nothing, "never": never,
}  # fmt: skip
