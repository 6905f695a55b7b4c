"""Numbers of any shape become tables."""

from hypothesis import given
from hypothesis import strategies as st

from pairsmith.reporting.tables import MAX_ROWS, MAX_VISIBLE_ROWS, Table, split, tables

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
names = st.text(min_size=1, max_size=6)
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=10) | st.dictionaries(names, v, max_size=5), max_leaves=30
)


@given(st.dictionaries(names, values, max_size=6))
def test_every_table_is_rectangular(numbers):
    for table in tables(numbers):
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(isinstance(cell, str) for row in table.rows for cell in row)
        assert len(table.rows) <= MAX_ROWS


def test_plain_numbers_come_first():
    assert tables({"by": {"a": 1}, "rows": 1234, "share": 0.5}) == [
        Table("", ["", "value"], [["rows", "1,234"], ["share", "0.5"]]),
        Table("by", ["", "value"], [["a", "1"]]),
    ]


def test_records_are_rows_of_one_table():
    numbers = {"by_subset": {"a": {"rows": 1, "mean_length": 2.5}, "b": {"rows": 3}}}
    assert tables(numbers) == [
        Table("by subset", ["", "rows", "mean length"], [["a", "1", "2.5"], ["b", "3", ""]])
    ]


def test_what_is_nested_deeper_has_tables_of_its_own():
    numbers = {"by": {"a": {"rows": 1, "kinds": {"x": 2}}, "bins": list(range(20))}}
    assert [(table.caption, table.rows) for table in tables(numbers)] == [
        ("by, a", [["rows", "1"]]),
        ("by, a, kinds", [["x", "2"]]),
        ("by, bins", [["values", "20"]]),
    ]


def test_what_records_nest_goes_into_one_table():
    numbers = {"by": {name: {"rows": 1, "judge": {"rule": name}} for name in "ab"}}
    assert [(table.caption, table.rows) for table in tables(numbers)] == [
        ("by", [["a", "1"], ["b", "1"]]),
        ("by, judge", [["a", "a"], ["b", "b"]]),
    ]


def test_an_estimate_and_its_interval_are_one_cell():
    held = {"hits": 1, "rows": 4, "share": 0.25, "low": 0.046, "high": 0.6994}
    [table] = tables({"accuracy": held})
    assert table.rows == [["accuracy", "0.25 (0.046 to 0.6994)"]]


def test_a_histogram_is_for_a_plot():
    assert tables({"histogram": {"edges": [0, 1, 2], "counts": {"a": [1, 2]}}}) == []


def test_a_wide_table_is_turned_round():
    wide = {row: dict.fromkeys("vwxyz", 1) for row in "ab"}
    [table] = tables({"by": wide})
    assert table.columns == ["", "a", "b"]
    assert table.rows == [[name, "1", "1"] for name in "vwxyz"]


def test_text_heads_the_rows_of_a_list():
    records = [{"opening": "a b", "chosen": 1}, {"opening": "<|c_d|>", "z": 2}]
    assert tables({"first": records}) == [
        Table("first", ["opening", "chosen", "z"], [["a b", "1", ""], ["<|c_d|>", "", "2"]])
    ]
    [table] = tables({"first": [{"n": 1}, {"n": 2}]})
    assert table.rows == [["1", "1"], ["2", "2"]]


def test_many_tables_are_folded_away_but_for_the_first():
    found = [Table("", [], [[]] * rows) for rows in (MAX_VISIBLE_ROWS + 5, 1, 1)]
    assert split(found) == (found[:1], found[1:])
    assert split(found[1:]) == (found[1:], [])
    assert split([]) == ([], [])


def test_long_tables_are_cut_and_say_so():
    [table] = tables({"by": {str(n): n for n in range(100)}})
    assert (len(table.rows), table.left_out) == (MAX_ROWS, 100 - MAX_ROWS)
