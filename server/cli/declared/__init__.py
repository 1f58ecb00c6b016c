"""Issuers as files: what they are to be like, and how the server is brought to it. Every kind comes from the protos."""
