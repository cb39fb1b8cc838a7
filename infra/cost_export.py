"""The bill itself, written by AWS into a bucket of ours: a Data Export of CUR 2.0."""

from __future__ import annotations

from aws_cdk import Aws, Stack
from aws_cdk import aws_bcmdataexports as exports
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra import names
from infra.buckets import bucket
from infra.settings import Environment

# What `costs/land_cost_export.py` reads; a test holds the two together.
COLUMNS = (
    "bill_payer_account_id",
    "line_item_currency_code",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_resource_id",
    "line_item_unblended_cost",
    "line_item_usage_account_id",
    "line_item_usage_start_date",
    "line_item_usage_type",
    # What the amortized cost is told by: fees that were paid ahead, spread over what used them.
    "reservation_effective_cost",
    "reservation_reservation_a_r_n",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
)


class CostExport(Construct):
    """The export, refreshed by AWS several times a day, and the bucket that it is written to."""

    def __init__(self, scope: Stack, id_: str, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.bucket = bucket(scope, environment, "exports")
        _announce_objects(self.bucket)
        written = self.bucket.add_to_resource_policy(_aws_may_write(self.bucket))
        export = exports.CfnExport(
            self,
            "export",
            export=exports.CfnExport.ExportProperty(
                name=names.resource(environment, "cur2"),
                description="CUR 2.0, by day and resource.",
                data_query=exports.CfnExport.DataQueryProperty(
                    query_statement=_query(environment),
                    table_configurations={
                        "COST_AND_USAGE_REPORT": {
                            "TIME_GRANULARITY": "DAILY",
                            "INCLUDE_RESOURCES": "TRUE",
                            "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
                        }
                    },
                ),
                destination_configurations=exports.CfnExport.DestinationConfigurationsProperty(
                    s3_destination=exports.CfnExport.S3DestinationProperty(
                        s3_bucket=self.bucket.bucket_name,
                        s3_prefix=names.EXPORT_PREFIX,
                        s3_region=environment.region,
                        s3_output_configurations=exports.CfnExport.S3OutputConfigurationsProperty(
                            format="TEXT_OR_CSV",
                            compression="GZIP",
                            output_type="CUSTOM",
                            # A file that was landed must never change under its name.
                            overwrite="CREATE_NEW_REPORT",
                        ),
                    )
                ),
                refresh_cadence=exports.CfnExport.RefreshCadenceProperty(frequency="SYNCHRONOUS"),
            ),
        )
        if written.policy_dependable:
            export.node.add_dependency(written.policy_dependable)

    @property
    def manifest_pattern(self) -> events.EventPattern:
        """The event by which S3 says that a manifest is there."""
        return events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={
                "bucket": {"name": [self.bucket.bucket_name]},
                "object": {"key": [{"suffix": "-Manifest.json"}]},
            },
        )


def _query(environment: Environment) -> str:
    """The columns, and out of the map of all tags the two that say who caused a cost."""
    tags = {
        "owner_tag": f"resource_tags.user_{environment.owner_tag_key}",
        "module_tag": f"resource_tags.user_{environment.module_tag_key}",
    }
    columns = [*COLUMNS, *(f"{tag} AS {name}" for name, tag in tags.items())]
    return f"SELECT {', '.join(columns)} FROM COST_AND_USAGE_REPORT"  # noqa: S608 - AWS reads it


def _announce_objects(made: s3.Bucket) -> None:
    """Said on the bucket itself: the construct's own way would add a function to every stack."""
    resource = made.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - what the L2 is made of
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )


def _aws_may_write(made: s3.Bucket) -> iam.PolicyStatement:
    """As AWS words it for Data Exports: two services, our account, our definitions."""
    region, account = Stack.of(made).region, Aws.ACCOUNT_ID
    return iam.PolicyStatement(
        principals=[
            iam.ServicePrincipal("bcm-data-exports.amazonaws.com"),
            iam.ServicePrincipal("billingreports.amazonaws.com"),
        ],
        actions=["s3:PutObject", "s3:GetBucketPolicy"],
        resources=[made.bucket_arn, made.arn_for_objects("*")],
        conditions={
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {
                "aws:SourceArn": [
                    f"arn:{Aws.PARTITION}:bcm-data-exports:{region}:{account}:export/*",
                    f"arn:{Aws.PARTITION}:cur:{region}:{account}:definition/*",
                ]
            },
        },
    )
