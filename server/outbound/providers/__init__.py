"""Identity providers: where users prove who they are."""
