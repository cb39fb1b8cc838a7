-- metering.v_reconciliations: whether Cost Explorer, the bill and attributed cost tell the same.
--
-- grain:   one row per verdict_id
-- kind:    view, published
-- reads:   validation.reconciliations
-- why:     published so that nobody reads a table from outside; the name is a contract, the table
--          behind it is not.

create or replace view metering.v_reconciliations
as
select
    verdict_id,
    period_start,
    reconciled_at,
    tolerance_usd,
    verdict,
    day_count,
    compared_count,
    difference_count,
    incomplete_count
from validation.reconciliations;
