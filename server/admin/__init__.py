"""The admin side: gRPC for operators and their automation."""
