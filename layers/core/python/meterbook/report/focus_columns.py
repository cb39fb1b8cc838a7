"""The columns of our FOCUS 1.2 export: their order, their types, and which are ours (`x_`).

FOCUS's own come first, each part in the order of the alphabet. What stands in each, and why others
are left out, is in docs/focus.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STRING, DECIMAL, INTEGER, TIME = "String", "Decimal", "Integer", "Date/Time"

_TYPES = {
    "BilledCost": DECIMAL,
    "BillingAccountId": STRING,
    "BillingAccountName": STRING,
    "BillingCurrency": STRING,
    "BillingPeriodEnd": TIME,
    "BillingPeriodStart": TIME,
    "ChargeCategory": STRING,
    "ChargeClass": STRING,
    "ChargeDescription": STRING,
    "ChargeFrequency": STRING,
    "ChargePeriodEnd": TIME,
    "ChargePeriodStart": TIME,
    "CommitmentDiscountStatus": STRING,
    "ConsumedQuantity": DECIMAL,
    "ConsumedUnit": STRING,
    "ContractedCost": DECIMAL,
    "ContractedUnitPrice": DECIMAL,
    "EffectiveCost": DECIMAL,
    "InvoiceId": STRING,
    "InvoiceIssuerName": STRING,
    "ListCost": DECIMAL,
    "ListUnitPrice": DECIMAL,
    "PricingCategory": STRING,
    "PricingCurrency": STRING,
    "PricingCurrencyContractedUnitPrice": DECIMAL,
    "PricingCurrencyEffectiveCost": DECIMAL,
    "PricingCurrencyListUnitPrice": DECIMAL,
    "PricingQuantity": DECIMAL,
    "PricingUnit": STRING,
    "ProviderName": STRING,
    "PublisherName": STRING,
    "ServiceCategory": STRING,
    "ServiceName": STRING,
    "ServiceSubcategory": STRING,
    "SkuId": STRING,
    "SkuMeter": STRING,
    "SkuPriceDetails": STRING,
    "SkuPriceId": STRING,
    "SubAccountId": STRING,
    "SubAccountName": STRING,
    "Tags": STRING,
    "x_AdjustsPeriod": STRING,
    "x_CostUsd": DECIMAL,
    "x_DocumentKind": STRING,
    "x_IssueDate": STRING,
    "x_LineKind": STRING,
    "x_LineNumber": INTEGER,
    "x_MarkupPercent": DECIMAL,
    "x_MetricId": STRING,
    "x_ModuleId": STRING,
    "x_PlanId": STRING,
    "x_PlanVersion": STRING,
    "x_PrecedingInvoiceId": STRING,
    "x_TaxCategory": STRING,
    "x_TaxPercent": DECIMAL,
    "x_Tier": INTEGER,
    "x_UsdPerUnit": DECIMAL,
}

COLUMNS: Mapping[str, str] = MappingProxyType(_TYPES)
"""Each column and its FOCUS data type, in the order of the export."""
