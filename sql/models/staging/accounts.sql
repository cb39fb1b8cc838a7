-- billing.accounts: who pays, in which currency, to whom.
--
-- grain:   one row per account_id
-- kind:    dynamic table, incremental
-- refresh: whole
-- reads:   metering.catalog_documents
-- why:     minor_digits is ISO 4217's number of decimals, kept beside the currency because amounts are
--          rounded to it in SQL.

create or alter dynamic table billing.accounts
target_lag = downstream
warehouse = meterbook_transform
refresh_mode = incremental
as
select
    id as account_id,
    document:name::varchar as name,
    document:seller::varchar as seller_id,
    document:currency::varchar as currency,
    case
        when document:currency::varchar in (
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI',
            'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        ) then 0
        when document:currency::varchar in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
        when document:currency::varchar in ('CLF', 'UYW') then 4
        else 2
    end as minor_digits,
    starts_on,
    ends_on
from metering.catalog_documents
where kind = 'account';
