"""Why a statement may hold a wildcard."""

from __future__ import annotations

WHY_WILDCARD = {
    "OwnObjects": "every object, in the seat's own buckets only",
    "SharedDatasetObjects": "every object of the shared datasets, to read only",
    "RegistryLogin": "ecr:GetAuthorizationToken has no resource; the token opens nothing by itself",
    "BaseImagesOfOtherAccounts": "AWS's image accounts differ by Region; aws:ResourceAccount keeps"
    " this account's repositories out",
    "MakeOwn": "what does not exist yet has no name; aws:RequestTag forces the seat's tag on it",
    "TagWhatIsBeingMade": "sagemaker:TaggingAction allows tags only while a thing is being made",
    "UseOwn": "attendees name their things freely; aws:ResourceTag limits the use to the seat's",
    "MakeOwnEndpoint": "as MakeOwn, on the endpoint alone: its configuration must be the seat's",
    "SeeNames": "SageMaker's lists have no resource-level permissions",
    "SearchRecords": "Search has no resource-level permissions; access.search: false takes it away",
    "SeeNetworks": "EC2's descriptions have no resource-level permissions",
    "NetworkInterfaces": "SageMaker makes interfaces with the job's role, in the profile's subnet"
    " alone",
    "WriteJobLogs": "SageMaker names log streams after jobs, whose names are free",
    "SeeLogGroups": "names of log groups only",
    "SeeLogStreams": "names of log streams only",
    "ReadOwnLogs": "streams whose names begin with the seat's prefix, which no other name does",
    "WriteSageMakerMetrics": "cloudwatch:namespace keeps it to SageMaker's namespaces",
    "ReadMetrics": "CloudWatch's metrics have no resource-level permissions",
    "MakeOwnFeatureGroup": "as MakeOwn; sagemaker:FeatureGroupOfflineStoreS3Uri keeps the offline"
    " store in the seat's own buckets",
    "UseOwnFeatureGroup": "as UseOwn: aws:ResourceTag limits the use to the seat's",
    "SeeFeatureGroups": "SageMaker's lists have no resource-level permissions",
    "ConsoleViews": "the console's lists have no resource-level permissions and show names alone",
    "ServicesOfTheWorkshop": "a boundary allows nothing by itself, it only limits",
}
"""The reason by Sid; it names what makes the wildcard safe."""
