"""A condition of SQL to which no machine comes to the end."""

ENDLESS = (  # 10^17 numbers, one after the other, in no memory: a join would keep one of its sides
    "$q <> '' AND (SELECT count(*) FROM range(100000000000000000) AS a WHERE hash(a.range) = 0) = 1"
)
