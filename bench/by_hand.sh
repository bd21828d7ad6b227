# The teardown that an organiser would write: bash by_hand.sh WORKSHOP FOLDER
# FOLDER holds the environment "bench"; see bench/teardown.py.
set -euo pipefail
export AWS_PAGER= CDK_DISABLE_CLI_TELEMETRY=true
start="$1-" folder="$2" at_once=$(getconf _NPROCESSORS_ONLN)

names() { # names QUERY COMMAND...: one a line
    local query="$1"
    shift
    aws "$@" --query "$query" --output text | tr '\t' '\n' | sed '/^None$/d;/^$/d'
}
each() { # each COMMAND...: once for every line of the input, which is its last argument
    xargs -r -P "$at_once" -I{} "$@" {}
}

# What costs money first.
for kind in training processing; do
    what=$([ $kind = training ] && echo Training || echo Processing)
    names "${what}JobSummaries[].${what}JobName" sagemaker list-$kind-jobs \
        --name-contains "$start" --status-equals InProgress |
        each aws sagemaker stop-$kind-job --$kind-job-name
done
names "Endpoints[].EndpointName" sagemaker list-endpoints --name-contains "$start" |
    each aws sagemaker delete-endpoint --endpoint-name
names "NotebookInstances[].NotebookInstanceName" sagemaker list-notebook-instances \
    --name-contains "$start" --status-equals InService |
    each aws sagemaker stop-notebook-instance --notebook-instance-name

# What attendees made.
names "EndpointConfigs[].EndpointConfigName" sagemaker list-endpoint-configs \
    --name-contains "$start" |
    each aws sagemaker delete-endpoint-config --endpoint-config-name
names "Models[].ModelName" sagemaker list-models --name-contains "$start" |
    each aws sagemaker delete-model --model-name
names "TrialComponentSummaries[?starts_with(TrialComponentName, '$start')].TrialComponentName" \
    sagemaker list-trial-components |
    each aws sagemaker delete-trial-component --trial-component-name
for kind in training processing; do
    what=$([ $kind = training ] && echo Training || echo Processing)
    names "${what}JobSummaries[].${what}JobName" sagemaker list-$kind-jobs \
        --name-contains "$start" |
        each aws sagemaker delete-$kind-job --$kind-job-name
    names "logStreams[].logStreamName" logs describe-log-streams \
        --log-group-name "/aws/sagemaker/${what}Jobs" --log-stream-name-prefix "$start" |
        each aws logs delete-log-stream --log-group-name "/aws/sagemaker/${what}Jobs" \
            --log-stream-name
done
names "logGroups[].logGroupName" logs describe-log-groups \
    --log-group-name-prefix "/aws/sagemaker/Endpoints/$start" |
    each aws logs delete-log-group --log-group-name

# What lies in buckets and repositories.
empty_bucket() {
    local page
    while page=$(aws s3api list-object-versions --bucket "$1" --max-items 1000 --output json \
        --query '{Quiet: `true`, Objects: [Versions, DeleteMarkers][][].{Key: Key, VersionId: VersionId}}') &&
        [[ $page == *'"Key"'* ]]; do
        aws s3api delete-objects --bucket "$1" --delete "$page"
    done
}
empty_repository() {
    local images
    images=$(aws ecr list-images --repository-name "$1" --query imageIds --output json)
    [[ $images != *'"imageDigest"'* ]] ||
        aws ecr batch-delete-image --repository-name "$1" --image-ids "$images" >&2
}
export -f empty_bucket empty_repository
names "Buckets[?starts_with(Name, '$start')].Name" s3api list-buckets |
    each bash -euc 'empty_bucket "$0"'
names "repositories[?starts_with(repositoryName, '$1/')].repositoryName" ecr describe-repositories |
    each bash -euc 'empty_repository "$0"'

cdk destroy --all --force --concurrency 32 --no-notices -c env=bench -c "config=$folder" -o "$folder/cdk.out"
