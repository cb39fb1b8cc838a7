-- metering.numbers: the whole numbers from 0 to 99999.
--
-- grain:   one row per n
-- kind:    view
-- reads:
-- why:     days that nothing was recorded on, and events that never came, are made visible by counting
--          them out; both engines count the same way.

create or replace view metering.numbers
as
with digits as (
    select 0 as d
    union all
    select 1 as d
    union all
    select 2 as d
    union all
    select 3 as d
    union all
    select 4 as d
    union all
    select 5 as d
    union all
    select 6 as d
    union all
    select 7 as d
    union all
    select 8 as d
    union all
    select 9 as d
)

select 10000 * v.d + 1000 * t.d + 100 * h.d + 10 * z.d + u.d as n
from digits as v
cross join digits as t
cross join digits as h
cross join digits as z
cross join digits as u;
