-- closed_lines_sum_to_their_total: the frozen lines of a close sum to its total.
--
-- kind:    check, returns no row when all is well
-- reads:   billing.invoice_lines, billing.period_closes
-- why:     frozen means frozen: a line that is lost or added after the close is seen.

with lines as (
    select
        period_start,
        account_id,
        sum(amount) as total
    from billing.invoice_lines
    group by period_start, account_id
)

select
    c.period_start,
    c.account_id,
    c.total as stated,
    coalesce(l.total, 0) as summed
from billing.period_closes as c
left join lines as l on c.period_start = l.period_start and c.account_id = l.account_id
where c.total <> coalesce(l.total, 0)
order by 1, 2;
