"""Cost Explorer's daily answers, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from meterbook.errors import CostExplorerRefused, CostExplorerUnavailable
from meterbook.ports import CostQuery

if TYPE_CHECKING:
    from mypy_boto3_ce import CostExplorerClient as Client
    from mypy_boto3_ce.type_defs import GetCostAndUsageRequestTypeDef

# What AWS answers with a status of 400 and yet means: not now.
_NOT_NOW = ("LimitExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded")


class CostExplorerClient:
    """A `CostExplorer` on AWS; how often a request is repeated is the client's configuration."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def pages(self, query: CostQuery) -> Iterator[Mapping[str, object]]:
        """The answer's pages in order, each a request that AWS bills.

        Errors: `CostExplorerRefused`, `CostExplorerUnavailable`.
        """
        request, seen = _request(query), {""}
        token = ""
        while True:
            page = self._page(request)
            yield page
            token = str(page.get("NextPageToken") or "")
            if not token:
                return
            if token in seen:
                raise CostExplorerUnavailable(detail="it names a page that it has given before")
            seen.add(token)
            request["NextPageToken"] = token

    def _page(self, request: GetCostAndUsageRequestTypeDef) -> Mapping[str, object]:
        try:
            page: Mapping[str, object] = {**self._client.get_cost_and_usage(**request)}
        except ClientError as error:
            raise _told(error) from error
        except BotoCoreError as error:
            raise CostExplorerUnavailable(detail=error) from error
        return page


def _request(query: CostQuery) -> GetCostAndUsageRequestTypeDef:
    request: GetCostAndUsageRequestTypeDef = {
        "TimePeriod": {"Start": query.start.isoformat(), "End": query.end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": list(query.metrics),
    }
    if query.group_by:
        request["GroupBy"] = [{"Type": kind, "Key": key} for kind, key in query.group_by]
    if query.service is not None:
        request["Filter"] = {"Dimensions": {"Key": "SERVICE", "Values": [query.service]}}
    return request


def _told(error: ClientError) -> CostExplorerRefused | CostExplorerUnavailable:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    code = error.response.get("Error", {}).get("Code", "")
    if 400 <= status < 500 and status != 429 and code not in _NOT_NOW:
        return CostExplorerRefused(detail=error)
    return CostExplorerUnavailable(detail=error)
