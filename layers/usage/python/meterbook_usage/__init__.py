"""What a platform's module attaches to tell the book what its tenants use.

    meter = UsageMeter(module_id="MOD-042")

    @meter.handler
    def handler(event, context):
        meter.record("ml_inference", tenant_id=event["tenant"], quantity=1)

It needs boto3 and the standard library, and imports nothing else of Meterbook. See docs/attach.md.
"""

from meterbook_usage.meter import UsageMeter

__all__ = ["UsageMeter"]
