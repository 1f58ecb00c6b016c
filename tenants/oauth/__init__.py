"""The rules: values in, values out. No clock, no dice, no store, no socket."""
