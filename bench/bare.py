"""The least that CDK itself can take: stacks with one empty resource each, and no checks."""

from __future__ import annotations

import sys

from aws_cdk import App, CfnResource, LegacyStackSynthesizer, Stack


def main() -> None:
    app = App(
        analytics_reporting=False, tree_metadata=False, builtin_cloud_formation_validation=False
    )
    for number in range(int(sys.argv[1])):
        stack = Stack(app, f"bare-{number}", synthesizer=LegacyStackSynthesizer())
        CfnResource(stack, "Nothing", type="AWS::CloudFormation::WaitConditionHandle")
    app.synth()


if __name__ == "__main__":
    main()
