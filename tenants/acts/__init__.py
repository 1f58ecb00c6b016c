"""One thing a tenant does in one turn. Each act is a plain function of a turn: no clock, no dice, no await.

What is raised undoes what the turn wrote; a Refusal that is *returned* keeps it.
"""
