"""The worker of amalgam: executes plans and evaluates models on request of the command line."""
