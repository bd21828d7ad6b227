"""What the emulator's CloudFormation lacks: SageMaker's types, and behaviour put right."""
