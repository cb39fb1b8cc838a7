-- catalog_closed_until: the first day after the last closed period; no row before the first close
-- reads: billing.period_closes
select cast(dateadd(month, 1, max(period_start)) as date) as closed_until
from billing.period_closes
having count(*) > 0;
