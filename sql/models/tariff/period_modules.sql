-- billing.period_modules: the modules that a tenant had active in a period.
--
-- grain:   one row per period_start, tenant_id, module_id
-- kind:    dynamic table, full
-- refresh: whole
-- reads:   billing.periods, billing.tenant_modules
-- why:     one active day is enough; the fee is owed once.

create or alter dynamic table billing.period_modules
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = full
as
select distinct
    p.period_start,
    m.tenant_id,
    m.module_id
from billing.periods as p
inner join billing.tenant_modules as m
    on p.period_end > m.starts_on and p.period_start < m.ends_on and m.starts_on < m.ends_on;
