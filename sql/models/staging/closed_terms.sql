-- billing.closed_terms: the terms that each close has frozen: who pays, cards, modules, discounts,
-- credits, rates of exchange.
--
-- grain:   one row per period_start, account_id, term, tenant_id, name, place
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   billing.landed_closes, metering.complete_files
-- why:     what is known of a closed month is priced by the card that was frozen with it, whatever the
--          catalog has come to say since. One shape for all terms: a tenant has its seller as name, its
--          currency as detail and the currency's decimals as place; a card its plan as name and version,
--          its rank as place and its days as amount; a module its days as place; a discount its percent
--          as amount and its kinds as detail; a credit its amount; a rate its currency as name and the
--          dollars for one unit as amount.

create or alter dynamic table billing.closed_terms
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
with closes as (
    select
        c.record:period::varchar as period,
        c.record:account_id::varchar as account_id,
        c.record:snapshot.terms as terms
    from billing.landed_closes as c
    inner join metering.complete_files as f on c.file_name = f.file_name
    where c.record:kind::varchar = 'close'
)

select
    cast(concat(c.period, '-01') as date) as period_start,
    c.account_id,
    t.value:term::varchar as term,
    t.value:tenant_id::varchar as tenant_id,
    t.value:name::varchar as name,
    t.value:version::number(38, 0) as version,
    t.value:place::number(38, 0) as place,
    t.value:amount::number(38, 12) as amount,
    t.value:detail::varchar as detail
from closes as c, lateral flatten(input => c.terms) as t
qualify
    row_number() over (
        partition by
            c.period, c.account_id, t.value:term::varchar, t.value:tenant_id::varchar,
            t.value:name::varchar, t.value:place::number(38, 0)
        order by t.value:version::number(38, 0), t.value:amount::number(38, 12)
    ) = 1;
