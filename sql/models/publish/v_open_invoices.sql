-- metering.v_open_invoices: what is still owed on each document that asks for money.
--
-- grain:   one row per number
-- kind:    view, published
-- reads:   billing.invoices, billing.receipts
-- why:     Meterbook takes no money: what others report as received, and what was credited, is held
--          against what was asked for. More than that is an amount below zero, and stays visible.

create or replace view metering.v_open_invoices
as
with credited as (
    select
        refers_to as number,
        sum(total) as amount
    from billing.invoices
    where kind = 'credit_note'
    group by refers_to
),

received as (
    select
        number,
        sum(amount) as amount,
        max(received_on) as last_received_on
    from billing.receipts
    group by number
)

select
    i.number,
    i.seller_id,
    i.account_id,
    i.period_start,
    i.kind,
    i.issue_date,
    i.due_date,
    i.currency,
    i.total,
    cast(coalesce(c.amount, 0) as number(38, 4)) as credited,
    cast(coalesce(r.amount, 0) as number(38, 4)) as received,
    cast(i.total - coalesce(c.amount, 0) - coalesce(r.amount, 0) as number(38, 4)) as open_amount,
    r.last_received_on
from billing.invoices as i
left join credited as c on i.number = c.number
left join received as r on i.number = r.number
where i.kind <> 'credit_note';
