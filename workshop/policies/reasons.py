"""Why a statement may hold a wildcard."""

from __future__ import annotations

WHY_WILDCARD = {
    "StartScript": "The parts of the script that every notebook runs when it starts; how many there"
    " are changes with the script.",
    "FindRoles": "iam:ListRoles has no resource-level permissions",
    "Freeze": "the roles of all seats, by path and names; iam:PolicyARN keeps it to one policy",
    "FindMachines": "lists have no resource-level permissions, and tags tell the workshop's",
    "StopMachines": "attendees name their things freely; aws:ResourceTag tells the workshop's",
    "StopNotebooks": "the notebooks of all seats, by their names; aws:TagKeys keeps it to one tag",
    "StartNotebooks": "the same, before class",
    "FindBoxes": "ec2:DescribeInstances has no resource-level permissions",
    "StopBoxes": "EC2 gives instances their ids; aws:ResourceTag keeps it to those that the"
    " workshop's stacks made",
    "StartBoxes": "the same",
    "MarkBoxes": "the same; aws:TagKeys keeps it to one tag",
    "StopScaling": "scalable targets have ids that AWS gives; of endpoints with the workshop's tag"
    " alone",
    "OwnState": "every object of the watch's own bucket",
    "ListNotebooks": "sagemaker:ListNotebookInstances has no resource-level permissions",
    "OpenNotebooks": "the notebooks of all seats, by their names and the workshop's tag",
    "KeepDoor": "what the door keeps, below its own prefix of the watch's bucket",
    "SeeSaved": "the buckets of all seats, by their names, and what agents saved there alone",
    "GiveSaved": "the same",
    "WriteDoorLogs": "the streams of the function's own log group",
    "WriteWatchLogs": "the streams of the function's own log group",
    "OwnBuckets": "the buckets of this account whose names begin with the seat's prefix, which no"
    " other name does",
    "OwnObjects": "every object, in the seat's own buckets only",
    "OwnRepositories": "the repositories below the seat's own name",
    "SharedDatasets": "how the shared datasets are listed, objects, versions and uploads",
    "SharedDatasetObjects": "every object of the shared datasets, to read only",
    "RegistryLogin": "ecr:GetAuthorizationToken has no resource; the token opens nothing by itself",
    "BaseImagesOfOtherAccounts": "AWS's image accounts differ by Region; aws:ResourceAccount keeps"
    " this account's repositories out, and what does not tell its account",
    "MakeOwn": "what does not exist yet has no name; aws:RequestTag forces the seat's tag on it",
    "TagWhatIsBeingMade": "sagemaker:TaggingAction allows tags only while a thing is being made",
    "UseOwn": "attendees name their things freely; aws:ResourceTag limits the use to the seat's,"
    " and the boundary keeps their tags the seat's",
    "MakeOwnOfOwn": "as MakeOwn, on what is new alone: what it is made of must be the seat's",
    "UseOwnExecutions": "executions of pipelines whose names begin with the seat's prefix, which no"
    " other name does",
    "AskForOwnNames": "names that begin with the seat's prefix, which no other name does; what"
    " carries another seat's tag, the boundary denies",
    "SeeNames": "lists show names and states; nearly all have no resource-level permissions, and in"
    " those that have, as ListModelPackages, the boundary denies what carries another seat's tag",
    "SearchRecords": "Search has no resource-level permissions; access.search: false takes it away",
    "SeeNetworks": "EC2's descriptions have no resource-level permissions",
    "MakeInterfaces": "SageMaker makes interfaces with the job's role; a new one has no name, and"
    " its subnet and security groups are asked for too, which are the profile's",
    "UseInterfaces": "ec2:Subnet keeps it to interfaces in the profile's subnet, those of its other"
    " seats included: no key tells them apart",
    "WriteJobLogs": "SageMaker names log streams after jobs, whose names are free; the groups are"
    " SageMaker's, and endpoints' those of the seat's prefix",
    "WriteLogs": "the YAML shares the logs of all endpoints on purpose (access.logs: shared)",
    "SeeLogGroups": "names of log groups only",
    "SeeLogStreams": "names of log streams only",
    "ReadOwnLogs": "streams, and groups of endpoints, whose names begin with the seat's prefix,"
    " which no other name does",
    "ReadLogs": "the YAML shares the logs of all jobs on purpose (access.logs: shared)",
    "PublicBuckets": "every object of the public buckets that the YAML names, to read only",
    "RegisterModels": "aws:ResourceTag limits it to groups of the seat's; the YAML opens it on"
    " purpose (access.model_packages)",
    "MakeFeatureGroups": "as MakeOwn",
    "MakeOnlineFeatureGroups": "as MakeOwn",
    "SeeFeatureGroups": "as SeeNames",
    "OfflineStoreBuckets": "as OwnBuckets",
    "OfflineStoreObjects": "as OwnObjects",
    "OfflineStoreTables": "tables in AWS Glue that begin with the seat's prefix, as the names of"
    " their feature groups do",
    "OfflineStores": "as OfflineStoreTables; a query reads with the rights of the seat, and has an"
    " id that nobody could guess",
    "UseOwnOpened": "as UseOwn",
    "ScaleOwnEndpoints": "as MakeOwn; Application Auto Scaling asks whether the seat may change the"
    " endpoint",
    "SeeScaling": "lists have no resource-level permissions, or are asked for about all",
    "OwnAlarms": "alarms that begin with the seat's prefix, and those of its endpoints' scaling;"
    " cloudwatch:AlarmActions keeps them to scaling policies",
    "SeeMlflow": "as SeeNames",
    "UseSharedMlflow": "the YAML shares one MLflow on purpose (mlflow.shared)",
    "SeePublicHub": "every model of AWS's own hub, which is anybody's to read",
    "WriteSageMakerMetrics": "cloudwatch:namespace keeps it to SageMaker's namespaces",
    "ReadMetrics": "CloudWatch's metrics have no resource-level permissions",
    "SeeAndCarry": "descriptions of EC2 and Systems Manager have no resource-level permissions:"
    " names, tags, types and addresses of all instances, and nothing secret of the workshop's; nor"
    " have channels, of which one opens with the token of its session alone",
    "UseOwnBox": "EC2 gives instances their ids; aws:ResourceTag keeps it to the seat's own, and no"
    " seat can set or take a tag",
    "OwnBoxSessions": "as UseOwnBox",
    "SessionDocuments": "three documents, two of AWS's, of any account: theirs have none",
    "OwnSessions": "sessions have ids that AWS gives; its tag of who began each keeps it to one's"
    " own",
    "SendKeys": "as UseOwnBox, for the users of AWS's images",
    "BoxAgent": "ssmmessages has no resource-level permissions; AWS says from which instance it is"
    " called, and no other session of the role may",
    "BoxChannels": "the same",
    "ConsoleViews": "the console's lists have no resource-level permissions and show names, tags"
    " and states",
    "OwnRole": "a boundary allows nothing by itself, it only limits",
    "Logs": "a boundary allows nothing by itself, it only limits",
    "ServicesOfTheWorkshop": "a boundary allows nothing by itself, it only limits",
}
"""The reason by Sid; it names what makes the wildcard safe."""
