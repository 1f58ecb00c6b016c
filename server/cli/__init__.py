"""The operator's command. Its client commands speak gRPC like any other client."""
